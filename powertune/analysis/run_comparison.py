"""Two runs side by side: what has become faster, slower, cheaper or more expensive, as far as that can be told."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from powertune.analysis.comparison import Comparison, Difference, comparison_of, ratio_of
from powertune.analysis.costing import resolve_billing
from powertune.analysis.estimates import LEVEL, Estimate, total
from powertune.analysis.model import ProfileStatus, Searched
from powertune.analysis.observed_run import observe_run, price_run
from powertune.analysis.profiles import Observed, estimated
from powertune.analysis.recommendation import candidates
from powertune.analysis.searched import beliefs, searched
from powertune.errors import UsageError
from powertune.model import Architecture, Configuration, FunctionState, Goal, TuningRun, Usage
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
    """The geometric mean of the ratios of all pairs. It claims no difference that none of them shows."""

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

    `by_size`: configurations were paired by memory size alone, as the two have no architecture in common. `by_curve`:
    one of the two is a search, whose curve speaks, for sizes that it did not measure as well. `unpaired` are the
    configurations that matter to one of them and are not known of both. The pairs hold together at 95 %, each at
    `level`.
    """

    baseline: FunctionState
    candidate: FunctionState
    pairs: tuple[Pair, ...]
    overall: Overall | None
    level: float
    by_size: bool
    by_curve: bool
    unpaired: tuple[Configuration, ...]

    @property
    def functions_differ(self) -> bool:
        """Whether baseline and candidate are functions of different names."""
        return self.baseline.name != self.candidate.name


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedRun:
    """One side of a comparison: what is known of configurations of a run, and which of them matter.

    A grid is about all that it measured. A search is about the current configuration and its answer, whether or not
    these were measured: what it knows of any, it knows from its curve.
    """

    run: TuningRun
    known: Mapping[Configuration, Observed]
    matter: frozenset[Configuration]


def compare_runs(
    baseline: TuningRun, candidate: TuningRun | None, prices: PriceTable, usage: Usage | None = None
) -> RunComparison:
    """Compare two runs; or, without a candidate, the arm64 configurations of a run with its x86_64 ones.

    Both are billed on one basis: what is not given of the traffic is taken from the baseline, so that a change of the
    traffic does not look like a change of the function.

    Raises:
        UsageError: no candidate, and the run is of one architecture; prices are not known; or the two are billed in
            different currencies, or only one is of cold starts alone.
    """
    if candidate is not None and baseline.design.judged is not candidate.design.judged:
        raise UsageError(
            "one of the runs is of cold starts alone, and the other is not, so they cannot be compared",
            hint="measure both with --only-cold-starts, or both without",
        )
    usage = basis_of(baseline, usage or Usage())
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


def basis_of(run: TuningRun, usage: Usage) -> Usage:
    """The usage, with what is not given of the traffic taken from a run."""
    billing = resolve_billing(run, usage, cold_seen=True)
    return replace(usage, cold_share=billing.cold_share, invocations_per_month=billing.invocations_per_month)


def _side(run: TuningRun, prices: PriceTable, usage: Usage) -> ComparedRun:
    pricing = price_run(run, prices, usage)
    goal = run.design.goal or Goal()
    found = searched(run, pricing.prices, goal)
    if found is None:
        measured = {o.profile.configuration: o for o in candidates(observe_run(run, pricing))}
        return ComparedRun(run=run, known=measured, matter=frozenset(measured))
    believed = beliefs(found, goal)
    able = (o for o in observe_run(run, pricing, believed) if o.profile.status is ProfileStatus.OK)
    measured = {o.profile.configuration: o for o in able}
    guessed = {
        c: o for c in believed.means if c not in measured and (o := estimated(c, pricing, believed)) is not None
    }
    known = {c: o for c, o in {**measured, **guessed}.items() if c not in found.conclusion.excluded}
    return ComparedRun(run=run, known=known, matter=_matter(run, found, known))


def _matter(run: TuningRun, found: Searched, known: Collection[Configuration]) -> frozenset[Configuration]:
    """The current configuration, and the best one of each architecture."""
    best: dict[Architecture, Configuration] = {}
    for answer in sorted(found.conclusion.answers, key=lambda answer: answer.loss):
        best.setdefault(answer.configuration.architecture, answer.configuration)
    return frozenset({run.function.current, *best.values()} & {*known})


