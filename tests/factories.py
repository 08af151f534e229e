"""Nouns for tests: everything has a plausible default, so a test names only what it is about."""

import math
from collections.abc import Sequence
from typing import Any

from powertune.analysis import Analysis, Goal, Strategy, analyze
from powertune.model import (
    Advisory,
    Architecture,
    Configuration,
    Design,
    FunctionState,
    Invocation,
    Invocations,
    Measurement,
    Status,
    TuningRun,
)
from powertune.prices import ArchitecturePrices, PriceTable, RegionPrices

START = 1_790_000_000.0


def make_configuration(memory_mb: int = 512, architecture: Architecture = Architecture.X86_64) -> Configuration:
    return Configuration(memory_mb=memory_mb, architecture=architecture)


def make_invocation(
    *,
    duration_ms: float | None = 100.0,
    billed_ms: int | None = None,
    init_ms: float | None = None,
    status: Status = Status.OK,
    lane: int = 0,
    **more: Any,
) -> Invocation:
    """A warm success, billed as Lambda does: duration and init, rounded up."""
    if billed_ms is None and duration_ms is not None:
        billed_ms = math.ceil(duration_ms + (init_ms or 0.0))
    return Invocation(
        **{"started_at": START, "max_memory_used_mb": 60, "executed_version": "1", "request_id": "r", **more},
        duration_ms=duration_ms,
        billed_ms=billed_ms,
        init_ms=init_ms,
        status=status,
        lane=lane,
    )


def make_measurement(
    *,
    memory_mb: int = 512,
    architecture: Architecture = Architecture.X86_64,
    durations: Sequence[float] = (),
    cold: int = 1,
    others: Sequence[Invocation] = (),
    unmeasured: str | None = None,
    **more: Any,
) -> Measurement:
    """In one lane: cold starts of 100 ms with 200 ms of init, then warm invocations, then others."""
    cold_starts = [make_invocation(init_ms=200.0, memory_mb=memory_mb, **more) for _ in range(cold)]
    warm = [make_invocation(duration_ms=duration, memory_mb=memory_mb, **more) for duration in durations]
    invocations = Invocations.of((*cold_starts, *warm, *others))
    return Measurement(
        configuration=make_configuration(memory_mb, architecture), invocations=invocations, unmeasured=unmeasured
    )


def make_function(**more: Any) -> FunctionState:
    defaults: dict[str, Any] = {
        "name": "resize",
        "arn": "arn:aws:lambda:us-east-1:123456789012:function:resize",
        "region": "us-east-1",
        "qualifier": None,
        "runtime": "python3.13",
        "memory_mb": 512,
        "architecture": Architecture.X86_64,
        "timeout_s": 3,
    }
    return FunctionState(**{**defaults, **more})


def make_run(
    *, measurements: Sequence[Measurement] = (), function: FunctionState | None = None, **more: Any
) -> TuningRun:
    """A complete run whose design is what was measured."""
    configurations = tuple(measurement.configuration for measurement in measurements)
    defaults: dict[str, Any] = {
        "run_id": "20260901-abcdef",
        "tool_version": "0.1.0",
        "started_at": START,
        "finished_at": START + 60,
        "engine": "direct",
        "design": Design(configurations=configurations, invocations=20, lanes=1, concurrency=8, seed=1),
    }
    return TuningRun(**{**defaults, **more}, function=function or make_function(), measurements=tuple(measurements))


def make_prices(
    *, gb_second: float = 0.0000166667, request: float = 0.0000002, currency: str = "USD", **more: Any
) -> RegionPrices:
    """One region, with one price for both architectures."""
    prices = ArchitecturePrices(gb_second=((None, gb_second),), ephemeral_gb_second=0.0000000309)
    return RegionPrices(
        **{"region": "us-east-1", **more},
        currency=currency,
        request=request,
        architectures=tuple((architecture, prices) for architecture in Architecture),
    )


def make_analysis(
    *measurements: Measurement,
    strategy: Strategy = Strategy.COST,
    prices: RegionPrices | PriceTable | None = None,
    function: FunctionState | None = None,
    **more: Any,
) -> Analysis:
    run = make_run(measurements=measurements, function=function, **more)
    return analyze(run, prices or make_prices(), Goal(strategy=strategy))


def recorded() -> Analysis:
    """A fixed run that has something of everything: all statuses, cold starts, failures, a tie, advisories."""

    def durations(mean: float, swing: float) -> list[float]:
        return [round(mean + swing * math.sin(5 * turn), 2) for turn in range(24)]

    return make_analysis(
        make_measurement(
            memory_mb=128,
            durations=durations(900, 30),
            others=[make_invocation(status=Status.OUT_OF_MEMORY, error_type="Runtime.OutOfMemory")],
            max_memory_used_mb=128,
        ),
        make_measurement(memory_mb=256, durations=durations(480, 60), max_memory_used_mb=140),
        make_measurement(
            memory_mb=512,
            durations=durations(235, 20),
            others=[make_invocation(duration_ms=None, status=Status.MISSING)],
        ),
        make_measurement(memory_mb=1024, durations=durations(118, 4), cold=3),
        make_measurement(memory_mb=1024, architecture=Architecture.ARM64, durations=durations(119.5, 4)),
        make_measurement(memory_mb=3009, cold=0, unmeasured="this account may not use more than 3008 MB"),
        strategy=Strategy.BALANCED,
        prices=PriceTable.bundled(),
        advisories=(Advisory(code="concurrency-bound", message="only 10 at a time", next_step="ask for more"),),
    )
