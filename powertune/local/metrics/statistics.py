"""CloudWatch's statistics: their names, and their values for the samples of a period.

Percentiles are nearest ranks: of n values, pX is the one at rank ceil(X n / 100). The User Guide calls p99 "the
maximum value of the remaining 99%" ("Percentiles versus trimmed mean"). Trimming removes whole values, rounded so
that less is trimmed: the greatest value in tm99 is p99. CloudWatch's own figures may differ a little.
"""

import itertools
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from powertune.local.metrics.store import Columns

Floats = NDArray[np.float64]

_NUMBER = r"\d+(?:\.\d{1,10})?"
_SHORT = re.compile(rf"(?P<kind>p|tm|wm|tc|ts)(?P<high>{_NUMBER})", re.ASCII)
_RANGE = re.compile(
    rf"(?P<kind>TM|WM|TC|TS|PR)\((?P<low>-?{_NUMBER}%?)?:(?P<high>-?{_NUMBER}%?)?\)", re.ASCII
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """Samples cut into periods. Group i begins at `times[i]` and holds the samples from `firsts[i]` on."""

    columns: Columns
    times: NDArray[np.int64]
    firsts: NDArray[np.intp]

    @classmethod
    def cut(cls, columns: Columns, start: int, period: int) -> "Groups":
        """Periods of `period` seconds from `start` on, without those that have no samples."""
        number = (columns.at - start) // period
        firsts = np.flatnonzero(np.diff(number, prepend=-1))
        return cls(columns=columns, times=start + number[firsts] * period, firsts=firsts)

    def have_percentiles(self) -> NDArray[np.bool_]:
        """Whether each group has what CloudWatch takes percentiles of: single values, none of them negative."""
        columns = self.columns
        return np.logical_and.reduceat((columns.low == columns.high) & (columns.low >= 0), self.firsts)

    def distributions(self) -> "list[Distribution | None]":
        """The values of each group, None where it has no percentiles."""
        columns, edges = self.columns, [*self.firsts.tolist(), len(self.columns.at)]
        return [
            Distribution.of(columns.low[start:end], columns.count[start:end]) if has else None
            for has, (start, end) in zip(self.have_percentiles(), itertools.pairwise(edges), strict=True)
        ]


@dataclass(frozen=True, slots=True)
class Distribution:
    """Ascending values, and for each how many values there are up to and including it."""

    values: Floats
    ranks: Floats

    @classmethod
    def of(cls, values: Floats, counts: Floats) -> "Distribution":
        """From values in any order."""
        order = np.argsort(values, kind="stable")
        return cls(values[order], np.cumsum(counts[order]))

    @property
    def total(self) -> float:
        """How many values there are."""
        return float(self.ranks[-1])

    def at(self, rank: float) -> float:
        """The value at a rank, from 1 on."""
        place = int(np.searchsorted(self.ranks, rank))
        return float(self.values[min(place, len(self.values) - 1)])

    def between(self, bounds: "Bounds") -> Floats:
        """How many values there are of each, counted only within bounds."""
        low, high = bounds.ranks(self)
        return np.diff(np.clip(self.ranks, low, high), prepend=low)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """A part of a distribution: above `low`, up to and including `high`; percentages, or values of the metric."""

    low: Fraction | None
    high: Fraction | None
    percent: bool

    def ranks(self, values: Distribution) -> tuple[float, float]:
        """The ranks after the first and up to the second are within bounds."""
        if self.percent:
            exact = Fraction(values.total)
            low = math.floor((self.low or 0) * exact / 100)
            high = values.total if self.high is None else min(math.ceil(self.high * exact / 100), values.total)
            return float(low), float(high)
        ends = (self._rank(values, self.low, 0.0), self._rank(values, self.high, values.total))
        return ends[0], max(ends)

    def edges(self, values: Distribution) -> tuple[float, float]:
        """The values at the bounds, which the winsorized mean takes in place of those beyond."""
        if not self.percent:
            return (
                -math.inf if self.low is None else float(self.low),
                math.inf if self.high is None else float(self.high),
            )
        low, high = self.ranks(values)
        return values.at(low + 1), values.at(high)

    @staticmethod
    def _rank(values: Distribution, bound: Fraction | None, otherwise: float) -> float:
        if bound is None:
            return otherwise
        place = int(np.searchsorted(values.values, float(bound), side="right"))
        return float(values.ranks[place - 1]) if place else 0.0


@dataclass(frozen=True, slots=True)
class Statistic:
    """One statistic. `of` gives a value per group, NaN where there is none."""

    name: str
    of: Callable[[Groups], Floats]


def parse(name: str) -> Statistic | None:
    """The statistic of a name such as `Sum`, `p99.9`, `tm95`, `TM(10%:90%)` or `PR(:300)`; None if it has none."""
    if name in _BASIC:
        return Statistic(name, _BASIC[name])
    if name == "IQM":
        return _ranked(name, "TM", Bounds(low=Fraction(25), high=Fraction(75), percent=True))
    if (match := _SHORT.fullmatch(name)) and Fraction(match["high"]) <= 100:
        if match["kind"] == "p":
            return _percentile(name, Fraction(match["high"]))
        return _ranked(name, match["kind"].upper(), Bounds(low=None, high=Fraction(match["high"]), percent=True))
    if (match := _RANGE.fullmatch(name)) and (bounds := _bounds(match["low"], match["high"])) is not None:
        return None if bounds.percent and match["kind"] == "PR" else _ranked(name, match["kind"], bounds)
    return None


def is_extended(name: str) -> bool:
    """Whether GetMetricStatistics takes the statistic as an extended one."""
    return name not in _BASIC and parse(name) is not None


def _bounds(low: str | None, high: str | None) -> Bounds | None:
    given = [text for text in (low, high) if text is not None]
    percent = {text.endswith("%") for text in given}
    if len(percent) != 1:
        return None
    ends = [None if text is None else Fraction(text.rstrip("%")) for text in (low, high)]
    known = [end for end in ends if end is not None]
    if known != sorted(set(known)) or (percent == {True} and not 0 <= known[0] <= known[-1] <= 100):
        return None
    return Bounds(low=ends[0], high=ends[1], percent=percent == {True})


def _percentile(name: str, percent: Fraction) -> Statistic:
    """All groups at once: scans ask for percentiles of hundreds of metrics."""

    def of(groups: Groups) -> Floats:
        columns, firsts = groups.columns, groups.firsts
        sizes = np.diff(firsts, append=len(columns.at))
        order = np.lexsort((columns.low, np.repeat(np.arange(len(firsts)), sizes)))
        ranks = np.cumsum(columns.count[order])
        before = np.concatenate([[0.0], ranks[firsts[1:] - 1]])
        totals = ranks[firsts + sizes - 1] - before
        wanted = [min(max(math.ceil(percent * Fraction(total) / 100), 1.0), total) for total in totals.tolist()]
        places = np.clip(np.searchsorted(ranks, before + wanted), firsts, firsts + sizes - 1)
        return np.where(groups.have_percentiles(), columns.low[order][places], np.nan)

    return Statistic(name, of)


def _ranked(name: str, kind: str, bounds: Bounds) -> Statistic:
    def of(groups: Groups) -> Floats:
        values = [
            math.nan if each is None else _RANKED[kind](each, bounds) for each in groups.distributions()
        ]  # fmt: skip
        return np.array(values, dtype=np.float64)

    return Statistic(name, of)


def _trimmed_count(values: Distribution, bounds: Bounds) -> float:
    return float(values.between(bounds).sum())


def _trimmed_sum(values: Distribution, bounds: Bounds) -> float:
    return float(values.between(bounds) @ values.values)


def _trimmed_mean(values: Distribution, bounds: Bounds) -> float:
    count = _trimmed_count(values, bounds)
    return _trimmed_sum(values, bounds) / count if count else math.nan


def _winsorized_mean(values: Distribution, bounds: Bounds) -> float:
    counts = np.diff(values.ranks, prepend=0.0)
    return float(counts @ np.clip(values.values, *bounds.edges(values)) / values.total)


def _percentile_rank(values: Distribution, bounds: Bounds) -> float:
    return 100 * _trimmed_count(values, bounds) / values.total


def _count(groups: Groups) -> Floats:
    return np.add.reduceat(groups.columns.count, groups.firsts)


def _sum(groups: Groups) -> Floats:
    return np.add.reduceat(groups.columns.total, groups.firsts)


_BASIC: dict[str, Callable[[Groups], Floats]] = {
    "SampleCount": _count,
    "Sum": _sum,
    "Average": lambda groups: _sum(groups) / _count(groups),
    "Minimum": lambda groups: np.minimum.reduceat(groups.columns.low, groups.firsts),
    "Maximum": lambda groups: np.maximum.reduceat(groups.columns.high, groups.firsts),
}
_RANKED: dict[str, Callable[[Distribution, Bounds], float]] = {
    "TM": _trimmed_mean,
    "WM": _winsorized_mean,
    "TC": _trimmed_count,
    "TS": _trimmed_sum,
    "PR": _percentile_rank,
}
BASIC = frozenset(_BASIC)
