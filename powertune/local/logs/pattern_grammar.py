"""The conditions in JSON and space-delimited filter patterns: comparisons with `&&`, `||` and parentheses."""

import re
from collections.abc import Callable
from typing import TypeVar

from powertune.local.logs.pattern_values import BadPatternError, Value

_Subject = TypeVar("_Subject")
Predicate = Callable[[_Subject], bool]

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<selector>\$(?:\[\d+\]|\[\*\])*(?:\.(?:\*|[A-Za-z0-9_\-]+|\["[^"]*"\]|\['[^']*'\])(?:\[\d+\]|\[\*\])*)+)
      | (?P<string>"(?:[^"\\]|\\.)*")
      | (?P<regex>%[^%]*%)
      | (?P<sign>&&|\|\||<=|>=|!=|=!|[=<>(),])
      | (?P<word>[A-Za-z0-9_.*+\-:/@]+)
    )""",
    re.VERBOSE,
)
OPERATORS = ("=", "!=", "=!", "<", "<=", ">", ">=")
INVALID = "Invalid filter pattern"
MOST_REGEXES = 2
#: Python's stack is short, and no pattern of 1,024 characters needs more.
_DEPTH = 40


class Tokens:
    """The tokens of a pattern, one after the other."""

    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        at, text = 0, text.rstrip()
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None or match.lastgroup is None:
                raise BadPatternError(INVALID)
            self._tokens.append((match.lastgroup, match[match.lastgroup]))
            at = match.end()
        self._at = 0
        self.regexes = 0

    @property
    def kind(self) -> str:
        """The kind of the next token; empty at the end."""
        return self._tokens[self._at][0] if self._at < len(self._tokens) else ""

    @property
    def text(self) -> str:
        """The text of the next token; empty at the end."""
        return self._tokens[self._at][1] if self._at < len(self._tokens) else ""

    def take(self) -> str:
        """Go past a token, and return its text."""
        text = self.text
        self._at += 1
        return text

    def took(self, *texts: str) -> bool:
        """Go past the next token if it is one of these signs or words."""
        found = self.kind in ("sign", "word") and self.text in texts
        self._at += found
        return found

    def expect(self, *texts: str) -> None:
        """Go past one of these.

        Raises:
            BadPatternError: something else is next.
        """
        if not self.took(*texts):
            raise BadPatternError(INVALID)

    def value(self) -> Value:
        """Go past a value.

        Raises:
            BadPatternError: something else is next, or it is the third regular expression.
        """
        kind, text = self.kind, self.take()
        if kind == "string":
            return Value(unquote(text), quoted=True)
        if kind == "regex":
            self.regexes += 1
            if self.regexes > MOST_REGEXES:
                raise BadPatternError(f"A filter pattern can have at most {MOST_REGEXES} regular expressions")
            return Value(text[1:-1], regex=True)
        if kind != "word":
            raise BadPatternError(INVALID)
        return Value(text)


def unquote(text: str) -> str:
    """What stands between two double quotes."""
    return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)


def conditions(tokens: Tokens, leaf: Callable[[Tokens], Predicate[_Subject]], depth: int = 0) -> Predicate[_Subject]:
    """Comparisons joined by `||`, which binds less than `&&`.

    Raises:
        BadPatternError: the tokens are no condition.
    """
    if depth > _DEPTH:
        raise BadPatternError(INVALID)
    parts = [_all(tokens, leaf, depth)]
    while tokens.took("||"):
        parts.append(_all(tokens, leaf, depth))
    return parts[0] if len(parts) == 1 else lambda subject: any(part(subject) for part in parts)


def _all(tokens: Tokens, leaf: Callable[[Tokens], Predicate[_Subject]], depth: int) -> Predicate[_Subject]:
    parts = [_one(tokens, leaf, depth)]
    while tokens.took("&&"):
        parts.append(_one(tokens, leaf, depth))
    return parts[0] if len(parts) == 1 else lambda subject: all(part(subject) for part in parts)


def _one(tokens: Tokens, leaf: Callable[[Tokens], Predicate[_Subject]], depth: int) -> Predicate[_Subject]:
    if not tokens.took("("):
        return leaf(tokens)
    inside = conditions(tokens, leaf, depth + 1)
    tokens.expect(")")
    return inside
