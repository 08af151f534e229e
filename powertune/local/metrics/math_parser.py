"""Metric math as text, parsed into a tree.

From loose to tight: OR, AND, comparisons, + and -, * and /, unary -, ^. Words in capitals that no parenthesis follows
(AVG in a SORT, REPEAT in a FILL) are names like the Ids of queries, which begin with a small letter.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_DEEPEST = 50
_LEXEME = re.compile(
    r"""\s*(?:(?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)(?![A-Za-z_0-9])"""
    r"""|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"""
    r"""|(?P<text>'[^']*'|"[^"]*")"""
    r"""|(?P<sign>==|!=|<=|>=|&&|\|\||[-+*/^<>()\[\],]))""",
    re.ASCII,
)
_LEVELS = {
    "OR": 1, "AND": 2, "==": 3, "!=": 3, "<": 3, "<=": 3, ">": 3, ">=": 3, "+": 4, "-": 4, "*": 5, "/": 5, "^": 7,
}  # fmt: skip
_UNARY = 6
_SYNONYMS = {"||": "OR", "&&": "AND"}


class BadExpression(Exception):
    """An expression that CloudWatch would not take; the message is what it says."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number."""

    value: float


@dataclass(frozen=True, slots=True)
class Text:
    """A text in quotes."""

    value: str


@dataclass(frozen=True, slots=True)
class Name:
    """The Id of a query, or a word that a function understands."""

    value: str


@dataclass(frozen=True, slots=True)
class ListOf:
    """An array."""

    items: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Call:
    """A function and its arguments."""

    function: str
    arguments: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Negative:
    """Unary minus."""

    value: "Node"


@dataclass(frozen=True, slots=True)
class Binary:
    """An operator between two values."""

    operator: str
    left: "Node"
    right: "Node"


Node = Number | Text | Name | ListOf | Call | Negative | Binary


def parse(text: str) -> Node:
    """The tree of an expression.

    Raises:
        BadExpression: the text is not in the language.
    """
    return _Parser(text).parse()


def names(node: Node) -> Iterator[str]:
    """Every Id that a tree refers to."""
    waiting: list[Node] = [node]
    while waiting:
        match waiting.pop():
            case Name(value) if value[0].islower():
                yield value
            case ListOf(items) | Call(_, items):
                waiting.extend(items)
            case Negative(value):
                waiting.append(value)
            case Binary(_, left, right):
                waiting += [left, right]


class _Parser:
    """Precedence climbing. A lexeme is its kind and its text."""

    def __init__(self, text: str) -> None:
        self._rest = _lexemes(text)
        self._rest.reverse()
        self._depth = 0

    def parse(self) -> Node:
        tree = self._expression(1)
        if self._rest:
            raise BadExpression("Invalid syntax")
        return tree

    def _expression(self, level: int) -> Node:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise BadExpression("Invalid syntax")
        left = self._operand()
        while (operator := self._operator()) is not None and _LEVELS[operator] >= level:
            self._rest.pop()
            # Only ^ groups from the right.
            left = Binary(operator, left, self._expression(_LEVELS[operator] + (operator != "^")))
        self._depth -= 1
        return left

    def _operand(self) -> Node:
        kind, text = self._rest.pop() if self._rest else ("", "")
        match kind, text:
            case "number", _:
                return Number(float(text))
            case "text", _:
                return Text(text[1:-1])
            case "name", _ if text not in ("AND", "OR"):
                return Call(text, self._list(")")) if self._take("(") else Name(text)
            case "sign", "-":
                return Negative(self._expression(_UNARY))
            case "sign", "(":
                inner = self._expression(1)
                if not self._take(")"):
                    raise BadExpression("Invalid syntax")
                return inner
            case "sign", "[":
                return ListOf(self._list("]"))
        raise BadExpression("Invalid syntax")

    def _list(self, end: str) -> tuple[Node, ...]:
        if self._take(end):
            return ()
        items = [self._expression(1)]
        while self._take(","):
            items.append(self._expression(1))
        if not self._take(end):
            raise BadExpression("Invalid syntax")
        return tuple(items)

    def _operator(self) -> str | None:
        if not self._rest:
            return None
        kind, text = self._rest[-1]
        operator = _SYNONYMS.get(text, text)
        return operator if kind in ("sign", "name") and operator in _LEVELS else None

    def _take(self, sign: str) -> bool:
        if taken := bool(self._rest) and self._rest[-1] == ("sign", sign):
            self._rest.pop()
        return taken


def _lexemes(text: str) -> list[tuple[str, str]]:
    found, place = [], 0
    while text[place:].strip():
        match = _LEXEME.match(text, place)
        if match is None or match.lastgroup is None:
            raise BadExpression("Invalid syntax")
        found.append((match.lastgroup, match[match.lastgroup]))
        place = match.end()
    return found