def compare_observed(baseline: ComparedRun, candidate: ComparedRun) -> RunComparison:
    """Compare two runs, of two functions, two versions or two architectures, configuration by configuration.

    Each pair is held at 1 - 0.05 / (number of pairs) (Bonferroni), so that with 95 % no difference that is claimed
    for any of them, in duration or else in cost, is noise. Overall is the geometric mean of the ratios, which favors
    neither side nor the slow configurations (Fleming & Wallace, "How Not to Lie with Statistics: The Correct Way to
    Summarize Benchmark Results", CACM 29, 1986), at 95 %.
    """
    ours, theirs = baseline.known, candidate.known
    by_size = not {c.architecture for c in ours} & {c.architecture for c in theirs}
    matches = _matches(baseline, candidate, by_size=by_size)
    level = 1 - (1 - LEVEL) / max(1, len(matches))
    # The curves of two searches have nothing to do with each other, but those of one have.
    same = baseline.run is candidate.run
    logs = [(_logs(ours[mine]), _logs(theirs[other])) for mine, other in matches]
    pairs = tuple(
        Pair(
            baseline=mine,
            candidate=other,
            duration=_compare([(before[0], after[0])], same=same, level=level),
            cost=_compare([(before[1], after[1])], same=same, level=level),
        )
        for (mine, other), (before, after) in zip(matches, logs, strict=True)
    )
    paired = {c for match in matches for c in match}
    one_function = baseline.run.function.name == candidate.run.function.name
    return RunComparison(
        baseline=baseline.run.function,
        candidate=candidate.run.function,
        pairs=pairs,
        overall=_overall(pairs, logs, same=same) if pairs and one_function else None,
        level=level,
        by_size=by_size,
        by_curve=bool(
            {c for side in (baseline, candidate) for c in side.known if side.known[c].believed_ms} & paired
        ),
        unpaired=tuple(sorted({*baseline.matter, *candidate.matter} - paired)),
    )


def verdict(comparison: Comparison, words: dict[Difference, str]) -> str:
    """What a comparison says, in words for what was compared."""
    return words.get(comparison.verdict, str(comparison.verdict))


def split_architectures(side: ComparedRun) -> tuple[ComparedRun, ComparedRun] | None:
    """A run of both architectures as two sides, x86_64 the baseline; None for a run of one."""
    x86_64, arm64 = (
        replace(
            side,
            known={c: o for c, o in side.known.items() if c.architecture is architecture},
            matter=frozenset(c for c in side.matter if c.architecture is architecture),
        )
        for architecture in (Architecture.X86_64, Architecture.ARM64)
    )
    if not x86_64.known or not arm64.known:
        return None
    return x86_64, arm64


def _matches(
    baseline: ComparedRun, candidate: ComparedRun, *, by_size: bool
) -> list[tuple[Configuration, Configuration]]:
    """What matters to either side and is known of both."""
    if not by_size:
        return [
            (c, c) for c in sorted(baseline.matter | candidate.matter) if c in baseline.known and c in candidate.known
        ]
    mine, others = ({c.memory_mb: c for c in side.known} for side in (baseline, candidate))
    sizes = {c.memory_mb for c in baseline.matter | candidate.matter}
    return [(mine[size], others[size]) for size in sorted(sizes & mine.keys() & others.keys())]


def _logs(o: Observed) -> tuple[Estimate | None, Estimate | None]:
    return o.log_duration, o.log_cost


_Logs = tuple[Estimate | None, Estimate | None]


def _overall(pairs: Sequence[Pair], logs: Sequence[tuple[_Logs, _Logs]], *, same: bool) -> Overall:
    duration, cost = (_compare([(before[n], after[n]) for before, after in logs], same=same) for n in (0, 1))
    return Overall(
        duration=_in_agreement(duration, [pair.duration for pair in pairs]),
        cost=_in_agreement(cost, [pair.cost for pair in pairs]),
    )


def _in_agreement(overall: Comparison, pairs: Sequence[Comparison]) -> Comparison:
    """The comparison of the mean ratio, which claims no difference that not one of the pairs shows.

    All pairs together know more than each. But to call a function slower overall, and none of its sizes, helps
    nobody to act. Where it would come to that, the interval is the geometric mean of those of the pairs: these hold
    together, so the mean of the ratios is in it, and it holds 1.
    """
    intervals = [pair.interval for pair in pairs if pair.interval is not None]
    claims = overall.verdict in (Difference.LOWER, Difference.HIGHER)
    if overall.ratio is None or not claims or overall.verdict in {pair.verdict for pair in pairs}:
        return overall
    low, high = (math.exp(math.fsum(math.log(each[end]) for each in intervals) / len(intervals)) for end in (0, 1))
    return comparison_of(overall.ratio, (min(low, 1.0), max(high, 1.0)))


def _compare(
    sides: Sequence[tuple[Estimate | None, Estimate | None]], *, same: bool, level: float = LEVEL
) -> Comparison:
    """The comparison of the mean of log ratios, each (before, after); None where one of them is not known.

    Args:
        same: both sides are of one run.
    """
    befores = [before for before, _ in sides if before is not None]
    afters = [after for _, after in sides if after is not None]
    if len(befores) < len(sides) or len(afters) < len(sides):
        return Comparison(ratio=None, interval=None, verdict=Difference.INCONCLUSIVE)
    parts = [total(afters), total(befores).times(-1)]
    if not same:
        parts = [part.by_itself() for part in parts]
    mean = total(parts).times(1 / len(sides))
    if not math.isfinite(mean.mean):
        return Comparison(ratio=None, interval=None, verdict=Difference.INCONCLUSIVE)
    return ratio_of(mean, level=level)
