"""Two runs side by side: what has become faster, slower, cheaper or more expensive, as far as that can be told."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from powertune.analysis.comparison import Comparison, Difference, compare, ratio_of
from powertune.analysis.estimates import LEVEL, Estimate, total
from powertune.analysis.observed_run import observe_run, price_run
from powertune.analysis.pricing import resolve_billing
from powertune.analysis.profiles import Observed
from powertune.analysis.recommendation import candidates
from powertune.errors import UsageError
from powertune.model import Architecture, Configuration, FunctionState, TuningRun, Usage
from powertune.prices import PriceTable

_DURATION = {Difference.LOWER: "faster", Difference.HIGHER: "slower"}
_COST = {Difference.LOWER: "cheaper", Difference.HIGHER: "more expensive"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A configuration of the baseline, one of the candidate, and the ratios of their means, candidate / baseline."""

    baseline: Configuration
    candidate: Configuration
    duration: Comparison
    cost: Comparison

    @property
    def verdicts(self) -> tuple[str, str]:
        """In duration and in cost: faster, slower, cheaper, more expensive, indistinguishable or inconclusive."""
        return verdict(self.duration, _DURATION), verdict(self.cost, _COST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overall:
    """The geometric mean of the ratios of all pairs."""

    duration: Comparison
    cost: Comparison

    @property
    def verdicts(self) -> tuple[str, str]:
        """As those of a pair."""
        return verdict(self.duration, _DURATION), verdict(self.cost, _COST)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunComparison:
    """A baseline and a candidate compared.

    `overall` is None where there is no pair, and where the two are different functions: one of them is not a faster
    or slower version of the other, so their ratios have no common verdict.

    `by_size`: configurations were paired by memory size alone, as the two have no architecture in common. `unpaired`
    are the configurations that only one of them has measured. The pairs hold together at 95 %, each at `level`.
    """

    baseline: FunctionState
    candidate: FunctionState
    pairs: tuple[Pair, ...]
    overall: Overall | None
    level: float
    by_size: bool
    unpaired: tuple[Configuration, ...]

    @property
    def functions_differ(self) -> bool:
        """Whether baseline and candidate are functions of different names."""
        return self.baseline.name != self.candidate.name


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedRun:
    """One side of a comparison: a run, and those of its configurations that count."""

    run: TuningRun
    observed: tuple[Observed, ...]


def compare_runs(
    baseline: TuningRun, candidate: TuningRun | None, prices: PriceTable, usage: Usage | None = None
) -> RunComparison:
    """Compare two runs; or, without a candidate, the arm64 configurations of a run with its x86_64 ones.

    Both are billed on one basis: what is not given of the traffic is taken from the baseline, so that a change of the
    traffic does not look like a change of the function.

    Raises:
        UsageError: no candidate, and the run is of one architecture; prices are not known; or the two are billed in
            different currencies.
    """
    usage = _basis(baseline, usage or Usage())
    sides = [_side(run, prices, usage) for run in (baseline, candidate) if run is not None]
    currencies = [prices.region(side.run.function.region).currency for side in sides]
    if len({*currencies}) > 1:
        raise UsageError(
            f"the runs are billed in {' and '.join(currencies)}, so their costs cannot be compared",
            hint="compare functions of regions with one currency",
        )
    if len(sides) == 1:
        split = split_architectures(sides[0])
        if split is None:
            raise UsageError(
                "the run holds one architecture, so there is nothing to compare it with",
                hint="name a second results file, or measure with --arch both",
            )
        return compare_observed(*split)
    return compare_observed(*sides)


def _basis(run: TuningRun, usage: Usage) -> Usage:
    billing = resolve_billing(run, usage, cold_seen=True)
    return replace(usage, cold_share=billing.cold_share, invocations_per_month=billing.invocations_per_month)


def _side(run: TuningRun, prices: PriceTable, usage: Usage) -> ComparedRun:
    return ComparedRun(run=run, observed=observe_run(run, price_run(run, prices, usage)))


def compare_observed(baseline: ComparedRun, candidate: ComparedRun) -> RunComparison:
    """Compare two runs, of two functions, two versions or two architectures, configuration by configuration.

    Each pair is held at 1 - 0.05 / (number of pairs) (Bonferroni), so that with 95 % no difference that is claimed
    for any of them, in duration or else in cost, is noise. Overall is the geometric mean of the ratios, which favors
    neither side nor the slow configurations (Fleming & Wallace, "How Not to Lie with Statistics: The Correct Way to
    Summarize Benchmark Results", CACM 29, 1986), at 95 %.
    """
    ours = {o.profile.configuration: o for o in candidates(baseline.observed)}
    theirs = {o.profile.configuration: o for o in candidates(candidate.observed)}
    by_size = not {c.architecture for c in ours} & {c.architecture for c in theirs}
    matches = _matches(ours, theirs, by_size=by_size)
    level = 1 - (1 - LEVEL) / max(1, len(matches))
    logs = [(_logs(ours[mine]), _logs(theirs[other])) for mine, other in matches]
    pairs = tuple(
        Pair(
            baseline=mine,
            candidate=other,
            duration=compare(after[0], before[0], level=level),
            cost=compare(after[1], before[1], level=level),
        )
        for (mine, other), (before, after) in zip(matches, logs, strict=True)
    )
    paired = {c for match in matches for c in match}
    return RunComparison(
        baseline=baseline.run.function,
        candidate=candidate.run.function,
        pairs=pairs,
        overall=_overall(logs) if pairs and baseline.run.function.name == candidate.run.function.name else None,
        level=level,
        by_size=by_size,
        unpaired=tuple(sorted({*ours, *theirs} - paired)),
    )


def verdict(comparison: Comparison, words: dict[Difference, str]) -> str:
    """What a comparison says, in words for what was compared."""
    return words.get(comparison.verdict, str(comparison.verdict))


def split_architectures(side: ComparedRun) -> tuple[ComparedRun, ComparedRun] | None:
    """A run of both architectures as two sides, x86_64 the baseline; None for a run of one."""
    x86_64, arm64 = (
        tuple(o for o in side.observed if o.profile.configuration.architecture is architecture)
        for architecture in (Architecture.X86_64, Architecture.ARM64)
    )
    if not x86_64 or not arm64:
        return None
    return ComparedRun(run=side.run, observed=x86_64), ComparedRun(run=side.run, observed=arm64)


def _matches(
    ours: dict[Configuration, Observed], theirs: dict[Configuration, Observed], *, by_size: bool
) -> list[tuple[Configuration, Configuration]]:
    if not by_size:
        return [(configuration, configuration) for configuration in sorted(ours) if configuration in theirs]
    sizes = {configuration.memory_mb: configuration for configuration in theirs}
    return [(mine, sizes[mine.memory_mb]) for mine in sorted(ours) if mine.memory_mb in sizes]


def _logs(o: Observed) -> tuple[Estimate | None, Estimate | None]:
    return o.log_duration, o.log_cost


_Logs = tuple[Estimate | None, Estimate | None]


def _overall(logs: Sequence[tuple[_Logs, _Logs]]) -> Overall:
    duration, cost = (_geometric([(before[which], after[which]) for before, after in logs]) for which in (0, 1))
    return Overall(duration=duration, cost=cost)


def _geometric(sides: Sequence[tuple[Estimate | None, Estimate | None]]) -> Comparison:
    """The comparison of the mean of log ratios; None where one of them is not known."""
    parts = [part for before, after in sides if before and after for part in (after, before.times(-1))]
    if len(parts) < 2 * len(sides):
        return Comparison(ratio=None, interval=None, verdict=Difference.INCONCLUSIVE)
    mean = total(parts).times(1 / len(sides))
    if not math.isfinite(mean.mean):
        return Comparison(ratio=None, interval=None, verdict=Difference.INCONCLUSIVE)
    return ratio_of(mean)
