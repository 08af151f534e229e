"""How long judging and drawing take: 48 configurations of 1,000 invocations each, in a process of its own.

    python benchmarks/analysis.py

Prints seconds for the analysis and for each format, the best of three, and the largest memory that the process held.
"""

import resource
import time
from collections.abc import Callable

import numpy as np

from powertune.analysis import analyze
from powertune.model import (
    Architecture,
    Configuration,
    Design,
    FunctionState,
    Goal,
    GridDesign,
    Invocation,
    Invocations,
    Measurement,
    TuningRun,
)
from powertune.prices import PriceTable
from powertune.report import RUN

SIZES = (128, 256, 384, 512, 640, 768, 896, 1024, 1280, 1536, 1769, 2048)
LARGE_SIZES = (2560, 3008, 3538, 4096, 4608, 5120, 5307, 6144, 7076, 8192, 9216, 10_240)
INVOCATIONS = 1_000
LANES = 8


def simulated() -> TuningRun:
    """Both architectures at 24 sizes, with lognormal noise, environments of their own speed, and outliers."""
    generator = np.random.default_rng(1)
    configurations = tuple(
        Configuration(memory_mb=memory_mb, architecture=architecture)
        for memory_mb in (*SIZES, *LARGE_SIZES)
        for architecture in Architecture
    )
    return TuningRun(
        run_id="benchmark",
        tool_version="0",
        started_at=1_790_000_000.0,
        finished_at=1_790_000_600.0,
        engine="direct",
        function=FunctionState(
            name="simulated",
            arn="arn:aws:lambda:us-east-1:123456789012:function:simulated",
            region="us-east-1",
            qualifier=None,
            runtime="python3.13",
            memory_mb=512,
            architecture=Architecture.X86_64,
            timeout_s=60,
        ),
        design=Design(
            search=GridDesign(configurations=configurations, invocations=INVOCATIONS),
            lanes=LANES,
            concurrency=LANES,
            seed=1,
        ),
        measurements=tuple(_measured(configuration, generator) for configuration in configurations),
    )


def _measured(configuration: Configuration, generator: np.random.Generator) -> Measurement:
    mean = 60 + 120_000 / min(configuration.memory_mb, 1769)
    luck = generator.lognormal(0, 0.02, LANES)
    durations = mean * luck[np.arange(INVOCATIONS) % LANES] * generator.lognormal(0, 0.08, INVOCATIONS)
    durations[generator.random(INVOCATIONS) < 0.003] *= 2
    return Measurement(
        configuration=configuration,
        invocations=Invocations.of(
            Invocation(
                started_at=1_790_000_000.0 + turn,
                duration_ms=round(float(duration), 2),
                billed_ms=int(np.ceil(duration)),
                init_ms=150.0 if turn < LANES else None,
                max_memory_used_mb=90,
                memory_mb=configuration.memory_mb,
                lane=turn % LANES,
                environment=f"2026/09/21/[{configuration.memory_mb}]{turn % LANES:032x}",
            )
            for turn, duration in enumerate(durations)
        ),
    )


def best_of_three(work: Callable[[], object]) -> float:
    """The shortest of three durations, in seconds: the noise of a machine only ever adds."""
    took = []
    for _ in range(3):
        started = time.perf_counter()
        work()
        took.append(time.perf_counter() - started)
    return min(took)


def main() -> None:
    run, prices = simulated(), PriceTable.bundled()
    print(f"{len(run.measurements)} configurations x {INVOCATIONS:,} invocations")
    print(f"analysis    {best_of_three(lambda: analyze(run, prices, Goal())):6.2f} s")
    analysis = analyze(run, prices, Goal())
    for name in RUN.renderers:
        took = best_of_three(lambda name=name: RUN.render(analysis, name))  # type: ignore[misc]
        print(f"{name:<10}  {took:6.2f} s  {len(RUN.render(analysis, name)) / 1e6:6.2f} MB")
    print(f"memory      {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:6.0f} MB")


if __name__ == "__main__":
    main()
