"""Several tests at once: what joins a batch where publishing takes time, and what is believed of those before it."""

import math
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from factories import make_configuration

from benchmarks import search as benchmark
from benchmarks.search_policies.adapter import drive
from benchmarks.search_policies.curves import Curve, load
from benchmarks.search_policies.landscape import PRICES
from benchmarks.search_policies.sampler import Sampler
from benchmarks.search_policies.simulation import Conditions, CurveFunction
from powertune.model import Architecture, Batch, Configuration, Exploration, Goal, Measurement, Status, Strategy
from powertune.search import Stop
from powertune.search.adaptive import Adaptive
from powertune.search.adaptive.batches import MOST_TOGETHER, as_expected
from powertune.search.adaptive.finalists import NEARBY

X86_64 = Architecture.X86_64
COST = Goal(strategy=Strategy.COST)
CURVES = load(Path(benchmark.__file__).parent / "curves")
#: Publishing as on AWS in place, and with SnapStart.
IN_PLACE = {"publishing_s": 4.0, "publishing_batch_s": 2.0}
SNAPSTART = {"publishing_s": 4.0, "publishing_batch_s": 152.0}


class Noted:
    """A search that keeps what it has proposed, and sees that the same measurements give the same proposal."""

    def __init__(self, search: Adaptive) -> None:
        self.search = search
        self.batches: list[Batch] = []

    def propose(self, measured: Mapping[Configuration, Measurement]) -> Batch | Stop:
        proposal = self.search.propose(measured)
        assert replace(self.search).propose(dict(measured)) == proposal
        if isinstance(proposal, Batch):
            self.batches.append(proposal)
        return proposal


def searched(curve: Curve, **more: object) -> tuple[Noted, dict[Configuration, Measurement]]:
    sampler = Sampler(CurveFunction.of(curve, Conditions()), (X86_64,), seed=1)
    exploration = Exploration(
        smallest_mb=sampler.smallest_mb, largest_mb=sampler.largest_mb, architectures=(X86_64,), goal=COST
    )
    search = Noted(Adaptive(exploration=replace(exploration, **more), prices=PRICES))  # type: ignore[arg-type]
    measured, _ = drive(search, sampler.invoke)
    return search, dict(measured)


def sizes_in(batch: Batch) -> list[int]:
    return [trial.configuration.memory_mb for trial in batch.trials]


def new_in(batches: list[Batch]) -> list[int]:
    """How many sizes each batch measures for the first time."""
    seen: set[int] = set()
    counts = []
    for batch in batches:
        counts.append(len({*sizes_in(batch)} - seen))
        seen |= {*sizes_in(batch)}
    return counts


def test_curves_after_an_expected_observation_keep_their_means_and_come_closer_as_gaussian_ones_would() -> None:
    generator = np.random.default_rng(3)
    log_ms = generator.multivariate_normal([1.0, 2.0, 3.0], [[4, 2, 0], [2, 3, 0], [0, 0, 1]], size=400)
    noise = 0.5
    after = as_expected(log_ms, 0, noise)
    assert after.mean(axis=0) == pytest.approx(log_ms.mean(axis=0))
    before = np.cov(log_ms.T, bias=True)
    conditional = before - np.outer(before[0], before[0]) / (before[0, 0] + noise)
    assert np.cov(after.T, bias=True) == pytest.approx(conditional)


def test_what_is_known_already_is_not_changed_by_an_expected_observation() -> None:
    log_ms = np.array([[1.0, 2.0], [1.0, 3.0]])
    assert as_expected(log_ms, 0, 0.1).tolist() == log_ms.tolist()


@pytest.mark.parametrize("curve", CURVES[::12], ids=lambda curve: curve.id)
def test_where_nobody_waits_for_publishing_one_size_is_explored_at_a_time(curve: Curve) -> None:
    search, _ = searched(curve)
    exploring = [batch for batch in search.batches if batch.why and "most informative next" in batch.why]
    assert all(len(batch.trials) == 1 for batch in exploring)


@pytest.mark.parametrize("publishing", [IN_PLACE, SNAPSTART], ids=["in place", "SnapStart"])
@pytest.mark.parametrize("curve", CURVES[::12], ids=lambda curve: curve.id)
def test_a_batch_holds_a_few_tests_that_show_different_things(curve: Curve, publishing: Mapping[str, float]) -> None:
    search, measured = searched(curve, most=12, **publishing)
    for batch in search.batches:
        sizes = sorted(sizes_in(batch))
        if batch.why and "most informative next" in batch.why:
            assert len(sizes) <= MOST_TOGETHER
            assert all(math.log(b / a) >= NEARBY for a, b in pairwise(sizes))
        assert len(sizes) == len({*sizes})
    warm = [len(each.invocations) - 1 for each in measured.values()]
    assert max(warm) <= 12 + search.search.exploration.batch - 1


def test_a_workload_of_many_payloads_has_batches_of_several_tests_too() -> None:
    curve = next(curve for curve in CURVES if curve.id == "cpu_many_threads-0")
    search, _ = searched(curve, batch=6, **SNAPSTART)
    exploring = [batch for batch in search.batches if batch.why and "most informative next" in batch.why]
    assert any(len(batch.trials) > 1 for batch in exploring)


def test_what_comes_once_a_batch_makes_batches_larger() -> None:
    """A snapshot takes minutes, however many are taken at one time."""
    curve = next(curve for curve in CURVES if curve.id == "memory_cliff-2")
    alone, _ = searched(curve)
    together, _ = searched(curve, **SNAPSTART)
    rounds = [sum(count > 0 for count in new_in(search.batches)) for search in (alone, together)]
    assert rounds[1] < rounds[0]
    assert max(new_in(together.batches)[1:]) > 1


@pytest.mark.parametrize("curve", CURVES[::12], ids=lambda curve: curve.id)
def test_the_current_size_comes_with_the_first_ones_where_publishing_takes_time(curve: Curve) -> None:
    current = make_configuration(1472)
    search, measured = searched(curve, current=current, **IN_PLACE)
    assert current.memory_mb in sizes_in(search.batches[0])
    assert current in measured
    late, _ = searched(curve, current=current)
    assert current.memory_mb not in sizes_in(late.batches[0])


def test_a_size_that_fails_does_not_keep_a_batch_from_the_others() -> None:
    curve = Curve(
        id="cliff", source="s", points=((256, 4000.0), (512, 900.0), (1024, 500.0), (3008, 400.0)), infeasible=(128,)
    )
    search, measured = searched(curve, current=make_configuration(1472), **IN_PLACE)
    failed = {c for c, m in measured.items() if Status.OUT_OF_MEMORY in m.invocations.column("status")}
    assert {c.memory_mb for c in failed} == {128}
    assert {*sizes_in(search.batches[0])} == {128, 256, 512, 1472}
    assert all(len(measured[make_configuration(mb)].invocations) >= 3 for mb in (256, 512, 1472))
    concluded = search.search.conclude(measured)
    assert concluded is not None
    assert concluded.answer.configuration not in failed
