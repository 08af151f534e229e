"""The memory limit where no cgroup enforces one: resident memory is polled, and who exceeds it is killed."""

import threading
from typing import Protocol

from powertune.local.system.processes import ProcessTable

INTERVAL_S = 0.05


class Watched(Protocol):
    """A cell, as far as the watch needs to know it."""

    def pids(self) -> tuple[int, ...]:
        """The processes inside."""
        ...

    def kill(self) -> None:
        """End them."""
        ...


class MemoryWatch:
    """One thread for all cells; it runs only while there is one to watch."""

    def __init__(self, processes: ProcessTable) -> None:
        self._processes = processes
        self._limits: dict[Watched, int] = {}
        self._exceeded: set[Watched] = set()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def watch(self, cell: Watched, limit_bytes: int) -> None:
        """Begin to watch a cell, or its next process."""
        with self._lock:
            self._limits[cell] = limit_bytes
            self._exceeded.discard(cell)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="memory-watch", daemon=True)
                self._thread.start()

    def exceeded(self, cell: Watched) -> bool:
        """Whether the cell's present process was killed by the watch."""
        with self._lock:
            return cell in self._exceeded

    def forget(self, cell: Watched) -> None:
        """The cell is being closed."""
        with self._lock:
            self._limits.pop(cell, None)
            self._exceeded.discard(cell)

    def close(self) -> None:
        """End the thread."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def check(self) -> None:
        """Look at every cell once."""
        with self._lock:
            limits = tuple(self._limits.items())
        for cell, limit in limits:
            if sum(self._processes.rss(pid) for pid in cell.pids()) > limit:
                with self._lock:
                    self._exceeded.add(cell)
                cell.kill()

    def _run(self) -> None:
        while not self._stop.wait(INTERVAL_S):
            self.check()
