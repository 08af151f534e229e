"""Runs AWS CLI commands read from stdin, each in a fork of a process that has already imported the CLI.

Importing it takes a second. A line is `{"arguments": [...], "stdout": path, "stderr": path}`, and is answered by the
exit status.
"""

import json
import os
import signal
import sys
import traceback
from typing import Any

from awscli.clidriver import create_clidriver

_PATIENCE_S = 120


def run(request: dict[str, Any]) -> int:
    """Run a command in a process of its own; returns its exit status."""
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    status = 255
    signal.alarm(_PATIENCE_S)  # whoever asked waits for a line
    try:
        for number, path in enumerate((os.devnull, request["stdout"], request["stderr"])):
            os.dup2(os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), number)
        status = create_clidriver().main(request["arguments"])
    except BaseException:  # whatever it is, it must not go on in the process that forks
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    create_clidriver()  # which loads all plugins
    for line in sys.stdin:
        sys.stdout.write(f"{run(json.loads(line))}\n")
        sys.stdout.flush()
