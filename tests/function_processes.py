"""The processes of functions as this machine numbers them: a function in a sandbox knows them by other numbers."""

import contextlib
import os
import re
import time
from pathlib import Path


def processes_of(server: int, function: str | None = None) -> list[int]:
    """The living processes of an embedded AWS, as far as it started them; of one function only, if named.

    Without a name, what starts functions and reaps their orphans is among them.
    """
    mark = re.compile(rf"LAMBDA_RUNTIME_DIR=.*/powertune-\d+-{server}-[\d.]+/environments/".encode())
    named = None if function is None else f"AWS_LAMBDA_FUNCTION_NAME={function}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and entry.stat().st_uid in (os.geteuid(), 2_000_000_000 + server):
                variables = (entry / "environ").read_bytes().split(b"\0")
                if any(map(mark.match, variables)) and (named is None or named in variables):
                    found.append(int(entry.name))
    return sorted(found)


def starters_of(pid: int, server: int) -> list[int]:
    """What stands between the server and a process of a function, in a sandbox: nothing elsewhere."""
    found: list[int] = []
    while True:
        status = Path(f"/proc/{pid}/status").read_text()
        (pid,) = (int(line.split()[1]) for line in status.splitlines() if line.startswith("PPid:"))
        if pid in (0, 1, server):
            return found
        found.append(pid)


def wait_for_state(pid: int, letter: str) -> None:
    """Wait until the kernel says that a process is in this state, such as `T` for stopped."""
    for _ in range(500):
        if f") {letter} " in Path(f"/proc/{pid}/stat").read_text():
            return
        time.sleep(0.01)
    raise AssertionError(Path(f"/proc/{pid}/stat").read_text())
