"""All that runs functions, put together: containment, environments, admission, logs."""

import contextlib
import logging
import random
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from powertune.errors import UsageError
from powertune.local.containment.choice import choose
from powertune.local.endpoint.keys import Keys
from powertune.local.functions import Function
from powertune.local.runtime import janitor
from powertune.local.runtime.admission import Admission
from powertune.local.runtime.attempt import Request
from powertune.local.runtime.code_cache import BadPackage, CodeCache
from powertune.local.runtime.invoker import Invoker, Outcome, Throttled
from powertune.local.runtime.outputs import Outputs
from powertune.local.runtime.pool import Pool
from powertune.local.runtime.provisioner import Provisioner
from powertune.local.runtime.runtimes import UnknownRuntime
from powertune.local.runtime.telemetry import Sink, Telemetry
from powertune.local.runtime.world import Closing, World
from powertune.local.sandbox.choice import choose as choose_sandbox
from powertune.local.settings import Settings
from powertune.local.system.cores import Cores, available_cores, usable_numbers
from powertune.local.system.owners import Owner
from powertune.local.system.processes import process_table

_log = logging.getLogger(__name__)

_EVENT_WORKERS = 16
_EVENT_ATTEMPTS = 3
_EVENT_PAUSE_S = 1.0


class Runner:
    """What the control plane calls to have functions run."""

    def __init__(self, settings: Settings, sink: Sink, endpoint_url: str, keys: Keys | None = None) -> None:
        self.settings = settings
        self.keys = keys or Keys()
        self._random = random.Random(settings.seed)  # noqa: S311 - routes traffic between versions
        self._lock = threading.Lock()
        self._closed = threading.Event()
        processes = process_table()
        owner = Owner.current(processes)
        place = Path(tempfile.gettempdir())
        self._containment = choose(settings.containment, owner, processes)
        self._containment.reap()
        janitor.reap(place, processes)
        self._folder = place / owner.name
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(mode=0o700)
        limited = self._containment.name != "duty cycle"
        try:
            self._sandbox = choose_sandbox(settings, self._folder, memory_is_limited=limited)
        except UsageError:
            self._containment.close()
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        self.cores = available_cores(_text(Path("/proc/self/cgroup")))
        self.divided = Cores.divide(usable_numbers(), self.cores)
        self._outputs = Outputs()
        self._code = CodeCache(self._folder / "code")
        world = World(
            code=self._code,
            outputs=self._outputs,
            processes=processes,
            folder=self._folder / janitor.ENVIRONMENTS,
            endpoint_url=endpoint_url,
            access_key=self.keys.functions,
            account=self._sandbox.account,
            rooms=self._sandbox.rooms,
            python_client=settings.python_client,
        )
        self._pool = Pool(
            self._containment,
            world,
            idle_timeout_s=settings.idle_timeout_s,
            max_environments=settings.max_environments,
        )
        self.telemetry = Telemetry(sink, lambda: self._invoker.busy)
        admission = Admission(self.divided.functions)
        self.provisioner = Provisioner(settings, self.divided, admission, self._pool, self.telemetry)
        self._invoker = Invoker(settings, self.divided, admission, self._pool, self.telemetry, self.provisioner)
        self._events = ThreadPoolExecutor(_EVENT_WORKERS, thread_name_prefix="event")

    @property
    def cpu_limiter(self) -> str:
        """What holds functions to their CPU share, for people: `cgroup v1`."""
        return self._containment.name

    @property
    def note(self) -> str | None:
        """What a person has to know about what separates functions from this machine."""
        return self._sandbox.note

    @property
    def description(self) -> str:
        """What measured, as it travels in a response header."""
        python = f"{sys.version_info.major}.{sys.version_info.minor}"
        return f"{self.cpu_limiter}; cores={self.cores:g}; python={python}"

    def invoke(self, function: Function, request: Request) -> Outcome:
        """Run a function and wait for its answer.

        Raises:
            Throttled: it was not executed for want of concurrency or CPU.
            UnknownRuntime: it cannot be run here.
            BadPackage: its code or a layer cannot be unpacked.
            Closing: the server is ending.
        """
        return self._invoker.invoke(function, request)

    def invoke_event(self, function: Function, request: Request) -> None:
        """Run a function in the background, trying again when it is throttled. A server that ends drops it."""
        with self._lock:
            if not self._closed.is_set():
                self._events.submit(self._run_event, function, request)
                return
        _log.warning("event for %s not run: the embedded AWS is ending", function.name)

    def retire(self, outdated: Callable[[Function], bool]) -> None:
        """End the environments of functions that were changed or deleted."""
        self._pool.retire(outdated)

    def retire_code(self, outdated: Callable[[Function], bool]) -> None:
        """Remove what was unpacked of functions whose code was changed or that were deleted."""
        self._code.retire(outdated)

    def draw(self) -> float:
        """A random number between 0 and 1, by which a weighted alias chooses a version."""
        with self._lock:
            return self._random.random()

    def wait(self, seconds: float) -> None:
        """Wait for some time.

        Raises:
            Closing: the server is ending.
        """
        if self._closed.wait(max(seconds, 0.0)):
            raise Closing("the embedded AWS is ending")

    def close(self) -> None:
        """End every process and remove every trace."""
        with self._lock:
            self._closed.set()
        self.provisioner.cancel()
        self._pool.close()
        self.provisioner.join()
        self._events.shutdown(wait=True, cancel_futures=True)
        self.telemetry.close()
        self._outputs.close()
        self._containment.close()
        self._sandbox.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _run_event(self, function: Function, request: Request) -> None:
        for attempt in range(_EVENT_ATTEMPTS):
            with contextlib.suppress(Throttled):
                try:
                    self.invoke(function, request)
                except (UnknownRuntime, BadPackage, Closing) as error:
                    _log.warning("event for %s not run: %s", function.name, error)
                return
            if self._closed.wait(_EVENT_PAUSE_S * (attempt + 1)):
                return
        _log.warning("event for %s dropped after %d throttles", function.name, _EVENT_ATTEMPTS)


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""
