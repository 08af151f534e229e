"""The expressions of Logs Insights: words to calls of functions and operators, by precedence."""

import re
from collections.abc import Callable
from typing import TypeVar

from powertune.local.logs.insights_commands import Call, Expression, Field, Literal, Regex
from powertune.local.logs.insights_reader import Reader

_Item = TypeVar("_Item")

AGGREGATES = frozenset({
    "count", "count_distinct", "sum", "avg", "min", "max", "pct", "percentile", "median", "stddev", "earliest",
    "latest",
})  # fmt: skip
#: Functions, and how many arguments they take.
FUNCTIONS: dict[str, tuple[int, int]] = {
    "abs": (1, 1), "ceil": (1, 1), "floor": (1, 1), "greatest": (1, 99), "least": (1, 99), "log": (1, 1),
    "sqrt": (1, 1), "ispresent": (1, 1), "coalesce": (1, 99), "isempty": (1, 1), "isblank": (1, 1),
    "concat": (1, 99), "ltrim": (1, 2), "rtrim": (1, 2), "trim": (1, 2), "strlen": (1, 1), "toupper": (1, 1),
    "tolower": (1, 1), "substr": (2, 3), "replace": (3, 3), "strcontains": (2, 2), "tonumber": (1, 1),
    "if": (3, 3), "datefloor": (2, 2), "dateceil": (2, 2), "bin": (1, 1), "frommillis": (1, 1), "tomillis": (1, 1),
    "now": (0, 0), "toint": (1, 1),
}  # fmt: skip
_AGGREGATE_ARGUMENTS = {"pct": (2, 2), "percentile": (2, 2), "count": (0, 1)}
_MS = {"ms": 1, "msec": 1, "s": 1000, "sec": 1000, "m": 60_000, "min": 60_000, "h": 3_600_000, "hr": 3_600_000,
       "d": 86_400_000, "w": 604_800_000}  # fmt: skip
#: Python's stack is short.
_DEPTH = 30


def listed(reader: Reader, item: Callable[[Reader], _Item]) -> tuple[_Item, ...]:
    """One or more, with commas between them."""
    items = [item(reader)]
    while reader.took(","):
        items.append(item(reader))
    return tuple(items)


