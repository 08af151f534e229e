"""Removes what servers left in the temporary folder that were killed before they could clean up.

A record says which process to kill, so only records in folders of this user count.
"""

import shutil
import signal
from pathlib import Path

from powertune.local.runtime import runtimes
from powertune.local.runtime.process import LEADER_FILE
from powertune.local.system import owners
from powertune.local.system.processes import ProcessTable, signal_all, signal_group

ENVIRONMENTS = "environments"
_LEADER = f"*/{LEADER_FILE}"


def reap(place: Path, processes: ProcessTable) -> None:
    """End the processes that dead servers recorded in their folders, frozen or not, and remove the folders."""
    for folder in owners.remains(place, processes):
        for record in (folder / ENVIRONMENTS).glob(_LEADER):
            _end(record, processes)
        # Those that have left the group of their environment are known by the folder that they were given.
        signal_all(processes.marked(f"{runtimes.mark(folder / ENVIRONMENTS)}/"), signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)


def _end(record: Path, processes: ProcessTable) -> None:
    """Kill the process group that a record names, unless its number now belongs to another process.

    While members of a group live, its number is not given to a new process. So a process that has the number but
    started at another time proves that the group is gone.
    """
    try:
        number, started = record.read_text().split()
        leader = int(number)
    except (OSError, ValueError):
        return
    if processes.started(leader) in (started, None):
        signal_group(leader, signal.SIGKILL)
