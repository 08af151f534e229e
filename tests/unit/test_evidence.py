"""What a search makes of execution environments."""

import numpy as np
import pytest
from factories import make_measurement

from powertune.model import Architecture, Exploration, Goal, Strategy
from powertune.search.evidence import LANE_NOISE, Evidence
from powertune.search.race import rivals_left

EXPLORATION = Exploration(
    smallest_mb=128, largest_mb=3008, architectures=(Architecture.X86_64,), goal=Goal(strategy=Strategy.SPEED)
)
#: The lanes of it are as much alike as they can be.
ALIKE = [100.0, 100.0, 100.0, 100.0, 104.0, 104.0, 104.0, 104.0]


def evidence(durations: list[float], **more: object) -> Evidence:
    measurement = make_measurement(durations=durations, lanes=4, **more)  # type: ignore[arg-type]
    return Evidence({measurement.configuration: measurement}, EXPLORATION)


def environments(seen: Evidence) -> int:
    (sample,) = seen.samples.values()
    return sample.environments


def test_a_search_counts_environments_and_not_lanes() -> None:
    assert environments(evidence(ALIKE)) == 4
    assert environments(evidence(ALIKE, environment="a")) == 1
    # Where they are not known, lanes are all there is to count.
    assert environments(evidence(ALIKE, environment=None)) == 4


def test_lanes_that_are_alike_say_nothing_of_environments_that_are_not_known() -> None:
    assert evidence(ALIKE).lane_noise < LANE_NOISE**2
    assert evidence(ALIKE, environment=None).lane_noise == pytest.approx(LANE_NOISE**2)
    apart = [80.0, 100.0, 120.0, 150.0] * 3
    assert evidence(apart, environment=None).lane_noise == pytest.approx(evidence(apart).lane_noise)


def test_finalists_that_share_one_environment_are_not_told_apart_by_its_luck() -> None:
    values = np.linspace(0.99, 1.01, 40)

    def left(**more: object) -> int:
        sizes = [
            make_measurement(memory_mb=mb, durations=list(mean * values), lanes=8, **more)  # type: ignore[arg-type]
            for mb, mean in ((512, 100.0), (1024, 104.0))
        ]
        seen = Evidence({m.configuration: m for m in sizes}, EXPLORATION)
        fastest, other = (m.configuration for m in sizes)
        rates = dict.fromkeys((fastest, other), 1e-9)
        return len(rivals_left(seen, fastest, rates, 0.0, EXPLORATION.goal, 0.001))

    assert left() < left(environment="a") == 1
