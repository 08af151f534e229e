"""Load and analyze a run of a million invocations, in a fresh process, within 3 seconds and 1 GB.

    python benchmarks/results.py

Prints the figures and ends with 1 if one is over its budget.
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from powertune.analysis import analyze
from powertune.model import (
    INVOCATION_FIELDS,
    Architecture,
    Configuration,
    Design,
    FunctionState,
    Goal,
    GridDesign,
    Invocations,
    Measurement,
    Status,
    TuningRun,
)
from powertune.prices import PriceTable
from powertune.results import load, save

INVOCATIONS = 1_000_000
SIZES_MB = (128, 256, 512, 768, 1024, 1536, 1769, 2048, 3008, 10_240)
BUDGET_S = 3.0
BUDGET_MB = 1024


def measurement(memory_mb: int, count: int, generator: random.Random) -> Measurement:
    """A size on Lambda: a cold start in a hundred, an error in a thousand, and figures that hardly repeat."""
    scale = 50 * 1769 / min(memory_mb, 1769)
    durations = [round(scale * generator.lognormvariate(0, 0.1), 2) for _ in range(count)]
    inits = [round(generator.uniform(150, 250), 2) if turn % 100 == 0 else None for turn in range(count)]
    failed = [turn % 1000 == 999 for turn in range(count)]
    nothing: dict[str, Sequence[object]] = dict.fromkeys(INVOCATION_FIELDS, [None] * count)
    columns = nothing | {
        "started_at": [1_790_000_000 + turn * 0.0123457 for turn in range(count)],
        "duration_ms": durations,
        "billed_ms": [int(d + (init or 0)) + 1 for d, init in zip(durations, inits, strict=True)],
        "init_ms": inits,
        "max_memory_used_mb": [generator.randint(60, 90) for _ in range(count)],
        "memory_mb": [memory_mb] * count,
        "status": [Status.ERROR if error else Status.OK for error in failed],
        "error_type": ["KeyError" if error else None for error in failed],
        "request_id": [f"{generator.getrandbits(128):032x}" for _ in range(count)],
        "executed_version": ["12"] * count,
        "lane": [turn % 4 for turn in range(count)],
        "payload": [0] * count,
        "environment": [f"2026/09/21/[12]{turn % 4:032x}" for turn in range(count)],
    }
    configuration = Configuration(memory_mb=memory_mb, architecture=Architecture.X86_64)
    return Measurement(configuration=configuration, invocations=Invocations(columns))


def run(count: int) -> TuningRun:
    """The same run every time."""
    generator = random.Random(1)
    measurements = tuple(measurement(size, count // len(SIZES_MB), generator) for size in SIZES_MB)
    return TuningRun(
        run_id="benchmark",
        tool_version="0",
        started_at=1_790_000_000.0,
        finished_at=1_790_100_000.0,
        engine="direct",
        function=FunctionState(
            name="benchmark",
            arn="arn:aws:lambda:us-east-1:123456789012:function:benchmark",
            region="us-east-1",
            qualifier=None,
            runtime="python3.13",
            memory_mb=512,
            architecture=Architecture.X86_64,
            timeout_s=3,
        ),
        design=Design(
            search=GridDesign(
                configurations=tuple(m.configuration for m in measurements), invocations=count // len(SIZES_MB)
            ),
            lanes=4,
            concurrency=32,
            seed=1,
        ),
        measurements=measurements,
    )


def peak_mb() -> float:
    """The most memory that this process has held."""
    # On Linux, ru_maxrss outlives exec: it would be that of the parent, which has made the run.
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def child(path: Path) -> None:
    """What a `powertune report` does before it renders; its figures as JSON."""
    start = time.perf_counter()
    loaded = load(path)
    middle = time.perf_counter()
    analysis = analyze(loaded, PriceTable.bundled(), Goal())
    end = time.perf_counter()
    peak = peak_mb()
    assert analysis.recommendation is not None
    counted = sum(len(m.invocations) for m in loaded.measurements)
    print(json.dumps({"invocations": counted, "load_s": middle - start, "analyze_s": end - middle, "peak_mb": peak}))


def main() -> int:
    """Write the file, read it in a child, compare with the budget."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--invocations", type=int, default=INVOCATIONS)
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child(arguments.child)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.json"
        made = run(arguments.invocations)
        start = time.perf_counter()
        save(made, path)
        print(f"wrote {path.stat().st_size / 2**20:.0f} MB in {time.perf_counter() - start:.2f} s")
        start = time.perf_counter()
        output = subprocess.run(
            [sys.executable, __file__, "--child", str(path)], check=True, capture_output=True, text=True
        ).stdout
        whole = time.perf_counter() - start
    figures = json.loads(output)
    seconds, peak = figures["load_s"] + figures["analyze_s"], figures["peak_mb"]
    print(f"loaded {figures['invocations']:,} invocations in {figures['load_s']:.2f} s")
    print(f"analyzed them in {figures['analyze_s']:.2f} s")
    print(f"together {seconds:.2f} s of {BUDGET_S:.0f} s (with the start of Python {whole:.2f} s)")
    print(f"peak memory {peak:.0f} MB of {BUDGET_MB} MB")
    return int(whole > BUDGET_S or peak > BUDGET_MB)


if __name__ == "__main__":
    sys.exit(main())
