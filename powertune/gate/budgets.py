"""Budgets in the manner of k6: `p(95)<300ms`, `init.p(95)<800ms`, `cost{memory:512}<5usd/1M`."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from powertune.errors import UsageError
from powertune.figures import LARGEST, SMALLEST
from powertune.gate.gated_metrics import METRICS, OF_SAMPLES, GatedMetric
from powertune.gate.model import Level
from powertune.gate.rules import EVERYWHERE, BudgetScope, GateBudget
from powertune.model import Architecture
from powertune.units import MEMORY_MAX_MB, MEMORY_MIN_MB, did_you_mean, shown

CURRENCIES = ("usd", "cny")
TAGS = ("function", "arch", "memory", "level")
_EXAMPLES = 'for example "p(95)<300ms", "init.avg<800ms" or "cost<5usd/1M"'
#: A text is no longer than any budget: a file may hold anything.
_LONGEST = 500
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_PERCENTILE = re.compile(r"\(\s*(\d{1,3}(?:\.\d{1,6})?)\s*\)", re.ASCII)
_OPERATOR = re.compile(r"[<>=!]+")
_NUMBER = re.compile(r"\d{1,15}(?:\.\d{1,12})?(?![\d.])", re.ASCII)
_UNIT = re.compile(r"%|[A-Za-z]+(?:\s*/\s*[A-Za-z0-9]+)?", re.ASCII)
_SPACE = re.compile(r"\s*")


def parse_budget(text: str, level: Level = Level.ERROR, scope: BudgetScope = EVERYWHERE) -> GateBudget:
    """A budget; its own tags override level and scope.

    Raises:
        UsageError: it does not parse; the message says at which character.
    """
    if len(text) > _LONGEST:
        raise UsageError(f"budget {shown(text)} is too long", hint=_EXAMPLES)
    return _BudgetReader(text).budget(level, scope)


@dataclass(slots=True)
class _BudgetReader:
    """Reads a budget from left to right; `at` is the next character."""

    text: str
    at: int = 0

    def budget(self, level: Level, scope: BudgetScope) -> GateBudget:
        metric, aggregation, quantile = self._subject()
        tags = self._tags()
        strict = self._operator()
        at = self.at
        limit, unit = self._limit(metric)
        if strict and not limit:
            raise self._error("a limit above 0", at, "nothing is less than 0: write <=")
        self._skip()
        if self.at < len(self.text):
            raise self._error("nothing more")
        return GateBudget(
            text=self.text.strip(),
            metric=metric.name,
            aggregation=aggregation,
            quantile=quantile,
            limit=limit,
            strict=strict,
            level=tags.pop("level", level),
            scope=replace(scope, **tags),
            **unit,
        )

    def _subject(self) -> tuple[GatedMetric, str, float | None]:
        """The metric and what is taken of it. An aggregation alone is of the duration."""
        start, word = self.at, self._word("a metric, such as p(95) or cost")
        if word in OF_SAMPLES:
            return METRICS["duration"], word, self._quantile(word)
        if word not in METRICS:
            raise self._error("a metric", start, self._meant(word, (*METRICS, *OF_SAMPLES)))
        metric = METRICS[word]
        if not metric.aggregations:
            if self._take("."):
                raise self._error(f"no '.': {word} is a single figure", self.at - 1, f'write "{word}<..."')
            return metric, "", None
        if not self._take("."):
            raise self._error(f"'.' and one of {', '.join(metric.aggregations)}", hint=f'write "{word}.p(95)<..."')
        start, aggregation = self.at, self._word(f"one of {', '.join(metric.aggregations)}")
        if aggregation not in metric.aggregations:
            raise self._error("an aggregation", start, self._meant(aggregation, metric.aggregations))
        return metric, aggregation, self._quantile(aggregation)

    @staticmethod
    def _meant(word: str, choices: Sequence[str]) -> str:
        """What somebody meant by a word that is none of the choices."""
        percentile = re.fullmatch(r"p(\d{1,3})", word, re.ASCII)
        return f'write "p({percentile[1]})"' if percentile else did_you_mean(word, choices)

    def _quantile(self, aggregation: str) -> float | None:
        if aggregation == "med":
            return 0.5
        if aggregation != "p":
            return None
        match = self._match(_PERCENTILE, "a percentile such as (95)")
        percent = Decimal(match[1])
        if not 0 < percent < 100:
            raise self._error("a percentile between 0 and 100", match.start(1), 'write "max<..." for the largest one')
        return float(percent / 100)

    def _tags(self) -> dict[str, Any]:
        """What is in braces, if there are any: `{function:orders-*,arch:arm64}`."""
        tags: dict[str, Any] = {}
        if not self._take("{"):
            return tags
        while True:
            start, name = self.at, self._word(f"one of {', '.join(TAGS)}")
            if name not in TAGS:
                raise self._error("a tag", start, did_you_mean(name, TAGS))
            if not self._take(":"):
                raise self._error("':'")
            self._skip()
            start = self.at
            while self.at < len(self.text) and self.text[self.at] not in ",}":
                self.at += 1
            if (
                name in tags
                or (name == "arch" and "architecture" in tags)
                or (name == "memory" and "memory_mb" in tags)
            ):
                raise self._error(f"{name} only once", start)
            tags.update(self._tag(name, self.text[start : self.at].strip(), start))
            if self._take("}"):
                return tags
            if not self._take(","):
                raise self._error("',' or '}'")

    def _tag(self, name: str, value: str, start: int) -> Mapping[str, Any]:
        if not value:
            raise self._error(f"a value for {name}", start)
        match name:
            case "function":
                return {"function": value}
            case "arch":
                if value not in tuple(map(str, Architecture)):
                    raise self._error("an architecture", start, did_you_mean(value, tuple(map(str, Architecture))))
                return {"architecture": Architecture(value)}
            case "memory":
                digits = value.removesuffix("MB").removesuffix("mb").strip()
                known = digits.isascii() and digits.isdigit() and len(digits) < 6
                if not known or not MEMORY_MIN_MB <= int(digits) <= MEMORY_MAX_MB:
                    raise self._error(f"a memory size from {MEMORY_MIN_MB} to {MEMORY_MAX_MB} MB", start)
                return {"memory_mb": int(digits)}
            case _:
                if value not in tuple(map(str, Level)):
                    raise self._error("a level", start, did_you_mean(value, tuple(map(str, Level))))
                return {"level": Level(value)}

    def _operator(self) -> bool:
        """Whether the limit itself is too much."""
        self._skip()
        match = _OPERATOR.match(self.text, self.at)
        if match is None or match[0] not in ("<", "<="):
            raise self._error("'<' or '<='", hint="a budget is an upper limit: write < or <=")
        self.at = match.end()
        return match[0] == "<"

    def _limit(self, metric: GatedMetric) -> tuple[float, dict[str, Any]]:
        """The limit in the unit of the metric, and what there is to say of its unit."""
        self._skip()
        start = self.at
        number = float(self._match(_NUMBER, "a number without a sign, such as 300 or 0.5")[0])
        unit_at = self.at + len(_SPACE.match(self.text, self.at)[0])  # type: ignore[index]
        match = _UNIT.match(self.text, unit_at)
        units = _units(metric)
        if match is None:
            example = f"{self.text[:unit_at].strip()}{units.partition(',')[0]}"
            raise self._error(f"a unit: {units}", unit_at, f'write "{example}"')
        self.at = match.end()
        unit = re.sub(r"\s", "", match[0])
        factor, more = self._factor(metric, unit, unit_at)
        limit = number * factor
        if limit and not SMALLEST <= limit <= LARGEST:
            raise self._error(f"a limit from {SMALLEST:g} to {LARGEST:g}", start)
        if limit > 100 and (more.get("of_memory_size") or metric.name == "errors"):
            raise self._error("at most 100 %", start)
        return limit, more

    def _factor(self, metric: GatedMetric, unit: str, at: int) -> tuple[float, dict[str, Any]]:
        lower = unit.lower()
        for known, factor in metric.units.items():
            if lower == known.lower():
                return factor, {}
        if metric.name == "cost":
            currency, _, of = lower.partition("/")
            if currency in CURRENCIES and of == "1m":
                return 1.0, {"currency": currency.upper()}
        if metric.name == "max_memory" and unit == "%":
            return 1.0, {"of_memory_size": True}
        raise self._error(f"a unit of {metric.name}: {_units(metric)}", at)

    def _word(self, expected: str) -> str:
        return self._match(_WORD, expected)[0]

    def _match(self, pattern: re.Pattern[str], expected: str) -> re.Match[str]:
        self._skip()
        match = pattern.match(self.text, self.at)
        if match is None:
            raise self._error(expected)
        self.at = match.end()
        return match

    def _take(self, char: str) -> bool:
        self._skip()
        if not self.text.startswith(char, self.at):
            return False
        self.at += 1
        return True

    def _skip(self) -> None:
        match = _SPACE.match(self.text, self.at)
        assert match is not None
        self.at = match.end()

    def _error(self, expected: str, at: int | None = None, hint: str = _EXAMPLES) -> UsageError:
        position = (self.at if at is None else at) + 1
        return UsageError(f"budget {shown(self.text)}: expected {expected} at character {position}", hint=hint)


def _units(metric: GatedMetric) -> str:
    """The units that a budget on a metric may use."""
    names = [*metric.units]
    if metric.name == "cost":
        names = [f"{currency}/1M" for currency in CURRENCIES]
    if metric.name == "max_memory":
        names = ["%", *names]
    return ", ".join(names)
