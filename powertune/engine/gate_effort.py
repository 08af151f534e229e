"""What the invocations were that a gate rests on, and what they cost."""

from collections.abc import Iterable, Sequence

from powertune.gate.model import Case
from powertune.gate.result import GateEffort
from powertune.model import Measurement, TuningRun
from powertune.prices import PriceTable


def effort_of(cases: Sequence[Case], prices: PriceTable, *, measured: bool) -> GateEffort:
    """All invocations of both sides, each once.

    The embedded AWS charges nothing, so that there is no cost where only it has measured.

    Args:
        measured: they were made for this gate.

    Raises:
        UsageError: the prices of a region are not known.
    """
    sides = [(run, measurement) for run in _runs(cases) for measurement in run.measurements]
    names = [_environments(measurement) for _, measurement in sides]
    costs = [_cost(run, measurement, prices) for run, measurement in sides if run.function.platform is None]
    known = [cost for cost in costs if cost is not None]
    return GateEffort(
        invocations=sum(len(measurement.invocations) for _, measurement in sides),
        environments=None if None in names else sum(each or 0 for each in names),
        cost=sum(known) if known else None,
        currency=prices.region(cases[0].candidate.run.function.region).currency,
        measured=measured,
    )


def _runs(cases: Sequence[Case]) -> Iterable[TuningRun]:
    """Each run of each side once."""
    found = {}
    for case in cases:
        for gated in (case.candidate, case.baseline):
            if gated is not None:
                found[id(gated.run)] = gated.run
    return found.values()


def _environments(measurement: Measurement) -> int | None:
    """How many environments served the invocations; None where that of one is not known."""
    names = {*measurement.invocations.column("environment")}
    return None if None in names else len(names)


def _cost(run: TuningRun, measurement: Measurement, prices: PriceTable) -> float | None:
    """What the invocations with a report cost; None where there is none."""
    region = prices.region(run.function.region)
    billed = [billed for billed in measurement.invocations.column("billed_ms") if billed is not None]
    storage = run.function.ephemeral_storage_mb
    each = (region.invocation_cost(measurement.configuration, ms, storage) for ms in billed)
    return sum(each) if billed else None
