"""Names that say which server process a folder or cgroup belongs to, so that a dead owner's remains can be removed.

A name holds the process namespace, the process number and the start time. Together they never name two processes, so
that an owner is known to be dead with certainty, and what belongs to a living one, or to one in another container,
is never touched.
"""

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from powertune.local.system.processes import ProcessTable

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_NAME = re.compile(r"powertune-(?P<namespace>\d+)-(?P<pid>\d+)-(?P<started>[\d.]+)")


@dataclass(frozen=True, slots=True)
class Owner:
    """A server process."""

    namespace: str
    pid: int
    started: str

    @classmethod
    def current(cls, processes: ProcessTable) -> "Owner":
        """This very process."""
        pid = os.getpid()
        return cls(processes.namespace(), pid, processes.started(pid) or "0")

    @classmethod
    def parse(cls, name: str) -> "Owner | None":
        """The owner that a folder's name tells, or None."""
        match = _NAME.fullmatch(name)
        return None if match is None else cls(match["namespace"], int(match["pid"]), match["started"])

    @property
    def name(self) -> str:
        """What the owner's folders and cgroups are called."""
        return f"powertune-{self.namespace}-{self.pid}-{self.started}"

    def is_dead(self, processes: ProcessTable) -> bool:
        """Whether the owner certainly runs no more. Of another container's processes nothing is certain."""
        return self.namespace == processes.namespace() and processes.started(self.pid) != self.started


def remains(place: Path, processes: ProcessTable) -> Iterator[Path]:
    """The folders in `place` whose owners are dead.

    Only those that belong to this user: in a temporary folder everybody can create one that names a dead server.
    """
    try:
        entries = sorted(place.iterdir())
    except OSError:
        return
    for entry in entries:
        owner = Owner.parse(entry.name)
        if owner is not None and owner.is_dead(processes) and _is_ours(entry):
            yield entry


def _is_ours(entry: Path) -> bool:
    """Whether it is a folder, not a link, that this user owns and that nobody else may write to."""
    try:
        found = entry.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & _OTHERS_WRITE
