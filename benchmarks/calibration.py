"""How often the stated intervals hold: simulated runs with a known truth, judged by the analysis that ships.

    python benchmarks/calibration.py [--cases 200] [--seed 1] [--held-out]

Each case is a run of six configurations whose cost is truly the same. For each kind of noise, and each way in which
Lambda may spread invocations over execution environments, it prints how many of the 95 % intervals (of a mean
duration, and of a mean cost) hold the true mean, and how wide those of the duration are (the median of half the
width); how often two configurations that are truly the same are declared different; how often any of the 15 pairs of
a run is; and how often a change from the first configuration is said to change the cost, although the one to change
to was picked by the same data.

Lambda, not the client, chooses the environment:

    own        each lane has an environment of its own, to the end
    shuffled   each invocation is served by any of the environments, whatever its lane
    shared     two of the lanes share an environment
    recycled   half of the environments, at random, are replaced by new ones in the middle
    favored    one environment serves three quarters of the invocations, the others the rest
    single     one environment serves all of them

`known` says whether the logs told which environment served which invocation. All noise is lognormal. The luck of an
environment is the same for all invocations that it serves.

The method was chosen by looking at the noise of `NOISES` and at four lanes. `--held-out` shows other noise, other
numbers of lanes and invocations, and another seed, on which nothing was tuned.
"""

import argparse
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from powertune.analysis import Difference, observe_run
from powertune.analysis.comparison import compare, log_mean
from powertune.analysis.conclusion import Question
from powertune.analysis.costing import Pricing, resolve_billing
from powertune.analysis.estimates import Estimate, Interval
from powertune.analysis.profiles import Observed
from powertune.analysis.recommendation import candidates, family_level, recommend
from powertune.model import (
    INVOCATION_FIELDS,
    Architecture,
    Configuration,
    Design,
    FunctionState,
    Goal,
    GridDesign,
    Invocations,
    Measurement,
    Status,
    Strategy,
    TuningRun,
    Usage,
)
from powertune.region_prices import ArchitecturePrices, RegionPrices

