"""Which processors run functions, and which the server: answering one client must not slow another's function."""

import contextlib
import math
import os
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Cores:
    """Numbers of processors. `capacity` is how many CPUs this process may use in all, which a quota may limit.

    A machine with one processor has nothing to divide: `harness` and `functions` are the same.
    """

    harness: tuple[int, ...]
    functions: tuple[int, ...]
    capacity: float

    @classmethod
    def divide(cls, numbers: Collection[int], capacity: float) -> "Cores":
        """One processor for the server, and the others for functions, as far as the capacity reaches.

        Args:
            numbers: the processors that may be used.
            capacity: how many CPUs may be used at one time.
        """
        first, *others = sorted(numbers)
        if not others:
            return cls(harness=(first,), functions=(first,), capacity=capacity)
        usable = max(1, math.floor(capacity) - 1)
        return cls(harness=(first,), functions=tuple(others[:usable]), capacity=capacity)

    def affinity(self, chosen: Collection[int], cpus: float) -> frozenset[int]:
        """Where a function with a share of `cpus` may run that was given the function processors `chosen`.

        A share that these cannot hold reaches out to the server's.
        """
        wide = cpus > len(self.functions)
        return frozenset((*self.functions, *self.harness)) if wide else frozenset(chosen)


def usable_numbers() -> tuple[int, ...]:
    """The processors that the calling thread may use."""
    if hasattr(os, "sched_getaffinity"):
        return tuple(sorted(os.sched_getaffinity(0)))
    return tuple(range(os.cpu_count() or 1))


def available_cores(memberships: str, mounts: Sequence[Path] = (Path("/sys/fs/cgroup"),)) -> float:
    """The CPUs that this process may use: its affinity, bounded by the quota of its own cgroups."""
    cores = float(os.cpu_count() or 1)
    if sys.platform == "linux":
        cores = float(len(os.sched_getaffinity(0)))
    for line in memberships.splitlines():
        _, controllers, path = line.split(":", 2)
        for mount in mounts:
            top = mount / "cpu" if "cpu" in controllers.split(",") else mount
            folder = top / path.lstrip("/")
            for place in (folder, *folder.parents):
                cores = min(cores, _quota(place))
                if place == top:
                    break
    return cores


def pin_process(pid: int, numbers: Collection[int]) -> None:
    """Have all threads of a process, which may be gone, run on these processors only."""
    for thread in _threads(pid):
        pin_thread(thread, numbers)


def pin_thread(thread: int, numbers: Collection[int]) -> None:
    """Have a thread, 0 for the calling one, run on these processors only, and what it starts as well."""
    if hasattr(os, "sched_setaffinity") and numbers:
        with contextlib.suppress(OSError):
            os.sched_setaffinity(thread, numbers)


@contextlib.contextmanager
def pinned(numbers: Collection[int]) -> Iterator[None]:
    """Have the calling thread run on these processors meanwhile."""
    before = usable_numbers()
    pin_thread(0, numbers)
    try:
        yield
    finally:
        pin_thread(0, before)


def _threads(pid: int) -> Iterable[int]:
    try:
        return tuple(int(entry.name) for entry in Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return ()


def _quota(place: Path) -> float:
    try:
        quota, period = (place / "cpu.max").read_text().split()
    except (OSError, ValueError):
        try:
            quota = (place / "cpu.cfs_quota_us").read_text().strip()
            period = (place / "cpu.cfs_period_us").read_text().strip()
        except OSError:
            return float("inf")
    return int(quota) / int(period) if quota.isdigit() and int(quota) > 0 else float("inf")
