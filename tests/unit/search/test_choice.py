"""The candidates, the posterior over them, the choice among what was measured, and its finalists."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from factories import make_configuration, make_measurement, make_prices

from powertune.model import Architecture, Exploration, Goal, Measurement, Strategy
from powertune.search.adaptive.candidates import considered, possible
from powertune.search.adaptive.choice import Choice
from powertune.search.adaptive.evidence import Evidence
from powertune.search.adaptive.finalists import finalists, nearest
from powertune.search.adaptive.posterior import CURVES, Posterior
from powertune.search.adaptive.rates import Rates
from powertune.units import MB_PER_VCPU, USUAL_MB

X86_64, ARM64 = Architecture.X86_64, Architecture.ARM64
RATES = Rates(prices=make_prices())
EXPLORATION = Exploration(
    smallest_mb=128, largest_mb=10_240, architectures=(X86_64,), goal=Goal(strategy=Strategy.COST)
)


def measured(memory_mb: int, duration_ms: float, architecture: Architecture = X86_64) -> Measurement:
    durations = [duration_ms * factor for factor in (0.99, 1.0, 1.01, 1.0)]
    return make_measurement(memory_mb=memory_mb, durations=durations, architecture=architecture)


def evidence(*measurements: Measurement, **exploration: object) -> Evidence:
    return Evidence.of(
        {m.configuration: m for m in measurements},
        replace(EXPLORATION, **exploration),  # type: ignore[arg-type]
    )


def chosen(seen: Evidence) -> Choice:
    choice = Choice.of(Posterior.of(seen, RATES, 1))
    assert choice is not None
    return choice


#: It waits, so that the smallest size is the cheapest by far.
WAITS = tuple(measured(mb, 500.0) for mb in (128, 512, 1769))


def test_candidates_are_round_sizes_with_what_was_measured_and_what_is_current() -> None:
    seen = evidence(*WAITS, measured(345, 500.0), current=make_configuration(1000), smallest_mb=200, largest_mb=9000)
    everything = possible(seen)
    assert list(everything) == sorted(everything)
    odd = {c.memory_mb for c in everything if c.memory_mb % 16}
    assert odd == {345, 1000, *(size for size in USUAL_MB if size % 16 and size < 9000), 200, 9000}
    assert {256, 512, 1024, 1769, 3008} < {c.memory_mb for c in everything}
    # Fine enough: no two neighbors are far apart.
    sizes = [c.memory_mb for c in possible(evidence(*WAITS))]
    assert max(b / a for a, b in pairwise(sizes)) <= 1.25


@pytest.mark.parametrize(
    ("largest_mb", "ratio", "large"), [(1769, 0.5, False), (3008, 1.0, False), (3008, 0.5, True)]
)
def test_large_sizes_are_considered_once_more_than_a_vcpu_is_seen_to_help(
    largest_mb: int, ratio: float, *, large: bool
) -> None:
    seen = evidence(measured(512, 500.0), measured(largest_mb, 500.0))
    everything = possible(seen)
    # Durations fall to `ratio` from 3,008 MB to the largest size.
    log_ms = np.array([[np.log(ratio) if c.memory_mb > 3008 else 0.0 for c in everything]] * 3)
    kept = [everything[i].memory_mb for i in considered(seen, everything, log_ms)]
    assert (max(kept) > 3008) is large
    assert set(seen.samples) <= {make_configuration(mb) for mb in kept}


def test_a_posterior_has_a_row_for_each_curve_and_a_band_around_what_was_measured() -> None:
    posterior = Posterior.of(evidence(*WAITS), RATES, 1)
    shape = (CURVES, len(posterior.candidates))
    assert posterior.log_ms.shape == posterior.costs.shape == posterior.scores.shape == shape
    bands = {band.configuration: band for band in posterior.curve}
    low, high = bands[make_configuration(512)].interval_ms
    assert low < 500 < high
    assert all(band.interval_ms[0] <= band.middle_ms <= band.interval_ms[1] for band in posterior.curve)
    again = Posterior.of(evidence(*WAITS), RATES, -1)
    assert (again.log_ms == posterior.log_ms).all()


def test_the_choice_is_the_best_of_what_was_measured_and_may_be_the_answer() -> None:
    choice = chosen(evidence(*WAITS))
    assert choice.configuration == make_configuration(128)
    assert choice.answer.p_best > 0.99
    assert 0 <= choice.loss < 0.05
    low, high = choice.answer.cost_interval
    assert low < RATES.prices.invocation_cost(make_configuration(128), 500) * 1.02 < high
    bounded = evidence(*WAITS, smallest_mb=400)
    assert chosen(bounded).configuration == make_configuration(512)
    assert Choice.of(Posterior.of(evidence(*WAITS, smallest_mb=5000), RATES, 1)) is None


def test_sizes_that_cost_about_the_same_share_the_probability_to_be_the_best() -> None:
    # CPU-bound below one vCPU: the same cost at every size.
    sizes = [measured(mb, 100 * MB_PER_VCPU / mb) for mb in (256, 512, 1024)]
    conclusion = chosen(evidence(*sizes)).conclusion
    assert {answer.configuration for answer in conclusion.answers} == {
        make_configuration(mb) for mb in (256, 512, 1024)
    }
    assert conclusion.answers[0] == conclusion.answer
    assert all(0 < answer.p_best < 0.9 for answer in conclusion.answers)
    assert all(conclusion.answer.loss <= answer.loss for answer in conclusion.answers)


def test_the_current_configuration_has_a_band_where_it_can_work() -> None:
    band = chosen(evidence(*WAITS, current=make_configuration(1000))).conclusion.current
    assert band is not None
    assert band.configuration == make_configuration(1000)
    low, high = band.interval_ms
    assert low < 500 < high
    assert chosen(evidence(*WAITS)).conclusion.current is None
    assert chosen(evidence(*WAITS, current=make_configuration(1000, ARM64))).conclusion.current is None


def test_what_cannot_be_the_answer_is_named_with_the_reason() -> None:
    full = make_measurement(memory_mb=128, durations=[500.0] * 4, max_memory_used_mb=127)
    roomy = make_measurement(memory_mb=512, durations=[500.0] * 4, max_memory_used_mb=127)
    excluded = chosen(evidence(full, roomy)).conclusion.excluded
    assert excluded == {make_configuration(128): "memory is full: 127 MB used of 128 MB"}


def test_another_architecture_is_a_finalist_only_if_it_may_be_better() -> None:
    def of(arm64_ms: float) -> frozenset[Architecture]:
        others = [measured(mb, arm64_ms, ARM64) for mb in (128, 512)]
        found = finalists(chosen(evidence(*WAITS, *others, architectures=(X86_64, ARM64))))
        return frozenset(c.architecture for c in found)

    assert of(500.0) == {X86_64, ARM64}
    assert of(900.0) == {X86_64}
    assert of(300.0) == {ARM64}


@pytest.mark.parametrize(("candidate", "expected"), [(530, 512), (560, 560), (512, 512)])
def test_a_candidate_near_a_measured_size_is_replaced_by_it(candidate: int, expected: int) -> None:
    seen = evidence(*WAITS)
    assert nearest(seen.samples, make_configuration(candidate)) == make_configuration(expected)
    other = make_configuration(candidate, ARM64)
    assert nearest(seen.samples, other) == other
