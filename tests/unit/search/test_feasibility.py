"""Which sizes can be the answer."""

from dataclasses import replace

import pytest
from factories import make_configuration, make_invocation, make_measurement

from powertune.model import Architecture, Exploration, Goal, Measurement, Status
from powertune.search.adaptive.feasibility import CAPPED_MB, Feasibility, memory_used

X86_64, ARM64 = Architecture.X86_64, Architecture.ARM64
EXPLORATION = Exploration(smallest_mb=128, largest_mb=10_240, architectures=(X86_64,))


def used(memory_mb: int, used_mb: int) -> Measurement:
    return make_measurement(memory_mb=memory_mb, durations=[10.0, 11.0], max_memory_used_mb=used_mb)


def failed(memory_mb: int, status: Status = Status.OUT_OF_MEMORY) -> Measurement:
    return make_measurement(
        memory_mb=memory_mb, cold=0, others=[make_invocation(memory_mb=memory_mb, status=status)] * 2
    )


def refused(memory_mb: int) -> Measurement:
    return Measurement(configuration=make_configuration(memory_mb), unmeasured="not allowed")


def found(*measurements: Measurement, exploration: Exploration = EXPLORATION) -> Feasibility:
    measured = {m.configuration: m for m in measurements}
    sampled = [c for c, m in measured.items() if not m.infeasible and not m.unmeasured]
    return Feasibility.of(measured, exploration, sampled)


def test_without_measurements_the_range_is_open_from_the_memory_known_to_be_used() -> None:
    assert found().bounds(X86_64) == (128, 10_240)
    # 388 MB may be 97 % full.
    assert found(exploration=replace(EXPLORATION, memory_used_mb=388)).bounds(X86_64) == (400, 10_240)


def test_a_size_that_fails_rules_out_what_is_not_a_tenth_larger() -> None:
    feasibility = found(failed(512), used(1024, 100))
    assert feasibility.bounds(X86_64) == (564, 10_240)
    assert not feasibility.admits(make_configuration(512))
    assert feasibility.admits(make_configuration(1024))
    # Another architecture is not searched here.
    assert not feasibility.admits(make_configuration(1024, ARM64))
    # A failure on one architecture says nothing of the other.
    assert feasibility.bounds(ARM64) == (128, 10_240)


def test_a_full_memory_is_a_failure_unless_every_size_is_full() -> None:
    some = found(used(128, 127), used(512, 130))
    assert some.works == {make_configuration(512)}
    assert not some.fills_memory
    every = found(used(128, 127), used(512, 511))
    assert every.works == {make_configuration(128), make_configuration(512)}
    assert every.fills_memory
    assert not every.short_of_memory(make_configuration(128))


@pytest.mark.parametrize(("used_mb", "short"), [(434, False), (436, True)])
def test_memory_is_scarce_above_85_percent(used_mb: int, *, short: bool) -> None:
    assert found(used(512, used_mb)).short_of_memory(make_configuration(512)) is short


def test_a_size_refused_above_all_that_works_bounds_the_range_from_above() -> None:
    assert found(refused(5308), used(512, 100)).bounds(X86_64) == (128, CAPPED_MB)
    assert found(refused(2200), used(512, 100)).bounds(X86_64) == (128, 1999)


def test_a_size_refused_below_one_that_works_bounds_it_from_below() -> None:
    assert found(refused(256), used(512, 100)).bounds(X86_64) == (282, 10_240)


def test_headroom_is_counted_from_the_largest_memory_used() -> None:
    exploration = replace(EXPLORATION, goal=Goal(headroom=2.0))
    assert found(used(512, 100), used(1024, 300), exploration=exploration).bounds(X86_64) == (600, 10_240)


def test_errors_of_the_function_itself_are_told_from_a_lack_of_memory() -> None:
    assert found(*(failed(mb, Status.ERROR) for mb in (128, 256, 512))).always_raises(X86_64)
    assert not found(*(failed(mb, Status.ERROR) for mb in (128, 256))).always_raises(X86_64)
    assert not found(failed(128), *(failed(mb, Status.ERROR) for mb in (256, 512))).always_raises(X86_64)


def test_what_was_measured_without_a_warm_invocation_is_barren_and_not_untried() -> None:
    feasibility = found(failed(512), used(1024, 100))
    assert feasibility.barren == {make_configuration(512)}
    assert not feasibility.untried(make_configuration(1024))
    assert feasibility.untried(make_configuration(2048))
    assert not feasibility.untried(make_configuration(256))


def test_memory_that_nobody_reported_is_0() -> None:
    assert memory_used(make_measurement(durations=[1.0], max_memory_used_mb=None)) == 0
    assert memory_used(used(512, 99)) == 99
