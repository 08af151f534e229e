"""Provisioned concurrency: environments that are initialized before any invocation, and kept.

Environments belong to the version, as on AWS: they serve whatever invokes it, under its number or an alias. They are
ended neither for being idle nor to make room. An init has the CPU share of the memory size, without the boost that
environments on demand get, and as long as 130 seconds or the function's timeout if that is longer.
"""

import logging
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from enum import StrEnum

from powertune.local.functions import Function
from powertune.local.runtime import reports
from powertune.local.runtime.admission import Admission, Claim
from powertune.local.runtime.code_cache import BadPackage
from powertune.local.runtime.demand import Demand
from powertune.local.runtime.environment import Environment
from powertune.local.runtime.outcomes import Ended
from powertune.local.runtime.outputs import Line
from powertune.local.runtime.pool import Pool
from powertune.local.runtime.runtimes import UnknownRuntime
from powertune.local.runtime.telemetry import Telemetry
from powertune.local.runtime.world import Closing
from powertune.local.settings import Settings
from powertune.local.system.cores import Cores

_log = logging.getLogger(__name__)

INIT_FAILURE = "FUNCTION_ERROR_INIT_FAILURE"
"""Lambda's StatusReason for code that cannot be initialized."""

_INIT_TIMEOUT_S = 130.0
_AT_ONCE = 4
"""How many environments of an allocation are initialized at the same time, as far as the CPU permits."""