SIZES = tuple(Configuration(memory_mb=128 * 2**power, architecture=Architecture.X86_64) for power in range(6))
#: The mean duration at the largest size; in proportion at the others. Billed in whole milliseconds, half of one more.
MEAN_MS = 1000.0
#: Without a price per request, half the duration at twice the memory costs the same.
PRICES = RegionPrices(
    region="us-east-1",
    currency="USD",
    request=0.0,
    architectures=((Architecture.X86_64, ArchitecturePrices(gb_second=((None, 1e-5),), ephemeral_gb_second=0.0)),),
)
FUNCTION = FunctionState(
    name="simulated",
    arn="arn:aws:lambda:us-east-1:123456789012:function:simulated",
    region="us-east-1",
    qualifier=None,
    runtime="python3.13",
    memory_mb=SIZES[0].memory_mb,
    architecture=Architecture.X86_64,
    timeout_s=900,
)
SITUATIONS = ("own", "shuffled", "shared", "recycled", "favored", "single")
#: Coefficients of variation within an environment and between environments.
NOISES = ((0.03, 0.0), (0.08, 0.0), (0.03, 0.03), (0.08, 0.03), (0.18, 0.03), (0.03, 0.06))
HELD_OUT = ((0.04, 0.02), (0.06, 0.05), (0.1, 0.04), (0.02, 0.1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A situation, its noise, how many warm invocations over how many lanes, and whether environments are known."""

    situation: str
    within: float
    between: float
    known: bool
    lanes: int = 4
    invocations: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Shares of all cases, and the median of half the width of the duration's interval, relative to the mean."""

    duration: float
    width: float
    cost: float
    false_pair: float
    false_run: float
    false_change: float


def calibrate(case: Case, *, cases: int, seed: int) -> Figures:
    """Simulate a number of runs and count."""
    generator = np.random.default_rng(seed)
    held = paid = pairs = runs = changes = 0
    widths = []
    for _ in range(cases):
        run = simulated({size: MEAN_MS * SIZES[-1].memory_mb / size.memory_mb for size in SIZES}, case, generator)
        billing = resolve_billing(run, Usage(cold_share=0.0), cold_seen=True)
        observed = observe_run(run, Pricing(function=FUNCTION, prices=PRICES, billing=billing))
        for o in observed:
            scale = o.profile.configuration.memory_mb / SIZES[-1].memory_mb
            assert o.profile.duration is not None
            assert o.profile.cost is not None
            held += _holds(o.profile.duration.interval, MEAN_MS / scale)
            widths.append(_width(o.profile.duration.interval) * scale / 2 / MEAN_MS)
            rate = PRICES.rate_per_ms(o.profile.configuration, FUNCTION.ephemeral_storage_mb)
            paid += _holds(o.profile.cost.interval, rate * (MEAN_MS / scale + 0.5))
        logs = [log_mean(o.durations * o.profile.configuration.memory_mb, o.environments) for o in observed]
        pairs += sum(_differ(a, b, level=0.95) for a, b in zip(logs[::2], logs[1::2], strict=True))
        level = family_level(len(SIZES))
        runs += any(_differ(a, b, level=level) for i, a in enumerate(logs) for b in logs[:i])
        changes += _claims_a_change(observed)
    return Figures(
        duration=held / (cases * len(SIZES)),
        width=float(np.median(widths)),
        cost=paid / (cases * len(SIZES)),
        false_pair=2 * pairs / (cases * len(SIZES)),
        false_run=runs / cases,
        false_change=changes / cases,
    )


def _holds(interval: Interval | None, truth: float) -> bool:
    assert interval is not None
    return interval[0] <= truth <= interval[1]


def _width(interval: Interval | None) -> float:
    assert interval is not None
    return interval[1] - interval[0]


def _differ(candidate: Estimate | None, baseline: Estimate | None, *, level: float) -> bool:
    return compare(candidate, baseline, level=level).verdict in (Difference.LOWER, Difference.HIGHER)


def _claims_a_change(observed: tuple[Observed, ...]) -> bool:
    """Whether what is recommended of six sizes that cost the same is said to cost something else than the first."""
    question = Question(
        goal=Goal(strategy=Strategy.COST),
        current=SIZES[0],
        now=next(o for o in observed if o.profile.configuration == SIZES[0]),
        currency=PRICES.currency,
        invocations_per_month=None,
        spent=None,
    )
    ratio = recommend(candidates(observed), question).cost_ratio
    assert ratio is not None
    return ratio.verdict in (Difference.LOWER, Difference.HIGHER)


def simulated(
    means_ms: Mapping[Configuration, float],
    case: Case,
    generator: np.random.Generator,
    function: FunctionState = FUNCTION,
) -> TuningRun:
    """A grid run of configurations with these true mean durations, in ms."""
    return TuningRun(
        run_id="simulated",
        tool_version="0",
        started_at=0.0,
        finished_at=0.0,
        engine="direct",
        function=function,
        design=Design(
            search=GridDesign(configurations=tuple(means_ms), invocations=case.invocations),
            lanes=case.lanes,
            concurrency=1,
            seed=1,
        ),
        measurements=tuple(
            Measurement(configuration=size, invocations=draw(case, generator, mean_ms))
            for size, mean_ms in means_ms.items()
        ),
    )


def draw(case: Case, generator: np.random.Generator, mean_ms: float) -> Invocations:
    """The invocations of one configuration: one to warm up each lane, then the others in turn."""
    count = case.lanes + case.invocations
    lanes = np.arange(count) % case.lanes
    served = _environments(case, generator)
    luck = _factor(generator, case.between, int(served.max()) + 1)
    durations = mean_ms * luck[served] * _factor(generator, case.within, count)
    first = np.zeros(count, dtype=bool)
    first[np.unique(served, return_index=True)[1]] = True
    init = [1.0 if cold else None for cold in first.tolist()]
    columns = {
        **{name: [None] * count for name in INVOCATION_FIELDS},
        "started_at": [0.0] * count,
        "status": [Status.OK] * count,
        "payload": [0] * count,
        "duration_ms": durations.tolist(),
        "billed_ms": np.ceil(durations + first).astype(int).tolist(),
        "init_ms": init,
        "lane": lanes.tolist(),
        "environment": [f"environment-{number}" for number in served.tolist()] if case.known else [None] * count,
    }
    return Invocations(columns)


def _environments(case: Case, generator: np.random.Generator) -> NDArray[np.int64]:
    """The environment of each invocation; in the first round, each lane has one of its own where there is one."""
    count, many = case.lanes + case.invocations, case.lanes
    own = np.arange(count) % many
    warm = slice(many, None)
    if case.situation == "shuffled":
        own[warm] = generator.integers(many, size=case.invocations)
    elif case.situation == "favored":
        others = generator.integers(1, many, size=case.invocations)
        own[warm] = np.where(generator.random(case.invocations) < 0.75, 0, others)
    elif case.situation == "shared":
        own[own == many - 1] = 0
    elif case.situation == "single":
        own[:] = 0
    elif case.situation == "recycled":
        replaced = generator.permutation(many) < many // 2
        late = np.arange(count) >= many + case.invocations // 2
        own = np.where(late & replaced[own], own + many, own)
    return np.unique(own, return_inverse=True)[1]


def _factor(generator: np.random.Generator, variation: float, count: int) -> NDArray[np.float64]:
    """Lognormal factors of mean 1 and the given coefficient of variation."""
    sigma = np.sqrt(np.log1p(variation**2))
    return generator.lognormal(-(sigma**2) / 2, sigma, count)


def _cases(*, held_out: bool) -> Iterator[Case]:
    shapes = ((6, 24), (10, 20)) if held_out else ((4, 20),)
    for known in (True, False):
        for situation in SITUATIONS:
            for lanes, invocations in shapes:
                for within, between in HELD_OUT if held_out else NOISES:
                    yield Case(
                        situation=situation,
                        within=within,
                        between=between,
                        known=known,
                        lanes=lanes,
                        invocations=invocations,
                    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--held-out", action="store_true", help="noise on which nothing was tuned")
    options = parser.parse_args()
    cases = list(_cases(held_out=options.held_out))
    print(f"{options.cases} runs each, intervals of 95 %")
    print(
        "environments  known  lanes  noise  between  duration holds   +-  cost holds  twins differ  "
        "any of 6 differs  change claimed"
    )
    seed = options.seed + 1_000_000 * options.held_out
    with ProcessPoolExecutor() as pool:
        for case, figures in zip(
            cases, pool.map(partial(calibrate, cases=options.cases, seed=seed), cases), strict=True
        ):
            print(
                f"{case.situation:12}  {'yes' if case.known else 'no':5}  {case.lanes:5}  {case.within:5.0%}  "
                f"{case.between:7.1%}  {figures.duration:14.1%}  {figures.width:4.1%}  {figures.cost:9.1%}  "
                f"{figures.false_pair:12.1%}  {figures.false_run:16.1%}  {figures.false_change:14.1%}",
                flush=True,
            )


if __name__ == "__main__":
    main()
