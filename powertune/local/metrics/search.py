"""SEARCH: which metrics a search expression means.

The grammar and the tokens follow the User Guide, "CloudWatch search expression syntax". A metric schema without
dimensions means metrics without dimensions, as in its examples.

Not here: `:aws.AccountId`, which only works in monitoring accounts.
"""

import re
from collections.abc import Callable
from functools import lru_cache

from powertune.local.metrics.model import MetricKey

Predicate = Callable[[MetricKey], bool]
Texts = Callable[[MetricKey], tuple[str, ...]]
MOST_CHARACTERS = 1024

_DEEPEST = 50
_LEXEME = re.compile(r'\s*(?:(?P<exact>"(?:\\.|[^"\\])*")|(?P<sign>[{}(),=])|(?P<bare>[^\s"{}(),=]+))')
_ESCAPED = re.compile(r"\\(.)")
_WORDS = re.compile(r"[A-Za-z0-9]+")
_TOKENS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_OPERATORS = frozenset({"AND", "OR", "NOT"})


class BadSearch(Exception):
    """The text is no search expression."""


def parse(text: str) -> Predicate:
    """Whether a metric is found, as a function of the metric.

    Raises:
        BadSearch: the text is not in the language.
    """
    if len(text) > MOST_CHARACTERS:
        raise BadSearch(text)
    return _Parser(text).parse()


class _Parser:
    """Recursive descent: one method per rule. A lexeme is its text and whether it was in double quotes."""

    def __init__(self, text: str) -> None:
        self._rest = _lexemes(text)
        self._rest.reverse()
        self._depth = 0

    def parse(self) -> Predicate:
        if not self._rest:
            raise BadSearch
        schema = self._schema() if self._take("{") else None
        if schema is not None:
            self._take(",")
        term = self._any(_all_texts) if self._rest else None
        if self._rest:
            raise BadSearch
        return _both([found for found in (schema, term) if found is not None])

    def _schema(self) -> Predicate:
        namespace, names = self._text(), set()
        while self._take(","):
            names.add(self._text())
        self._expect("}")
        return lambda key: key.namespace == namespace and key.dimension_names == names

    def _any(self, texts: Texts) -> Predicate:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise BadSearch
        options = [self._all(texts)]
        while self._take("OR"):
            options.append(self._all(texts))
        self._depth -= 1
        return options[0] if len(options) == 1 else lambda key: any(option(key) for option in options)

    def _all(self, texts: Texts) -> Predicate:
        parts = [self._not(texts)]
        while self._rest and not self._next_is(")", "OR"):
            self._take("AND")
            parts.append(self._not(texts))
        return _both(parts)

    def _not(self, texts: Texts) -> Predicate:
        negated = False
        while self._take("NOT"):
            negated = not negated
        found = self._primary(texts)
        return (lambda key: not found(key)) if negated else found

    def _primary(self, texts: Texts) -> Predicate:
        if self._take("("):
            found = self._any(texts)
            self._expect(")")
            return found
        if not self._rest or self._next_is(*_OPERATORS):
            raise BadSearch
        exact = self._rest[-1][1]
        text = self._text()
        if texts is _all_texts and self._take("="):
            return self._value(_property(text))
        return _match(text, exact, texts)

    def _value(self, texts: Texts) -> Predicate:
        if self._next_is("("):
            return self._primary(texts)
        exact = bool(self._rest) and self._rest[-1][1]
        return _match(self._text(), exact, texts)

    def _text(self) -> str:
        if not self._rest or self._next_is(*"{}(),="):
            raise BadSearch
        return self._rest.pop()[0]

    def _next_is(self, *signs: str) -> bool:
        return bool(self._rest) and not self._rest[-1][1] and self._rest[-1][0] in signs

    def _take(self, sign: str) -> bool:
        if taken := self._next_is(sign):
            self._rest.pop()
        return taken

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            raise BadSearch


def _lexemes(text: str) -> list[tuple[str, bool]]:
    found, place = [], 0
    while text[place:].strip():
        match = _LEXEME.match(text, place)
        if match is None:
            raise BadSearch
        exact = match["exact"]
        found.append((_ESCAPED.sub(r"\1", exact[1:-1]), True) if exact else (match["sign"] or match["bare"], False))
        place = match.end()
    return found


def _both(parts: list[Predicate]) -> Predicate:
    return parts[0] if len(parts) == 1 else lambda key: all(part(key) for part in parts)


def _all_texts(key: MetricKey) -> tuple[str, ...]:
    return (key.namespace, key.name, *(text for dimension in key.dimensions for text in dimension))


def _property(name: str) -> Texts:
    if name == "MetricName":
        return lambda key: (key.name,)
    if name == "Namespace":
        return lambda key: (key.namespace,)
    return lambda key: tuple(value for dimension, value in key.dimensions if dimension == name)


def _match(term: str, exact: bool, texts: Texts) -> Predicate:
    if exact:
        return lambda key: term in texts(key)
    wanted = tokens(term)
    if not wanted:
        raise BadSearch
    return lambda key: any(_holds(text, term, wanted) for text in texts(key))


def _holds(text: str, term: str, wanted: "tuple[Token, ...]") -> bool:
    if whole(text) == whole(term):
        return True
    found = tokens(text)
    return any(
        all(_same(want, has) for want, has in zip(wanted, found[start:], strict=False))
        for start in range(len(found) - len(wanted) + 1)
    )


Token = tuple[str, bool]
"""A part of a name, and whether it is a word of its own, between characters other than letters and digits."""


@lru_cache(maxsize=1 << 16)
def tokens(text: str) -> tuple[Token, ...]:
    """The parts of a name: `Project2-trial333` has Project, 2, trial, 333."""
    parts = [_TOKENS.findall(word) for word in _WORDS.findall(text)]
    return tuple((token, len(part) == 1) for part in parts for token in part)


@lru_cache(maxsize=1 << 16)
def whole(text: str) -> str:
    """The token that stands for all of a name: `project2trial333`."""
    return "".join(_WORDS.findall(text)).lower()


def _same(wanted: Token, found: Token) -> bool:
    """Words match in any case; parts of words that a change of case or a digit tells apart, in their own only."""
    return wanted[0] == found[0] or (wanted[1] and wanted[0].lower() == found[0].lower())
