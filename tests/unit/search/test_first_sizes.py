"""The sizes to begin with."""

from dataclasses import replace

import pytest
from factories import make_configuration, make_invocation, make_measurement

from powertune.model import Architecture, Exploration, Measurement, Status
from powertune.search.adaptive.feasibility import Feasibility
from powertune.search.adaptive.first_sizes import first_sizes

X86_64, ARM64 = Architecture.X86_64, Architecture.ARM64
EXPLORATION = Exploration(smallest_mb=128, largest_mb=3008, architectures=(X86_64,))


def sizes(*measurements: Measurement, exploration: Exploration = EXPLORATION, informed: bool = False) -> list[int]:
    measured = {m.configuration: m for m in measurements}
    sampled = [c for c, m in measured.items() if not m.infeasible]
    return [c.memory_mb for c in first_sizes(Feasibility.of(measured, exploration, sampled), informed=informed)]


def works(memory_mb: int) -> Measurement:
    return make_measurement(memory_mb=memory_mb, durations=[10.0, 11.0])


def fails(memory_mb: int, status: Status = Status.OUT_OF_MEMORY) -> Measurement:
    return make_measurement(memory_mb=memory_mb, cold=0, others=[make_invocation(status=status)] * 2)


def test_a_search_begins_with_the_three_smallest_sizes_of_the_series() -> None:
    assert sizes() == [128, 256, 512]
    assert sizes(exploration=replace(EXPLORATION, memory_used_mb=300)) == [512, 1024, 1769]


def test_known_curves_take_one_size_less() -> None:
    assert sizes(informed=True) == [128, 256]


def test_the_second_architecture_takes_one_size_less() -> None:
    both = replace(EXPLORATION, architectures=(ARM64, X86_64))
    found = first_sizes(Feasibility.of({}, both, ()), informed=False)
    assert [c.architecture for c in found] == [ARM64] * 3 + [X86_64] * 2


def test_a_size_that_fails_is_replaced_by_a_larger_one() -> None:
    assert sizes(fails(128), works(256), works(512)) == [1024]
    assert sizes(works(128), works(256), works(512)) == []


def test_an_error_in_the_function_is_looked_at_once_more_at_the_largest_size() -> None:
    errors = [fails(mb, Status.ERROR) for mb in (128, 256, 512)]
    assert sizes(*errors) == [3008]
    assert sizes(*errors, fails(3008, Status.ERROR)) == []


@pytest.mark.parametrize(("current", "expected"), [(300, [128, 300, 512]), (360, [128, 256, 512])])
def test_the_current_size_replaces_one_near_it(current: int, expected: list[int]) -> None:
    assert sizes(exploration=replace(EXPLORATION, current=make_configuration(current))) == expected


def test_a_range_that_holds_too_few_of_the_series_is_measured_at_its_ends_and_middle() -> None:
    assert sizes(exploration=replace(EXPLORATION, smallest_mb=600, largest_mb=900)) == [600, 735, 900]
    assert sizes(exploration=replace(EXPLORATION, smallest_mb=512, largest_mb=512)) == [512]
