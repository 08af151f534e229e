"""What a search can learn from an earlier run before it begins."""

from powertune.model import Hint, Population, TuningRun

_ORIGIN = "an earlier run"


def hints_of(run: TuningRun) -> tuple[Hint, ...]:
    """The mean billed duration of each size that worked and has at least two warm invocations."""
    hints = []
    for measurement in run.measurements:
        billed = [ms for ms in measurement.invocations.select(Population.WARM, "billed_ms") if ms is not None]
        if not measurement.infeasible and len(billed) > 1:
            mean = sum(billed) / len(billed)
            hints.append(Hint(origin=_ORIGIN, configuration=measurement.configuration, duration_ms=mean))
    return tuple(hints)
