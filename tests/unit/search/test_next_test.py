"""How often, and in how many environments, a configuration is invoked next."""

from dataclasses import replace

import numpy as np
import pytest
from factories import make_configuration, make_invocation, make_measurement

from benchmarks.search_policies.adapter import drive
from benchmarks.search_policies.answered import WORKS, Simulated
from benchmarks.search_policies.landscape import PRICES
from benchmarks.search_policies.simulation import Conditions
from powertune.model import Architecture, Exploration, Goal, Strategy
from powertune.search.adaptive import Adaptive
from powertune.search.adaptive.evidence import Evidence
from powertune.search.adaptive.next_test import NextTest

SPEED = Exploration(
    smallest_mb=128, largest_mb=3008, architectures=(Architecture.X86_64,), goal=Goal(strategy=Strategy.SPEED)
)


def evidence(durations: list[float], exploration: Exploration = SPEED, *, lanes: int = 1) -> Evidence:
    measurement = make_measurement(durations=durations, lanes=lanes)
    return Evidence.of({measurement.configuration: measurement}, exploration)


def test_a_new_size_starts_cold_in_one_environment() -> None:
    seen = evidence([100.0, 105.0])
    test = NextTest.of(make_configuration(1024), seen)
    assert (test.trial.invocations, test.trial.lanes) == (3, 1)
    assert test.noise == pytest.approx(seen.noise.within / 2 + seen.noise.between)


def test_a_measured_size_is_invoked_again_in_all_its_environments() -> None:
    seen = evidence([100.0, 105.0, 103.0, 99.0, 101.0, 98.0], lanes=3)
    trial = NextTest.of(make_configuration(512), seen).trial
    assert (trial.invocations, trial.lanes) == (3, 3)


def test_the_same_environment_shows_less_and_less() -> None:
    noises = [NextTest.of(make_configuration(512), evidence([100.0, 104.0] * n)).noise for n in (1, 5, 25)]
    assert noises[0] < noises[1] / 4 < noises[2] / 16


def test_where_only_chance_differs_a_test_shows_as_much_as_ever() -> None:
    seen = evidence([100.0, 104.0] * 5)
    alike = replace(seen, noise=replace(seen.noise, between=0.0))
    assert NextTest.of(make_configuration(512), alike).noise == pytest.approx(alike.noise.within / 2)


def test_each_payload_comes_in_its_share() -> None:
    exploration = replace(SPEED, batch=4, weights=(3.0, 1.0))
    payloads = (0, 0, 0, 1)
    warm = [
        make_invocation(duration_ms=100.0, payload=p, lane=n, environment=str(n)) for n in range(5) for p in payloads
    ]
    measurement = make_measurement(others=warm)
    seen = Evidence.of({measurement.configuration: measurement}, exploration)
    assert NextTest.of(make_configuration(512), seen).trial.invocations == 8


@pytest.mark.parametrize("case", [35, 40, 60])
def test_a_search_does_not_ask_one_environment_again_and_again(case: int) -> None:
    goal = Goal()
    work = WORKS[0]
    exploration = replace(SPEED, largest_mb=10_240, goal=goal, current=make_configuration(work.worse_mb(goal)))
    function = Simulated(work, Conditions(noise=0.03, lane_noise=0.1), np.random.default_rng((case, 0)))
    measured, _ = drive(Adaptive(exploration=exploration, prices=PRICES, seed=case), function.invoke)
    for measurement in measured.values():
        lanes = measurement.invocations.column("lane")
        assert max(map(lanes.count, set(lanes))) <= 20
