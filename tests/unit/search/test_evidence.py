"""What a search makes of execution environments."""

import pytest
from factories import make_measurement

from powertune.model import Architecture, Exploration, Goal, Strategy
from powertune.search.adaptive.evidence import Evidence
from powertune.search.adaptive.noise import LANE_NOISE

EXPLORATION = Exploration(
    smallest_mb=128, largest_mb=3008, architectures=(Architecture.X86_64,), goal=Goal(strategy=Strategy.SPEED)
)
#: The lanes of it are as much alike as they can be.
ALIKE = [100.0, 100.0, 100.0, 100.0, 104.0, 104.0, 104.0, 104.0]


def evidence(durations: list[float], **more: object) -> Evidence:
    measurement = make_measurement(durations=durations, lanes=4, **more)  # type: ignore[arg-type]
    return Evidence.of({measurement.configuration: measurement}, EXPLORATION)


def environments(seen: Evidence) -> int:
    (sample,) = seen.samples.values()
    return sample.environments


def test_a_search_counts_environments_and_not_lanes() -> None:
    assert environments(evidence(ALIKE)) == 4
    assert environments(evidence(ALIKE, environment="a")) == 1
    # Where they are not known, lanes are all there is to count.
    assert environments(evidence(ALIKE, environment=None)) == 4


def test_lanes_that_are_alike_say_nothing_of_environments_that_are_not_known() -> None:
    assert evidence(ALIKE).noise.between < LANE_NOISE**2
    assert evidence(ALIKE, environment=None).noise.between == pytest.approx(LANE_NOISE**2)
    apart = [80.0, 100.0, 120.0, 150.0] * 3
    assert evidence(apart, environment=None).noise.between == pytest.approx(evidence(apart).noise.between)
