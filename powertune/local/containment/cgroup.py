"""What both versions of cgroups share: folders, the processes in them, and their removal."""

import contextlib
import errno
import logging
import signal
import subprocess
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from powertune.local.containment.cell import Throttling
from powertune.local.system.processes import read_file, signal_all

_log = logging.getLogger(__name__)

REMOVAL_ATTEMPTS = 200
_PAUSE_S = 0.01


def launcher(folders: Sequence[Path]) -> tuple[str, ...]:
    """A prefix that moves a command into cgroups before it starts, without code between fork and exec."""
    joins = " && ".join(f'echo $$ > "${number}"' for number in range(1, len(folders) + 1))
    script = f'{joins} && shift {len(folders)} && exec "$@"'
    return ("/bin/sh", "-c", script, "sh", *(str(folder / "cgroup.procs") for folder in folders))


def can_join(folders: Sequence[Path]) -> bool:
    """Whether a process of ours may really move there: being able to create a folder does not say so."""
    try:
        outcome = subprocess.run([*launcher(folders), "true"], capture_output=True, timeout=10, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return False
    return outcome.returncode == 0


def members(folders: Iterable[Path]) -> tuple[int, ...]:
    """The processes inside cgroups."""
    pids: set[int] = set()
    for folder in folders:
        try:
            text = read_file(f"{folder}/cgroup.procs")
        except OSError:
            continue
        pids.update(int(line) for line in text.split() if line != b"0")
    return tuple(sorted(pids))


def kill_members(folders: Sequence[Path]) -> None:
    """Kill until nobody is left: a process may be born while its parent dies."""
    for _ in range(REMOVAL_ATTEMPTS):
        pids = members(folders)
        if not pids:
            return
        signal_all(pids, signal.SIGKILL)
        time.sleep(_PAUSE_S)
    _log.warning("processes %s do not end", members(folders))


def remove(folder: Path) -> None:
    """Remove a cgroup and those below it, waiting for the kernel to let go of processes that have just ended."""
    with contextlib.suppress(OSError):
        for child in sorted(folder.iterdir()):
            if child.is_dir():
                remove(child)
    for _ in range(REMOVAL_ATTEMPTS):
        try:
            folder.rmdir()
        except FileNotFoundError:
            return
        except OSError as error:
            if error.errno != errno.EBUSY:
                _log.warning("cannot remove %s: %s", folder, error)
                return
            time.sleep(_PAUSE_S)
        else:
            return
    _log.warning("cgroup %s stays busy", folder)


def bury(folder: Path) -> None:
    """Kill whoever is in a cgroup or below it, frozen or not, and remove it."""
    with contextlib.suppress(OSError):
        places = [folder, *(child for child in folder.iterdir() if child.is_dir())]
        kill_members(places)
    remove(folder)


def throttling(folder: Path, key: str, per_ms: float) -> Throttling:
    """A cgroup's throttling, from `cpu.stat`: `key` names the lost time, and `per_ms` of its units are a ms."""
    words: list[bytes] = []
    with contextlib.suppress(OSError):
        words = read_file(f"{folder}/cpu.stat").split()
    values = dict(zip(words[::2], map(int, words[1::2]), strict=False))
    return Throttling(
        periods=values.get(b"nr_periods", 0),
        throttled=values.get(b"nr_throttled", 0),
        throttled_ms=values.get(key.encode(), 0) / per_ms,
    )


def counter(file: Path, key: str) -> int:
    """A figure from a file of `key value` lines; 0 when there is none."""
    with contextlib.suppress(OSError):
        for line in file.read_text().splitlines():
            name, _, value = line.partition(" ")
            if name == key:
                return int(value)
    return 0
