"""The time that a proposal of the adaptive search takes, and the memory that many of them take.

    python benchmarks/propose.py [--calls 10000]

Searches simulated functions one after the other, from 128 to 10,240 MB, as `powertune run` does by default and with
`--precision 3%`, which takes many more proposals, and times each of them. Memory is what the process holds after the
first 1,000 calls and after all of them. The exit status is 1 if a median or the growth exceeds its bound.
"""

import argparse
import gc
import itertools
import statistics
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))  # a script's own directory is there, but not the one above

from benchmarks.search_policies.adapter import Measured, drive
from benchmarks.search_policies.curves import Curve, load
from benchmarks.search_policies.landscape import PRICES
from benchmarks.search_policies.sampler import Sampler
from benchmarks.search_policies.simulation import Conditions, CurveFunction
from powertune.model import Architecture, Batch, Exploration
from powertune.search import Search, Stop
from powertune.search.adaptive import Adaptive
from powertune.units import MEMORY_MAX_MB, MEMORY_MIN_MB

CURVES = Path(__file__).parent / "curves"
#: Memory is read after FIRST calls, when everything has been used once, and after all.
FIRST, CALLS = 1_000, 10_000
BOUND_MS = 50.0
BOUND_MB = 10.0
X86_64, ARM64 = Architecture.X86_64, Architecture.ARM64
ARM64_SPEED = 0.9
#: What is searched: the architectures, and the precision that was asked for.
KINDS: Mapping[str, tuple[tuple[Architecture, ...], float | None]] = {
    "one architecture": ((X86_64,), None),
    "one architecture, 3 %": ((X86_64,), 0.03),
    "two architectures": ((X86_64, ARM64), None),
    "two architectures, 3 %": ((X86_64, ARM64), 0.03),
}


@dataclass(slots=True)
class Watch:
    """The time of each call (ms) by kind, and the memory of the process (MB) after the first 1,000 and after all."""

    calls: int
    times_ms: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    held_mb: dict[int, float] = field(default_factory=dict)

    def note(self, kind: str, took_ms: float) -> None:
        """One more call."""
        self.times_ms[kind].append(took_ms)
        if self.done in (FIRST, self.calls):
            gc.collect()
            self.held_mb[self.done] = psutil.Process().memory_info().rss / 2**20

    @property
    def done(self) -> int:
        """The number of calls."""
        return sum(map(len, self.times_ms.values()))

    @property
    def growth_mb(self) -> float:
        """The memory that the calls after the first 1,000 added."""
        before, after = self.held_mb.values()
        return after - before


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """A search whose proposals are timed."""

    search: Search
    kind: str
    watch: Watch

    def propose(self, measured: Measured) -> Batch | Stop:
        """The same proposal."""
        started = time.perf_counter()
        proposal = self.search.propose(measured)
        self.watch.note(self.kind, 1000 * (time.perf_counter() - started))
        return proposal


def simulate(watch: Watch) -> None:
    """Run searches of every kind on every function, each with new noise, until there are enough calls."""
    functions = _functions()
    while watch.done < watch.calls:
        seed, function = next(functions)
        for kind, (architectures, precision) in KINDS.items():
            exploration = Exploration(
                smallest_mb=MEMORY_MIN_MB,
                largest_mb=MEMORY_MAX_MB,
                architectures=architectures,
                precision=precision,
            )
            search = Adaptive(exploration=exploration, prices=PRICES, seed=seed)
            drive(Timed(search=search, kind=kind, watch=watch), Sampler(function, architectures, seed).invoke)


def _functions() -> Iterator[tuple[int, CurveFunction]]:
    """The curves that cover all sizes, in a cycle, each time with a new seed. They are a little faster on arm64."""
    whole = [c for c in load(CURVES) if (c.smallest_mb, c.largest_mb) == (MEMORY_MIN_MB, MEMORY_MAX_MB)]
    curves = [{X86_64: curve, ARM64: _faster(curve)} for curve in whole]
    return enumerate(itertools.cycle([CurveFunction(curves=each, conditions=Conditions()) for each in curves]))


def _faster(curve: Curve) -> Curve:
    points = tuple((size, ARM64_SPEED * duration) for size, duration in curve.points)
    return replace(curve, id=f"{curve.id} on arm64", points=points)


def main() -> int:
    """Simulate, print the table, compare with the bounds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=CALLS)
    calls = parser.parse_args().calls
    if calls <= FIRST:
        parser.error(f"--calls must be more than {FIRST:,}")
    watch = Watch(calls)
    simulate(watch)
    print(f"{'one proposal':24}  calls  median ms  95 % below  max ms   (bound: median {BOUND_MS:.0f} ms)")
    for kind, times in watch.times_ms.items():
        median, p95 = statistics.median(times), statistics.quantiles(times, n=20)[18]
        print(f"{kind:24} {len(times):6,} {median:10.1f} {p95:11.1f} {max(times):7.1f}")
    held = ", ".join(f"{mb:.1f} MB after {done:,} calls" for done, mb in watch.held_mb.items())
    print(f"\nmemory held: {held}; growth {watch.growth_mb:+.1f} MB (bound {BOUND_MB:.0f} MB)")
    slow = any(statistics.median(times) > BOUND_MS for times in watch.times_ms.values())
    return int(slow or watch.growth_mb > BOUND_MB)


if __name__ == "__main__":
    sys.exit(main())
