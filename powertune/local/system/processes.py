"""What the operating system says about processes: who lives, since when, how much memory and CPU time they used."""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

MIB = 1 << 20

_CHUNK_BYTES = 1 << 14
"""Python allocates a buffer of this size for each read: with 1 MiB that takes longer than the read itself."""


def read_file(path: str) -> bytes:
    """What a small file of the kernel's says, in a quarter of the time that `Path.read_bytes` takes.

    Raises:
        OSError: it is not there.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        chunks = [os.read(descriptor, _CHUNK_BYTES)]
        # The kernel may stop short of the buffer's end, between two lines.
        while chunks[-1]:
            chunks.append(os.read(descriptor, _CHUNK_BYTES))
        return b"".join(chunks)
    finally:
        os.close(descriptor)


def write_file(path: str, text: str) -> None:
    """Write to a small file of the kernel's, in a quarter of the time that `Path.write_text` takes.

    Raises:
        OSError: it cannot be opened, or does not take that.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


class ProcessTable(Protocol):
    """The questions that this package asks about processes. A process that is gone answers None or 0."""

    def namespace(self) -> str:
        """What distinguishes process numbers of this container from those of another."""
        ...

    def started(self, pid: int) -> str | None:
        """When a process started, as text to compare: with the number it names a process for ever."""
        ...

    def family(self, roots: Collection[int]) -> tuple[int, ...]:
        """These processes, those in a process group or session that one of them leads, and all their descendants."""
        ...

    def marked(self, variable: str) -> tuple[int, ...]:
        """The processes that were started with an environment variable that begins so: `NAME=value`."""
        ...

    def peak_rss(self, pid: int) -> int:
        """The most memory that was ever resident, in bytes."""
        ...

    def rss(self, pid: int) -> int:
        """The memory that is resident, in bytes."""
        ...

    def cpu_seconds(self, pid: int) -> float:
        """The CPU time used so far."""
        ...


class LinuxProcesses:
    """Read from /proc, and from the kernel's clock of each process."""

    def __init__(self, proc: Path = Path("/proc")) -> None:
        self._proc = proc

    def namespace(self) -> str:
        """The number of the process namespace."""
        try:
            return str((self._proc / "self/ns/pid").stat().st_ino)
        except OSError:
            return "0"

    def started(self, pid: int) -> str | None:
        """Clock ticks since boot; None also for a zombie, which runs no more."""
        fields = self._stat(pid)
        return None if fields is None or fields[0] in "ZX" else fields[19]

    def family(self, roots: Collection[int]) -> tuple[int, ...]:
        """One pass over the table: states, parents, groups and sessions are all in `stat`."""
        links = {}
        for pid in self._pids():
            fields = self._stat(pid)
            if fields is not None and fields[0] not in "ZX":
                links[pid] = Links(parent=int(fields[1]), group=int(fields[2]), session=int(fields[3]))
        return _family(roots, links)

    def marked(self, variable: str) -> tuple[int, ...]:
        """From `environ`, which shows the environment at the start of the program."""
        wanted = os.fsencode(variable)
        found = []
        for pid in self._pids():
            with contextlib.suppress(OSError):
                entries = (self._proc / str(pid) / "environ").read_bytes().split(b"\0")
                if any(entry.startswith(wanted) for entry in entries):
                    found.append(pid)
        return tuple(found)

    def peak_rss(self, pid: int) -> int:
        """`VmHWM`: page cache does not count."""
        return self._status_kib(pid, b"VmHWM:") << 10

    def rss(self, pid: int) -> int:
        """`VmRSS`."""
        return self._status_kib(pid, b"VmRSS:") << 10

    def cpu_seconds(self, pid: int) -> float:
        """The kernel's CPU clock of the process: exact to the nanosecond (clock_getcpuclockid(3))."""
        try:
            return time.clock_gettime((~pid << 3) | 2)
        except OSError:
            return 0.0

    def _pids(self) -> list[int]:
        return [int(entry.name) for entry in self._proc.iterdir() if entry.name.isdigit()]

    def _stat(self, pid: int) -> list[str] | None:
        try:
            text = (self._proc / str(pid) / "stat").read_text(errors="replace")
        except OSError:
            return None
        return text[text.rindex(")") + 2 :].split()

    def _status_kib(self, pid: int, key: bytes) -> int:
        try:
            status = read_file(f"{self._proc}/{pid}/status")
        except OSError:
            return 0
        _, found, rest = status.partition(key)
        return int(rest.split(None, 1)[0]) if found else 0


class PortableProcesses:
    """By psutil, for systems without /proc. Peaks are what was seen when asked."""

    def namespace(self) -> str:
        """There is one."""
        return "0"

    def started(self, pid: int) -> str | None:
        """Seconds since the epoch, to the hundredth."""
        import psutil

        try:
            process = psutil.Process(pid)
            return None if process.status() == psutil.STATUS_ZOMBIE else f"{process.create_time():.2f}"
        except psutil.Error:
            return None

    def family(self, roots: Collection[int]) -> tuple[int, ...]:
        """Among all processes."""
        import psutil

        links = {}
        for pid in psutil.pids():
            with contextlib.suppress(OSError, psutil.Error):
                if self.started(pid) is not None:
                    parent = psutil.Process(pid).ppid()
                    links[pid] = Links(parent=parent, group=os.getpgid(pid), session=os.getsid(pid))
        return _family(roots, links)

    def marked(self, variable: str) -> tuple[int, ...]:
        """Among the processes of this user."""
        import psutil

        found = []
        for pid in psutil.pids():
            with contextlib.suppress(OSError, psutil.Error):
                if any(
                    f"{name}={value}".startswith(variable) for name, value in psutil.Process(pid).environ().items()
                ):
                    found.append(pid)
        return tuple(found)

    def peak_rss(self, pid: int) -> int:
        """The resident memory now: the caller remembers the most it has seen."""
        return self.rss(pid)

    def rss(self, pid: int) -> int:
        """The resident memory."""
        import psutil

        try:
            return int(psutil.Process(pid).memory_info().rss)
        except psutil.Error:
            return 0

    def cpu_seconds(self, pid: int) -> float:
        """User and system time."""
        import psutil

        try:
            times = psutil.Process(pid).cpu_times()
        except psutil.Error:
            return 0.0
        return float(times.user + times.system)


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """How a process hangs together with others."""

    parent: int
    group: int
    session: int


def _family(roots: Collection[int], links: Mapping[int, Links]) -> tuple[int, ...]:
    children: dict[int, list[int]] = {}
    for pid, link in links.items():
        children.setdefault(link.parent, []).append(pid)
    led = [pid for pid, link in links.items() if pid in roots or link.group in roots or link.session in roots]
    found: set[int] = set()
    while led:
        pid = led.pop()
        if pid not in found:
            found.add(pid)
            led += children.get(pid, ())
    return tuple(sorted(found))


def process_table() -> ProcessTable:
    """The most exact table that this system offers."""
    return LinuxProcesses() if sys.platform == "linux" else PortableProcesses()


def signal_group(leader: int, number: signal.Signals) -> bool:
    """Signal a process group; False when it is gone."""
    try:
        os.killpg(leader, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def signal_all(pids: Iterable[int], number: signal.Signals) -> None:
    """Signal processes, some of which may be gone."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)
