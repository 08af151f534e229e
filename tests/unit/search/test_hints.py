"""What a search learns from an earlier run."""

from factories import make_invocation, make_measurement, make_run

from powertune.model import Status
from powertune.search.hints import hints_of


def test_sizes_with_two_warm_invocations_are_hints() -> None:
    run = make_run(
        measurements=(
            make_measurement(memory_mb=128, durations=[10.0, 20.0]),
            make_measurement(memory_mb=256, durations=[10.0]),
            make_measurement(memory_mb=512, cold=0, others=[make_invocation(status=Status.TIMEOUT)] * 3),
        )
    )
    (hint,) = hints_of(run)
    assert hint.configuration.memory_mb == 128
    assert hint.origin == "an earlier run"
    billed = run.measurements[0].invocations.column("billed_ms")[-2:]
    assert hint.duration_ms == sum(billed) / 2
