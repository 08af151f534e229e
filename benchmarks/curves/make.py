"""Write the curves in this directory: families from formulas, and what was measured on the embedded AWS.

    python benchmarks/curves/make.py

Everything follows from the constants here and from the runs in reports/, so the files are the same each time.
"""

import json
import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypedDict

from powertune import results
from powertune.model import Measurement, Population

HERE = Path(__file__).parent
REPORTS = HERE.parents[1] / "reports"
VCPU_MB = 1769
#: Linux gives CPU time out per period, and looks at what was used only at each tick.
PERIOD_MS, TICK_MS = 20.0, 4.0
PHASES = 40
SIZES = (128, 192, 256, 384, 512, 640, 768, 896, 1024, 1280, 1536, 1769, 2048, 2560, 3008)
LARGE_SIZES = (*SIZES, 3538, 4096, 4608, 5307, 6144, 7076, 8192, 8845, 10_240)


class Point(TypedDict):
    memory_mb: int
    duration_ms: float


class Entry(TypedDict, total=False):
    id: str
    source: str
    note: str
    points: list[Point]
    infeasible: list[int]


def single_thread(wait: float, cpu: float) -> Callable[[int], float]:
    """ms at a size: waiting, and one thread's work, which takes `cpu` ms on a whole vCPU."""
    return lambda memory_mb: wait + cpu * VCPU_MB / min(memory_mb, VCPU_MB)


def many_threads(wait: float, cpu: float, serial: float, threads: int) -> Callable[[int], float]:
    """The same, where all but a serial share of the work is spread over a number of threads."""

    def duration(memory_mb: int) -> float:
        one = VCPU_MB / min(memory_mb, VCPU_MB)
        all_of_them = VCPU_MB / min(memory_mb, VCPU_MB * threads)
        return wait + cpu * (serial * one + (1 - serial) * all_of_them)

    return duration


def pressed(
    duration: Callable[[int], float], floor_mb: int, factor: float, reach_mb: float
) -> Callable[[int], float]:
    """What a collector or a cache that lacks memory makes of a duration: `factor` times as much more at the floor."""
    return lambda memory_mb: duration(memory_mb) * (1 + factor * math.exp(-(memory_mb - floor_mb) / reach_mb))


def quota_staircase(wait: float, cpu: float, *, aligned: bool) -> Callable[[int], float]:
    """Short work under a CPU quota: a step wherever one period less is enough.

    Aligned, a period and a tick begin with the invocation: for 17.3 ms of work that gives 27.7, 22.5, 28.2, 18.8,
    26.0 and 29.8 GB-ms at 128, 558, 699, 761, 1053 and 1761 MB, where 27.9, 22.3, 26.3, 16.6, 21.8 and 29.5 were
    measured on Lambda (doi 10.5281/zenodo.17162822). Otherwise the period is anywhere when it begins, and the steps
    are slopes.
    """

    def duration(memory_mb: int) -> float:
        phases = [0.0] if aligned else [(i + 0.5) / PHASES for i in range(PHASES)]
        return wait + sum(_throttled(cpu, memory_mb, phase) for phase in phases) / len(phases)

    return duration


def _throttled(cpu: float, memory_mb: int, phase: float) -> float:
    """Wall-clock ms of so much work. What is used beyond the quota until the next tick is owed to later periods."""
    quota = PERIOD_MS * memory_mb / VCPU_MB
    now, left, budget = 0.0, cpu, quota
    refill = PERIOD_MS * (1 - phase)
    tick = refill % TICK_MS or TICK_MS
    while True:
        step = min(left, refill - now, tick - now)
        now, left, budget = now + step, left - step, budget - step
        if left <= 1e-9:
            return now
        if now >= refill - 1e-9:
            refill += PERIOD_MS
            budget = min(quota, budget + quota)
        if now >= tick - 1e-9:
            tick += TICK_MS
            while budget <= 0:
                now = refill
                refill += PERIOD_MS
                budget = min(quota, budget + quota)
            tick += TICK_MS * math.ceil(max(0.0, now - tick) / TICK_MS)


def families() -> dict[str, list[Entry]]:
    """Curves by the name of their file. Nothing is measured here."""
    cpu = {
        f"wait {wait:g} ms, work {work:g} ms": single_thread(wait, work)
        for wait, work in ((0.5, 4.0), (2.0, 30.0), (0.0, 120.0), (10.0, 600.0), (50.0, 2500.0), (0.0, 20_000.0))
    }
    threads = {
        f"work {work:g} ms, {serial:.0%} serial, {count} threads": many_threads(5.0, work, serial, count)
        for work, serial, count in ((400.0, 0.0, 6), (3000.0, 0.05, 6), (3000.0, 0.2, 4), (30_000.0, 0.02, 6))
    }
    waiting = {f"wait {wait:g} ms, work {work:g} ms": single_thread(wait, work) for wait, work in _WAITING}
    mixed = {f"wait {wait:g} ms, work {work:g} ms": single_thread(wait, work) for wait, work in _MIXED}
    stairs = {
        f"wait {wait:g} ms, work {work:g} ms, {'aligned' if aligned else 'any phase'}": quota_staircase(
            wait, work, aligned=aligned
        )
        for wait, work, aligned in _STAIRS
    }
    return {
        "cpu_single_thread": _family("cpu_single_thread", cpu, SIZES),
        "cpu_many_threads": _family("cpu_many_threads", threads, LARGE_SIZES),
        "io_flat": _family("io_flat", waiting, SIZES),
        "mixed": _family("mixed", mixed, LARGE_SIZES),
        "memory_cliff": _cliffs(),
        "quota_staircase": _family("quota_staircase", stairs, _stair_sizes()),
    }


