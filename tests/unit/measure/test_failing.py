"""Whether a failure is one that no memory size cures."""

import pytest
from factories import make_configuration, make_invocation, make_measurement

from powertune.measure.failing import fails_anyway
from powertune.model import Measurement, Status


def failed(error_type: str | None, status: Status = Status.ERROR, memory_mb: int = 512) -> Measurement:
    failure = make_invocation(status=status, error_type=error_type)
    return make_measurement(memory_mb=memory_mb, cold=0, others=[failure] * 3)


def judged(*measurements: Measurement) -> bool:
    return fails_anyway({each.configuration: each for each in measurements})


@pytest.mark.parametrize("kind", ["KeyError", "TypeError", "ReferenceError", "Runtime.ImportModuleError"])
def test_an_error_of_the_code_or_the_event_shows_at_one_size(kind: str) -> None:
    status = Status.CRASH if kind.startswith("Runtime.") else Status.ERROR
    assert judged(failed(kind, status))


def test_a_single_mishap_shows_nothing() -> None:
    def once(kind: str, status: Status) -> Measurement:
        return make_measurement(cold=0, others=[make_invocation(status=status, error_type=kind)])

    assert not judged(once("KeyError", Status.ERROR))
    # Code that cannot be loaded is no mishap.
    assert judged(once("Runtime.ImportModuleError", Status.CRASH))


def test_any_other_error_has_to_end_all_invocations_at_two_sizes() -> None:
    assert not judged(failed("ValidationError"))
    assert judged(failed("ValidationError"), failed("ValidationError", memory_mb=1024))
    assert not judged(failed("ValidationError"), failed("ConnectionError", memory_mb=1024))


@pytest.mark.parametrize(
    "kind", ["MemoryError", "java.lang.OutOfMemoryError", "ReadTimeout", "Runtime.ExitError", "ERR_HEAP_LIMIT", None]
)
def test_what_more_memory_may_cure_is_tried_at_other_sizes(kind: str | None) -> None:
    assert not judged(failed(kind), failed(kind, memory_mb=1024))


@pytest.mark.parametrize("status", [Status.OUT_OF_MEMORY, Status.TIMEOUT])
def test_kills_and_timeouts_are_a_matter_of_size(status: Status) -> None:
    assert not judged(failed("KeyError", status), failed("KeyError", status, memory_mb=1024))


def test_a_single_success_keeps_the_run_going() -> None:
    works = make_measurement(memory_mb=1024, durations=[1.0])
    assert not judged(failed("KeyError"), works)
    # So does one whose report is lost: it was no failure.
    lost = make_measurement(cold=0, others=[make_invocation(status=Status.MISSING, duration_ms=None)])
    assert not judged(lost)


def test_nothing_is_said_of_nothing() -> None:
    refused = Measurement(configuration=make_configuration(), unmeasured="not allowed")
    assert not judged()
    assert not judged(refused)