class Expressions:
    """Expressions, by precedence: `or`, `and`, `not`, comparisons, `+ -`, `* / %`, `^`, signs."""

    def __init__(self, reader: Reader, *, aggregated: bool) -> None:
        self._reader, self._aggregated = reader, aggregated
        self._depth = 0

    def read(self) -> Expression:
        """Go past an expression.

        Raises:
            MalformedQueryError: something else is next.
        """
        self._depth += 1
        if self._depth > _DEPTH:
            raise self._reader.malformed("the expression is nested too deeply")
        left = self._and()
        while self._reader.took_word("or"):
            left = Call("or", (left, self._and()))
        self._depth -= 1
        return left

    def _and(self) -> Expression:
        left = self._not()
        while self._reader.took_word("and"):
            left = Call("and", (left, self._not()))
        return left

    def _not(self) -> Expression:
        negations = 0
        while self._reader.took_word("not"):
            negations += 1
        found = self._comparison()
        return Call("not", (found,)) if negations % 2 else found

    def _comparison(self) -> Expression:
        left = self._sum()
        reader = self._reader
        negated = reader.took_word("not")
        if reader.took_word("like") or (not negated and reader.took("=~")):
            found: Expression = Call("like", (left, self._like()))
        elif reader.took_word("in"):
            found = Call("in", (left, *self._choices()))
        elif negated:
            raise reader.unexpected()
        elif reader.kind == "sign" and reader.text in ("=", "!=", "<", "<=", ">", ">="):
            return Call(reader.take(), (left, self._sum()))
        else:
            return left
        return Call("not", (found,)) if negated else found

    def _like(self) -> Expression:
        pattern = self._reader.regex()
        return Literal(self._reader.string()) if pattern is None else Regex(pattern)

    def _choices(self) -> tuple[Expression, ...]:
        self._reader.expect("[")
        choices = listed(self._reader, lambda _: self._sum())
        self._reader.expect("]")
        return choices

    def _sum(self) -> Expression:
        return self._chain(("+", "-"), lambda: self._chain(("*", "/", "%"), self._power))

    def _chain(self, signs: tuple[str, ...], operand: Callable[[], Expression]) -> Expression:
        left = operand()
        while self._reader.kind == "sign" and self._reader.text in signs:
            left = Call(self._reader.take(), (left, operand()))
        return left

    def _power(self) -> Expression:
        powers = [self._primary()]
        while self._reader.took("^"):
            powers.append(self._primary())
        result = powers.pop()
        while powers:
            result = Call("^", (powers.pop(), result))
        return result

    def _primary(self) -> Expression:
        reader = self._reader
        if reader.took("("):
            found = self.read()
            reader.expect(")")
            return found
        if reader.took("-"):
            return Call("-", (Literal(0), self._operand()))
        return self._operand()

    def _operand(self) -> Expression:
        reader = self._reader
        if reader.kind == "number":
            return Literal(_number(reader.take()))
        if reader.kind == "string":
            return Literal(reader.string())
        if reader.kind == "quoted":
            return Field(reader.take())
        if reader.kind != "name" or reader.text.lower() in ("and", "or", "not", "as", "by", "like", "in"):
            raise reader.unexpected()
        at, name = reader.at, reader.take()
        return self._call(name, at) if reader.took("(") else Field(name)

    def _call(self, name: str, at: int) -> Expression:
        lower = name.lower()
        aggregate = lower in AGGREGATES
        if lower not in FUNCTIONS and not aggregate:
            raise self._reader.malformed(f"unknown function {name}", at)
        if aggregate and not self._aggregated:
            raise self._reader.malformed(f"the function {name} can be used only in stats", at)
        arguments = self._arguments(lower)
        least, most = _AGGREGATE_ARGUMENTS.get(lower, (1, 1)) if aggregate else FUNCTIONS[lower]
        if not least <= len(arguments) <= most:
            raise self._reader.malformed(f"wrong number of arguments of the function {name}", at)
        if lower in ("bin", "datefloor", "dateceil") and not isinstance(arguments[-1], Literal):
            raise self._reader.malformed(f"the function {name} needs a period such as 5m", at)
        if lower in ("pct", "percentile") and not _is_percentage(arguments[1]):
            raise self._reader.malformed(f"the function {name} needs a percentage such as 95", at)
        return Call(lower, arguments)

    def _arguments(self, function: str) -> tuple[Expression, ...]:
        reader = self._reader
        if function == "count" and reader.took("*"):
            reader.expect(")")
            return ()
        if reader.took(")"):
            return ()
        inside = Expressions(reader, aggregated=self._aggregated and function not in AGGREGATES)
        inside._depth = self._depth
        arguments = listed(reader, lambda _: inside._argument(function))
        reader.expect(")")
        return arguments

    def _argument(self, function: str) -> Expression:
        if function in ("bin", "datefloor", "dateceil") and self._reader.kind == "period":
            return Literal(_period(self._reader))
        return self.read()


def _is_percentage(expression: Expression) -> bool:
    value = expression.value if isinstance(expression, Literal) else None
    return isinstance(value, int | float) and 0 <= value <= 100


def _number(word: str) -> float | int:
    return int(word) if word.isdigit() and len(word) < 300 else float(word)


def _period(reader: Reader) -> int:
    match = re.fullmatch(r"(\d+)([a-z]+)", reader.text)
    if match is None or not 0 < len(match[1]) < 10 or not int(match[1]):
        raise reader.unexpected()
    reader.take()
    return int(match[1]) * _MS[match[2]]
