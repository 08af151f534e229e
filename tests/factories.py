"""Nouns for tests: everything has a plausible default, so a test names only what it is about."""

import functools
import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from powertune.analysis import Analysis, analyze
from powertune.local.functions import Function
from powertune.model import (
    Advisory,
    Architecture,
    Configuration,
    Design,
    FunctionState,
    Goal,
    GridDesign,
    Invocation,
    Invocations,
    Limit,
    Measurement,
    Statistic,
    Status,
    Strategy,
    TuningRun,
    Usage,
)
from powertune.prices import PriceTable
from powertune.region_prices import ArchitecturePrices, RegionPrices

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
    lanes: int = 1,
    **more: Any,
) -> Measurement:
    """In each lane: cold starts of 100 ms with 200 ms of init, then warm invocations in turn; then others.

    Each lane has an execution environment of its own, and that is known.
    """
    cold_starts = [
        make_invocation(init_ms=200.0, memory_mb=memory_mb, lane=lane, **{"environment": f"lane-{lane}", **more})
        for lane in range(lanes)
        for _ in range(cold)
    ]
    warm = [
        make_invocation(
            duration_ms=duration,
            memory_mb=memory_mb,
            lane=turn % lanes,
            **{"environment": f"lane-{turn % lanes}", **more},
        )
        for turn, duration in enumerate(durations)
    ]
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


def make_embedded_function(**changes: Any) -> Function:
    """A function of the embedded AWS."""
    base: dict[str, Any] = {
        "account": "1", "region": "eu-west-1", "name": "f", "version": "3", "arn": "arn", "deployment": "d",
        "runtime": "python3.12", "handler": "app.handler", "memory_mb": 128, "timeout_s": 3, "code": b"",
    }  # fmt: skip
    return Function(**{**base, **changes})


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
        "design": Design(
            search=GridDesign(configurations=configurations, invocations=20), lanes=1, concurrency=8, seed=1
        ),
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
    goal: Goal | None = None,
    usage: Usage | None = None,
    **more: Any,
) -> Analysis:
    run = make_run(measurements=measurements, function=function, **more)
    return analyze(run, prices or make_prices(), goal or Goal(strategy=strategy), usage)


def recorded() -> Analysis:
    """A fixed run that has something of everything: all statuses, cold starts, failures, a tie, advisories."""

    def durations(mean: float, swing: float) -> list[float]:
        return [round(mean + swing * math.sin(5 * turn), 2) for turn in range(24)]

    return make_analysis(
        make_measurement(
            memory_mb=128,
            durations=durations(900, 30),
            lanes=4,
            others=[make_invocation(status=Status.OUT_OF_MEMORY, error_type="Runtime.OutOfMemory")],
            max_memory_used_mb=128,
        ),
        make_measurement(memory_mb=256, durations=durations(480, 60), lanes=4, max_memory_used_mb=140),
        make_measurement(
            memory_mb=512,
            durations=durations(235, 20),
            lanes=4,
            others=[make_invocation(duration_ms=None, status=Status.MISSING)],
        ),
        make_measurement(memory_mb=1024, durations=durations(118, 4), cold=3, lanes=4),
        make_measurement(memory_mb=1024, architecture=Architecture.ARM64, durations=durations(119.5, 4), lanes=4),
        make_measurement(memory_mb=3009, cold=0, unmeasured="this account may not use more than 3008 MB"),
        strategy=Strategy.BALANCED,
        prices=PriceTable.bundled(),
        advisories=(Advisory(code="concurrency-bound", message="only 10 at a time", next_step="ask for more"),),
    )


#: What a name, an error message or a tag may hold to do harm somewhere.
HOSTILE = {
    "html": "<script>alert(1)</script><img src=x onerror=alert(1)>\"'",
    "ansi": "\x1b[31mred\x1b[0m\x1b]0;title\x07\x9b31m",
    "formula": '=HYPERLINK("http://evil.example","click")',
    "formula-at": "@SUM(1+1)*cmd|' /C calc'!A0",
    "formula-tab": "\t=1+1",
    "newlines": "first\r\n# second\n\n- third\x0b\u2028fourth",
    "markdown": "| `code` ``| **bold** _it_ [link](http://evil.example) ![image](x) ~~gone~~ \\",
    "mentions": "@everyone and someone@evil.example, #1, GH-2, www.evil.example, https://evil.example, $x$",
    "entities": "&lt;b&gt; &#36; &#64;everyone ]]> -->",
    "controls": "a\x00b\x08c\x7f\ufffe\ud800\u202egnp.exe",
    "templates": "{{7*7}} {% raw %} ${x} [bold red]x[/] %s {0}",
    "long": "x" * 3000,
}