_WAITING = ((1.2, 0.0), (12.0, 0.3), (80.0, 1.0), (450.0, 5.0), (6000.0, 40.0))
_MIXED = ((8.0, 2.0), (40.0, 12.0), (100.0, 15.0), (300.0, 120.0), (1500.0, 400.0), (4000.0, 2500.0))
_STAIRS = (
    (0.5, 3.0, False),
    (1.0, 9.0, True),
    (0.0, 17.3, True),
    (20.0, 28.0, False),
    (0.0, 45.0, True),
    (5.0, 90.0, False),
)
_CLIFFS = (
    (single_thread(20.0, 200.0), (128,), 150, 4.0, 60.0),
    (single_thread(100.0, 900.0), (128, 192), 256, 3.0, 150.0),
    (single_thread(5.0, 60.0), (128, 256), 320, 1.5, 100.0),
    (many_threads(50.0, 2000.0, 0.1, 6), (128, 256, 384), 512, 5.0, 250.0),
    (single_thread(300.0, 50.0), (128, 256, 512), 640, 2.0, 200.0),
)


def _stair_sizes() -> tuple[int, ...]:
    """Every 5 %, for what lies between two sizes is a step and no slope."""
    sizes = [round(128 * 1.05**i) for i in range(66)]
    return tuple(sorted({*(size for size in sizes if size < 3008), VCPU_MB, 3008}))


def _cliffs() -> list[Entry]:
    entries = []
    for i, (duration, infeasible, floor_mb, factor, reach_mb) in enumerate(_CLIFFS):
        sizes = sorted({floor_mb, *(size for size in SIZES if size > floor_mb)})
        entry = _entry(f"memory_cliff-{i}", "memory_cliff", pressed(duration, floor_mb, factor, reach_mb), sizes)
        note = f"fails up to {infeasible[-1]} MB, {1 + factor:g} times as slow at {floor_mb} MB"
        entries.append(Entry(**{**entry, "note": note, "infeasible": list(infeasible)}))
    return entries


def _family(name: str, curves: dict[str, Callable[[int], float]], sizes: Iterable[int]) -> list[Entry]:
    return [
        Entry(**{**_entry(f"{name}-{i}", name, duration, sizes), "note": note})
        for i, (note, duration) in enumerate(curves.items())
    ]


def _entry(name: str, family: str, duration: Callable[[int], float], sizes: Iterable[int]) -> Entry:
    points = [Point(memory_mb=size, duration_ms=float(f"{duration(size):.5g}")) for size in sizes]
    return Entry(id=name, source=f"powertune: formula {family}", points=points)


def embedded() -> list[Entry]:
    """The mean warm durations of the recorded runs, as measured on the embedded AWS."""
    return [
        Entry(
            id=name,
            source=f"powertune: embedded AWS, examples/{name}",
            note=f"warm means of reports/{name}/run.json",
            points=[
                Point(memory_mb=m.configuration.memory_mb, duration_ms=round(_warm_mean(m), 3))
                for m in results.load(REPORTS / name / "run.json").measurements
            ],
        )
        for name in ("cpu_bound", "io_bound", "mixed")
    ]


def _warm_mean(measurement: Measurement) -> float:
    durations = measurement.invocations.select(Population.WARM, "duration_ms")
    return math.fsum(durations) / len(durations)


def text(entries: list[Entry]) -> str:
    """A curves file: JSON with one line per curve's points, so that a person can read it and compare versions."""
    blocks = []
    for entry in entries:
        head = {key: value for key, value in entry.items() if key != "points"}
        points = ", ".join(json.dumps(point) for point in entry["points"])
        fields = "".join(f"  {json.dumps(key)}: {json.dumps(value)},\n" for key, value in head.items())
        blocks.append(f' {{\n{fields}  "points": [{points}]\n }}')
    return "[\n" + ",\n".join(blocks) + "\n]\n"


def main() -> None:
    for name, entries in {**families(), "embedded": embedded()}.items():
        (HERE / f"{name}.json").write_text(text(entries))
        print(f"{name}.json: {len(entries)} curves")


if __name__ == "__main__":
    main()
