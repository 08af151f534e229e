"""Filter patterns for space-delimited events: `[ip, user, ..., status=4*, bytes > 1000]`."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from powertune.local.logs.pattern_grammar import INVALID, MOST_REGEXES, OPERATORS, Predicate, Tokens, conditions
from powertune.local.logs.pattern_values import BadPatternError, comparison

_FIELD = re.compile(r'\[(?P<brackets>[^\]]*)\]|"(?P<quotes>[^"]*)"|(?P<bare>\S+)')
_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"|%[^%]*%|[^,]|,', re.DOTALL)
_NAME = re.compile(r"[A-Za-z0-9_\-]+")
_ELLIPSIS = ("...", "…")


@dataclass(frozen=True, slots=True)
class FieldsPattern:
    """The names of fields; `gap` is where the ellipsis stands for any number of them."""

    names: tuple[str, ...]
    gap: int | None
    holds: Predicate[Mapping[str, str]]

    def __call__(self, message: str) -> bool:
        """Whether an event has these fields, and the conditions hold."""
        return self.extract(message) is not None

    def extract(self, message: str) -> dict[str, str] | None:
        """The fields of an event by name, or by position if they have none; None if it does not match."""
        values = [match[match.lastgroup or 0] for match in _FIELD.finditer(message)]
        missing = len(values) - len(self.names)
        if missing < 0 or (missing and self.gap is None):
            return None
        gap = len(self.names) if self.gap is None else self.gap
        names = (*self.names[:gap], *("" for _ in range(missing)), *self.names[gap:])
        found = {name or str(at): value for at, (name, value) in enumerate(zip(names, values, strict=True), start=1)}
        return found if self.holds(found) else None


def fields_pattern(pattern: str) -> FieldsPattern:
    """The pattern between square brackets.

    Raises:
        BadPatternError: it is none.
    """
    names: list[str] = []
    parts: list[Predicate[Mapping[str, str]]] = []
    gap = None
    regexes = 0
    for text in _split(pattern.strip()[1:-1]):
        if text not in _ELLIPSIS:
            slot = _slot(text)
            names.append(slot.name)
            regexes += slot.regexes
            if slot.holds is not None:
                parts.append(slot.holds)
        elif gap is None:
            gap = len(names)
        else:
            raise BadPatternError(INVALID)
    named = [name for name in names if name]
    if regexes > MOST_REGEXES or len(set(named)) < len(named):
        raise BadPatternError(INVALID)
    return FieldsPattern(tuple(names), gap, lambda found: all(part(found) for part in parts))


@dataclass(frozen=True, slots=True)
class _Slot:
    name: str
    holds: Predicate[Mapping[str, str]] | None
    regexes: int


def _slot(text: str) -> _Slot:
    """What stands between two commas: nothing, a name, or conditions on one."""
    tokens = Tokens(text)
    name = _name(tokens)
    if text == name:
        return _Slot(name, None, 0)
    tokens = Tokens(text)
    holds: Predicate[Mapping[str, str]] = conditions(tokens, lambda each: _condition(each, name))
    if tokens.kind:
        raise BadPatternError(INVALID)
    return _Slot(name, holds, tokens.regexes)


def _split(text: str) -> list[str]:
    """The parts between commas that are not in quotes or a regular expression."""
    parts = [""]
    for piece in _PIECE.findall(text):
        if piece == ",":
            parts.append("")
        else:
            parts[-1] += piece
    return [part.strip() for part in parts]


def _name(tokens: Tokens) -> str:
    while tokens.took("("):
        continue
    name = tokens.text if tokens.kind == "word" else ""
    if name and not _NAME.fullmatch(name):
        raise BadPatternError(INVALID)
    return name


def _condition(tokens: Tokens, name: str) -> Predicate[Mapping[str, str]]:
    if tokens.take() != name:
        raise BadPatternError(INVALID)
    operator = tokens.take()
    if operator not in OPERATORS:
        raise BadPatternError(INVALID)
    holds: Callable[[str], bool] = comparison(operator.replace("=!", "!="), tokens.value())
    return lambda found: holds(found[name])
