"""Starts a runtime in namespaces of its own: the program between the server and the function.

Three processes: this one, which the server knows and which ends as the runtime did; the first in the new process
namespace, which reaps orphans, and with which all others end; and the runtime. Only the runtime joins the cgroups, as
its last step but one, so that nothing here counts as the function's memory or CPU time.
"""

import marshal
import os
import sys
import time
from typing import Any, NoReturn

from powertune.local.sandbox import fitting, kernel

FAILED = "!"
"""Begins what is said if the namespaces cannot be prepared."""

_NOT_STARTED = 127


def main() -> NoReturn:
    """Read from stdin what to start; say on the given pipe how that went, and close it when the runtime starts.

    What is said of a start: the runtime's number, and when it began on the performance counter and by the system's
    clock, in ns. The number of an error follows if the command could not be executed.
    """
    ready = int(sys.argv[1])
    os.set_inheritable(ready, False)
    order: dict[str, Any] = marshal.load(sys.stdin.buffer)  # noqa: S302 - from our own server
    ended, tell_end = os.pipe()
    try:
        os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
        # Opened while they can be reached; the runtime's first process writes to them.
        cgroups = [os.open(file, os.O_WRONLY) for file in order["cgroups"]]
        _enter(order)
        first = os.fork()
    except OSError as error:
        _give_up(ready, error)
    if first == 0:
        os.close(ended)
        try:
            _first_process(order, cgroups, ready, tell_end)
        except BaseException as error:  # a forked process must not go on as its parent would
            _give_up(ready, error)
    for descriptor in (ready, tell_end, *cgroups):
        os.close(descriptor)
    status = os.read(ended, 16)
    os.waitpid(first, 0)
    _end_as(int(status or _NOT_STARTED << 8))


def _enter(order: dict[str, Any]) -> None:
    """Into the keeper's namespaces, where the functions' root folder is, and on into new ones."""
    namespaces = f"/proc/{order['keeper']}/ns"
    kinds = [("user", kernel.NEW_USER)] if order["with_user"] else []
    # All are opened before the first is entered: /proc may not be readable from there.
    opened = [
        (os.open(f"{namespaces}/{name}", os.O_RDONLY), kind) for name, kind in (*kinds, ("mnt", kernel.NEW_MOUNTS))
    ]
    for descriptor, kind in opened:
        kernel.enter(descriptor, kind)
        os.close(descriptor)
    kernel.unshare(kernel.NEW_MOUNTS | kernel.NEW_PIDS | kernel.NEW_IPC)


def _first_process(order: dict[str, Any], cgroups: list[int], ready: int, tell_end: int) -> NoReturn:
    kernel.die_with_parent()
    # Through the machine's own /proc a process learns the number that the server knows it by.
    machine = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY)
    before = os.umask(0o022)
    root = order["root"]
    for entry in order["entries"]:
        fitting.fit(root, entry)
    kernel.mount("proc", f"{root}/proc", kernel.NO_SUID | kernel.NO_DEVICES | kernel.NO_EXEC)
    fitting.fit(root, (fitting.SHOW, f"{root}/proc/sys", "/proc/sys"))
    kernel.change_root(root)
    os.umask(before)
    runtime = os.fork()
    if runtime == 0:
        _become_runtime(order, cgroups, ready, machine)
    for descriptor in (ready, machine, *cgroups):
        os.close(descriptor)
    while True:
        pid, status = os.wait()
        if pid == runtime:
            os.write(tell_end, str(status).encode())
            os._exit(0)


def _become_runtime(order: dict[str, Any], cgroups: list[int], ready: int, machine: int) -> NoReturn:
    try:
        os.setsid()
        number = os.readlink("self", dir_fd=machine)
        for descriptor in cgroups:
            os.write(descriptor, b"0")
        kernel.drop_rights(order["user"])
        kernel.heed_all_signals()
        os.chdir(order["folder"])
        # Said here, because the server may get the processor only after the runtime has begun.
        os.write(ready, f"{number} {time.perf_counter_ns()} {time.time_ns()}".encode())
    except BaseException as error:  # as above
        _give_up(ready, error)
    try:
        os.execve(order["command"][0], order["command"], order["variables"])  # noqa: S606
    except OSError as error:
        os.write(ready, f" {error.errno}".encode())
    os._exit(_NOT_STARTED)


def _give_up(ready: int, error: BaseException) -> NoReturn:
    os.write(ready, f"{FAILED}{error}".encode())
    os._exit(_NOT_STARTED)


def _end_as(status: int) -> NoReturn:
    """End in the way of the runtime, so that the server sees what it did."""
    if os.WIFSIGNALED(status):
        kernel.die_by(os.WTERMSIG(status))
    os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
