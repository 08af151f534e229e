"""Two runs compared: by their samples or their curves, at the sizes that matter, without contradicting itself."""

import dataclasses
import random

import numpy as np
import pytest
from factories import make_configuration, make_function, make_measurement, make_run

from powertune.analysis import Difference, RunComparison, compare_runs
from powertune.analysis.searched import searched
from powertune.model import Architecture, Exploration, Goal, TuningRun
from powertune.prices import PriceTable

PRICES = PriceTable.bundled()
FUNCTION = make_function(name="fn", memory_mb=512)
X86_64, ARM64 = Architecture.X86_64, Architecture.ARM64


def grid(*sizes: int, factor: float = 1.0, seed: int = 1, noise: float = 0.08, count: int = 20) -> TuningRun:
    """A number of warm invocations of each size, in four environments, of a function that computes on one vCPU."""
    chance = random.Random(seed)
    return make_run(
        measurements=[
            make_measurement(
                memory_mb=size,
                durations=[
                    factor * (100 + 500 * max(1.0, 1769 / size)) * chance.lognormvariate(0, noise)
                    for _ in range(count)
                ],
                lanes=4,
            )
            for size in sizes
        ],
        function=FUNCTION,
    )


def search(*sizes: int, arm: bool = False, **more: float) -> TuningRun:
    """The same of few invocations in one environment, as a search makes them."""
    run = grid(*sizes, count=3, noise=0.03, **more)  # type: ignore[arg-type]
    measurements = run.measurements
    if arm:
        measurements += tuple(
            dataclasses.replace(each, configuration=make_configuration(each.configuration.memory_mb, ARM64))
            for each in grid(*sizes, count=3, noise=0.03, factor=0.8, seed=9).measurements
        )
    explored = Exploration(
        smallest_mb=128,
        largest_mb=3008,
        architectures=(X86_64, ARM64) if arm else (X86_64,),
        current=FUNCTION.current,
        goal=Goal(),
    )
    design = dataclasses.replace(run.design, search=explored)
    return dataclasses.replace(run, design=design, measurements=measurements)


def compared(baseline: TuningRun, candidate: TuningRun | None = None) -> RunComparison:
    return compare_runs(baseline, candidate, PRICES)


def test_two_searches_are_compared_where_it_matters_though_they_measured_other_sizes() -> None:
    before, after = search(128, 256, 512, 1024, 1792), search(128, 192, 512, 896, 1536, seed=2, factor=1.5)
    found = compared(before, after)
    assert found.by_curve
    sizes = [pair.baseline.memory_mb for pair in found.pairs]
    assert 512 in sizes
    # The best of each, which the other one did not measure.
    assert len(sizes) >= 2
    assert {1024, 1792, 896, 1536} & {*sizes}
    assert {128, 192, 256} & {*sizes} == set()
    for pair in found.pairs:
        assert pair.duration.ratio == pytest.approx(1.5, rel=0.15)
        assert pair.duration.interval is not None
        assert pair.duration.interval[0] < 1.5 < pair.duration.interval[1]
        assert pair.verdicts[0] == "slower"


def test_the_curves_of_two_searches_are_independent() -> None:
    # The same samples give the same curves: they must not cancel out, or nothing would be as sure as this ratio.
    run = search(128, 256, 512, 1024, 1792)
    again = dataclasses.replace(run, run_id="another")
    pair = compared(run, again).pairs[0]
    assert pair.duration.ratio == pytest.approx(1.0)
    assert pair.duration.interval is not None
    assert pair.duration.interval[1] > 1.02


def test_the_architectures_of_one_search_share_its_curves() -> None:
    both = search(128, 256, 512, 1024, 1792, arm=True)
    found = compared(both)
    assert found.by_size
    assert found.by_curve
    for pair in found.pairs:
        assert (pair.baseline.architecture, pair.candidate.architecture) == (X86_64, ARM64)
        assert pair.duration.ratio == pytest.approx(0.8, rel=0.1)


def test_the_best_size_of_each_architecture_is_one_that_matters() -> None:
    both = search(128, 256, 512, 1024, 1792, arm=True)
    found = searched(both, PRICES.region("us-east-1"), Goal())
    assert found is not None
    best = {
        architecture: min(
            (a for a in found.conclusion.answers if a.configuration.architecture is architecture),
            key=lambda answer: answer.loss,
        ).memory_mb
        for architecture in (X86_64, ARM64)
    }
    assert set(best.values()) <= {pair.baseline.memory_mb for pair in compared(both).pairs}


def test_a_search_is_compared_with_all_sizes_of_a_grid_that_it_knows() -> None:
    found = compared(grid(128, 512, 1024), search(128, 256, 512, 1024, 1792, seed=2, factor=0.5))
    sizes = {pair.baseline.memory_mb for pair in found.pairs}
    assert {512, 1024} <= sizes
    assert {pair.verdicts[0] for pair in found.pairs} == {"faster"}
    assert found.overall is not None
    assert found.overall.verdicts[0] == "faster"


def test_overall_claims_nothing_that_none_of_the_sizes_shows() -> None:
    """Else a table reads `indistinguishable` in each row, and `slower` below."""
    generator = np.random.default_rng(3)
    pooled = contradictions = 0
    for seed in range(60):
        factor = float(generator.uniform(1.0, 1.06))
        sizes = (128, 256, 512, 1024, 1792)
        found = compared(grid(*sizes, seed=2 * seed), grid(*sizes, seed=2 * seed + 1, factor=factor))
        assert found.overall is not None
        overall, rows = found.overall.duration, {pair.duration.verdict for pair in found.pairs}
        assert overall.interval is not None
        holds_one = overall.interval[0] <= 1 <= overall.interval[1]
        assert holds_one == (overall.verdict is Difference.INDISTINGUISHABLE)
        assert holds_one or overall.verdict in rows
        pooled += not holds_one
        contradictions += holds_one and rows == {Difference.INDISTINGUISHABLE}
    assert pooled
    assert contradictions


def test_a_size_that_a_search_rules_out_is_not_compared() -> None:
    run = search(128, 256, 512, 1024, 1792)
    full = dataclasses.replace(
        run,
        measurements=tuple(
            make_measurement(memory_mb=512, durations=[900.0, 910.0, 905.0], max_memory_used_mb=600)
            if each.configuration.memory_mb == 512
            else each
            for each in run.measurements
        ),
    )
    assert 512 in {pair.baseline.memory_mb for pair in compared(run, run).pairs}
    assert 512 not in {pair.baseline.memory_mb for pair in compared(full, run).pairs}