class Status(StrEnum):
    """What has become of a request for provisioned concurrency."""

    IN_PROGRESS = "IN_PROGRESS"
    READY = "READY"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What provisioned concurrency is configured on: a version or an alias of a function."""

    account: str
    region: str
    name: str
    qualifier: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How many environments of one version to provision. An alias with weights has two shares."""

    function: Function
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What GetProvisionedConcurrencyConfig says. `modified_at` is in seconds since the epoch."""

    requested: int
    available: int
    status: Status
    reason: str | None
    modified_at: float


@dataclass(eq=False, slots=True)
class _Allocation:
    """A request, and what has become of it. Those that follow one another in a scope take turns."""

    scope: Scope
    shares: tuple[Share, ...]
    modified_at: float
    turn: threading.Lock = field(default_factory=threading.Lock)
    status: Status = Status.IN_PROGRESS
    reason: str | None = None

    @property
    def requested(self) -> int:
        return sum(share.count for share in self.shares)

    @property
    def names(self) -> frozenset[str]:
        """What its environments are marked with."""
        return frozenset(share.function.provisioned_by for share in self.shares)


class Provisioner:
    """Keeps the environments that were asked for, in threads of its own."""

    def __init__(
        self, settings: Settings, cores: Cores, admission: Admission, pool: Pool, telemetry: Telemetry
    ) -> None:
        self._settings, self._cores = settings, cores
        self._admission, self._pool, self._telemetry = admission, pool, telemetry
        self._lock = threading.Lock()
        self._allocations: dict[Scope, _Allocation] = {}
        self._threads: set[threading.Thread] = set()
        self._closed = False

    def put(self, scope: Scope, shares: tuple[Share, ...]) -> State:
        """Ask for environments. Those of the same versions are kept; others of the scope end when these are ready."""
        marked = tuple(replace(share, function=_marked(share.function, scope)) for share in shares)
        allocation = _Allocation(scope, marked, time.time())
        with self._lock:
            if not self._closed:
                if (before := self._allocations.get(scope)) is not None:
                    allocation.turn = before.turn
                self._allocations[scope] = allocation
                thread = threading.Thread(target=self._fill, args=(allocation,), name="provisioning", daemon=True)
                self._threads.add(thread)
                thread.start()
        return State(
            requested=allocation.requested,
            available=0,
            status=Status.IN_PROGRESS,
            reason=None,
            modified_at=allocation.modified_at,
        )

    def backdate(self, scope: Scope, modified_at: float) -> None:
        """Let a request have been made at another time, in seconds since the epoch."""
        with self._lock:
            self._allocations[scope].modified_at = modified_at

    def state(self, scope: Scope) -> State | None:
        """What has become of a request; None when there is none."""
        with self._lock:
            if (allocation := self._allocations.get(scope)) is None:
                return None
            status, reason = allocation.status, allocation.reason
        available = sum(
            min(share.count, self._pool.provisioned(share.function.provisioned_by).total)
            for share in allocation.shares
        )
        return State(
            requested=allocation.requested,
            available=available,
            status=status,
            reason=reason,
            modified_at=allocation.modified_at,
        )

    def requested(self) -> dict[Scope, int]:
        """All that was asked for."""
        with self._lock:
            return {scope: allocation.requested for scope, allocation in self._allocations.items()}

    def remove(self, gone: Callable[[Scope], bool]) -> None:
        """Forget requests, and end their environments; the busy ones when they are done."""
        with self._lock:
            removed = [self._allocations.pop(scope) for scope in list(self._allocations) if gone(scope)]
        names = frozenset[str]().union(*(allocation.names for allocation in removed))
        self._pool.retire(lambda function: function.provisioned_by in names)

    def metrics(self, function: Function) -> tuple[tuple[str, float, str], ...]:
        """The metrics of an invocation that an environment of this function has just begun."""
        if function.provisioned_by:
            usage = self._pool.provisioned(function.provisioned_by)
            return (
                ("ProvisionedConcurrencyInvocations", 1.0, "Count"),
                ("ProvisionedConcurrentExecutions", float(usage.busy), "Count"),
                ("ProvisionedConcurrencyUtilization", usage.busy / max(1, usage.total), "Percent"),
            )
        with self._lock:
            ready = [each for each in self._allocations.values() if each.status is Status.READY]
        if any(share.count and share.function.key == function.key for each in ready for share in each.shares):
            return (("ProvisionedConcurrencySpilloverInvocations", 1.0, "Count"),)
        return ()

    def cancel(self) -> None:
        """Start nothing more. The pool ends what exists."""
        with self._lock:
            self._closed = True
            self._allocations.clear()

    def join(self) -> None:
        """Wait for what was under way when it was canceled."""
        with self._lock:
            threads = tuple(self._threads)
        for thread in threads:
            thread.join()

    def _fill(self, allocation: _Allocation) -> None:
        try:
            with allocation.turn:
                if self._is_current(allocation):
                    self._provision(allocation)
        finally:
            with self._lock:
                self._threads.discard(threading.current_thread())

    def _provision(self, allocation: _Allocation) -> None:
        missing = []
        for share in allocation.shares:
            existing = self._pool.provisioned(share.function.provisioned_by).total
            missing += [share.function] * (share.count - existing)
        if len(missing) > (room := self._pool.room):
            reason: str | None = f"the embedded AWS has room for {room} more provisioned environments"
        else:
            with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="provisioning") as starters:
                reasons = list(starters.map(lambda function: self._start(allocation, function), missing))
            reason = next((reason for reason in reasons if reason is not None), None)
        self._conclude(allocation, reason)

    def _conclude(self, allocation: _Allocation, reason: str | None) -> None:
        keep = {share.function.provisioned_by: 0 if reason else share.count for share in allocation.shares}
        with self._lock:
            if self._allocations.get(allocation.scope) is not allocation:
                return
            for name, count in keep.items():
                self._pool.shrink(name, count)
            allocation.reason = reason
            allocation.status = Status.FAILED if reason else Status.READY
        mark = _prefix(allocation.scope)
        self._pool.retire(lambda fn: fn.provisioned_by.startswith(mark) and fn.provisioned_by not in keep)

    def _start(self, allocation: _Allocation, function: Function) -> str | None:
        """Initialize one environment; returns why that was not possible."""
        try:
            environment = self._pool.create(function)
        except Closing:
            return None
        except OSError as error:
            return f"the embedded AWS cannot create another environment: {error}"
        claim, reason = None, None
        try:
            claim = self._admit(allocation, environment)
            if claim is not None:
                timeout_s = max(_INIT_TIMEOUT_S, float(function.timeout_s))
                ended = environment.initialize(timeout_s, claim.demand.cpus, str(uuid.uuid4()))
                self._note(environment, ended)
                reason = None if ended.ok else INIT_FAILURE
        except (UnknownRuntime, BadPackage) as error:
            reason = str(error)
        except Closing:
            pass
        finally:
            self._settled(environment, claim)
        return reason

    def _admit(self, allocation: _Allocation, environment: Environment) -> Claim | None:
        """Wait for CPU for as long as the environment is wanted."""
        demand = Demand(cpus=min(environment.function.cpus, self._cores.capacity))
        while self._is_current(allocation):
            claim = self._admission.acquire(demand, self._settings.admission_timeout_s, environment.wanted_ms)
            if claim is not None:
                environment.place(self._cores.affinity(claim.cores, demand.cpus))
                return claim
        return None

    def _note(self, environment: Environment, ended: Ended) -> None:
        """Remember the init for the report of the first invocation, and write its log."""
        lines = environment.take_output()
        if ended.ok:
            environment.used_before = True
            environment.unreported_init_ms = ended.duration_ms
        else:
            at = time.time()
            line = reports.init_report_line(
                environment.function.log_format,
                at,
                duration_ms=ended.duration_ms,
                phase="init",
                status=ended.status,
                error_type=ended.error_type if ended.status == "error" else None,
                initialization_type=environment.function.initialization_type,
            )
            lines += () if line is None else (Line(int(at * 1000), line),)
        self._telemetry.wrote(environment.function, environment.log_stream, lines)

    def _settled(self, environment: Environment, claim: Claim | None) -> None:
        environment.freeze()
        if claim is not None:
            self._admission.release(claim)
        if not environment.used_before:
            self._pool.discard(environment)
        self._pool.release(environment)

    def _is_current(self, allocation: _Allocation) -> bool:
        with self._lock:
            return self._allocations.get(allocation.scope) is allocation


def _prefix(scope: Scope) -> str:
    return f"{scope.account}/{scope.region}/{scope.name}/{scope.qualifier}/"


def _marked(function: Function, scope: Scope) -> Function:
    return replace(function, provisioned_by=f"{_prefix(scope)}{function.version}/{function.deployment}")
