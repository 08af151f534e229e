"""The process that an environment runs: its code, its folder, what it is started with, and what it writes."""

import os
import shutil
import subprocess
import time
from pathlib import Path

from powertune.local.containment.cell import Cell
from powertune.local.functions import Function
from powertune.local.runtime import runtimes
from powertune.local.runtime.outputs import Line, Output
from powertune.local.runtime.world import World
from powertune.local.sandbox import scenery
from powertune.local.sandbox.rooms import Room, Start, Started
from powertune.local.system import cores
from powertune.local.system.kernel_clock import Instant

LEADER_FILE = "leader"
_SCRATCH = "tmp"


class RuntimeProcess:
    """One runtime at a time. Those that are started one after the other share a folder, the code and /tmp."""

    def __init__(self, function: Function, folder: Path, cell: Cell, world: World) -> None:
        self._function, self._folder, self._cell, self._world = function, folder, cell, world
        self._folder.mkdir(parents=True)
        self._process: subprocess.Popen[bytes] | None = None
        self._output: Output | None = None
        self._code: tuple[Path, Path | None] | None = None
        self._room: Room | None = None

    @property
    def exit_code(self) -> int:
        """How the last runtime ended, negative for a signal."""
        return 1 if self._process is None else self._process.returncode

    def prepare(self) -> runtimes.Places:
        """Have the code unpacked, and /tmp made.

        Raises:
            BadPackage: the code or a layer cannot be unpacked.
        """
        scratch = self._folder / _SCRATCH
        if self._code is None:
            self._code = self._world.code.claim(self._function)
        task_root, layers = self._code
        if (rooms := self._world.rooms) is not None:
            # It stays as it is when the runtime is started again: so does Lambda's /tmp.
            self._room = self._room or rooms.room(self._folder, self._function.ephemeral_storage_mb)
            opt = None if layers is None else scenery.LAYERS
            seen = runtimes.Places(task_root=scenery.TASK_ROOT, layers=opt, scratch=scenery.SCRATCH)
            return runtimes.Places(task_root=task_root, layers=layers, scratch=scratch, seen=seen)
        scratch.mkdir(exist_ok=True)
        if self._world.account is not None:
            self._world.account.give(scratch)
        return runtimes.Places(task_root=task_root, layers=layers, scratch=scratch)

    def start(
        self, places: runtimes.Places, settings: runtimes.EnvironmentSettings, numbers: frozenset[int]
    ) -> Started:
        """Start the runtime on these processors.

        Raises:
            UnknownRuntime: there is no way to run this runtime here.
            NoEntrypoint: there is nothing to start.
            OSError: it cannot be started.
        """
        command = runtimes.command(self._function, places, self._world.python_client)
        variables = runtimes.variables(self._function, places, settings)
        if self._output is not None:
            self._world.outputs.close_one(self._output)
        self._output = self._world.outputs.open()
        try:
            for user in self._world.users:
                # So that it can be opened again by its name, as `echo > /dev/stderr` does.
                os.fchown(self._output.write_end, user, user)
            # What is started inherits the processors of the thread that starts it.
            with cores.pinned(numbers):
                started = self._spawn(command, places, variables, self._output)
        finally:
            self._output.handed_over()
        self._process = started.process
        pid = started.process.pid
        (self._folder / LEADER_FILE).write_text(f"{pid} {self._world.processes.started(pid)}")
        self._cell.started(started.leader, runtimes.mark(self._folder / _SCRATCH))
        return started

    def take_output(self) -> tuple[Line, ...]:
        """What was written since last asked."""
        return () if self._output is None else self._output.take()

    def close(self) -> None:
        """Remove what belongs to it, once no runtime is there any more."""
        if self._output is not None:
            self._world.outputs.close_one(self._output)
        if self._code is not None:
            self._world.code.release(self._function)
        if self._room is not None:
            self._room.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _spawn(
        self, command: tuple[str, ...], places: runtimes.Places, variables: dict[str, str], output: Output
    ) -> Started:
        if self._room is not None:
            start = Start(
                command=command,
                variables=variables,
                task_root=places.task_root,
                layers=places.layers,
                cgroups=self._cell.cgroups,
                mark=runtimes.mark(places.scratch),
            )
            return self._room.start(start, output.write_end)
        become = () if (account := self._world.account) is None else account.launcher
        # Read before: when this thread goes on, the runtime may already have begun.
        at = Instant.now(time.time_ns())
        process = subprocess.Popen(  # noqa: S603 - running the function's code is what this is for
            (*self._cell.launcher, *become, *command),
            cwd=places.task_root,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=output.write_end,
            stderr=output.write_end,
            start_new_session=True,
        )
        return Started(process, process.pid, at)