@functools.cache
def hostile_analysis(text: str) -> Analysis:
    """A run that has the text wherever a text of somebody else's may stand."""
    failed = make_invocation(status=Status.ERROR, error_type=text, request_id=text, trace_id=text)
    names = dict.fromkeys(("name", "arn", "region", "qualifier", "runtime", "platform"), text)
    labels: dict[str, Any] = dict.fromkeys(("run_id", "tool_version", "engine", "stopped"), text)
    return make_analysis(
        make_measurement(memory_mb=128, cold=0, others=[failed]),
        make_measurement(memory_mb=256, durations=[90.0, 91.0, 92.0], executed_version=text),
        make_measurement(memory_mb=512, durations=[50.0, 51.0, 52.0], others=[failed]),
        make_measurement(memory_mb=1024, cold=0, unmeasured=text),
        function=make_function(**names, cores=2.0),
        advisories=(Advisory(code=text, message=text, next_step=text),),
        **labels,
    )


@functools.cache
def degenerate_analyses() -> Mapping[str, Analysis]:
    """Runs that have too little, or too much, of something."""
    return MappingProxyType({**_with_too_little(), **_with_too_much()})


def _with_too_little() -> dict[str, Analysis]:
    failed = [make_invocation(duration_ms=50.0, status=Status.ERROR, error_type="KeyError") for _ in range(4)]
    missing = [make_invocation(duration_ms=None, status=Status.MISSING) for _ in range(4)]
    timed_out = make_invocation(duration_ms=3000.0, status=Status.TIMEOUT)
    return {
        "nothing": make_analysis(),
        "one configuration": _by_size({512: [10.0, 11.0, 12.0]}),
        "no success": make_analysis(
            make_measurement(memory_mb=256, cold=0, others=failed), make_measurement(cold=0, others=[timed_out])
        ),
        "no report": make_analysis(make_measurement(cold=0, others=missing)),
        "only cold": make_analysis(make_measurement(cold=3), make_measurement(memory_mb=1024, cold=3)),
        "single": _by_size({512: [10.0], 1024: [9.0]}),
        "pairs": _by_size({512: [1.0, 900.0], 1024: [800.0, 2.0]}),
        "identical": _by_size({512: [100.0] * 5, 1024: [100.0] * 5}),
        "zero": _by_size({128: [0.0] * 3, 512: [0.0] * 3}),
        "one size, two architectures": make_analysis(
            make_measurement(durations=[10.0, 11.0, 12.0]),
            make_measurement(durations=[4.0, 4.1, 4.2], architecture=Architecture.ARM64),
        ),
    }


def _with_too_much() -> dict[str, Analysis]:
    many = [
        make_measurement(memory_mb=size, architecture=architecture, durations=[1e6 / size, 1.1e6 / size])
        for architecture in Architecture
        for size in range(128, 3009, 64)
    ]
    two = {512: [10.0, 11.0, 12.0], 1024: [5.0, 5.5, 6.0]}
    limited = Goal(max_duration=Limit(statistic=Statistic.P95, at_most_ms=1.0), max_cost=1e-9, headroom=2.0)
    return {
        "tiny and huge": _by_size({128: [900_000.0, 899_000.0, 899_500.0], 10240: [0.5, 0.51, 0.52, 0.49]}),
        "impossible": _by_size(two, goal=limited),
        "many sizes": make_analysis(*many, usage=Usage(invocations_per_month=1e9, cold_share=0.02)),
        "staying": _by_size({512: [100.0, 140.0, 90.0], 520: [95.0, 133.0, 85.0]}),
        "unknown time": _by_size(two, started_at=1e300, finished_at=0.0),
        "another currency": _by_size(two, prices=make_prices(currency="CNY")),
    }


def _by_size(durations: dict[int, list[float]], **more: Any) -> Analysis:
    measurements = [make_measurement(memory_mb=size, durations=values) for size, values in durations.items()]
    return make_analysis(*measurements, **more)
