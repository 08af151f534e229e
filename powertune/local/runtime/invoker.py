"""An invocation from request to answer: environment, admission, init, run, logs."""

import contextlib
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from powertune.local.containment import contention
from powertune.local.functions import Function
from powertune.local.metrics.of_lambda import Concurrency, Meter
from powertune.local.runtime import outcomes, reports
from powertune.local.runtime.admission import Admission, Claim
from powertune.local.runtime.attempt import Attempt, Request
from powertune.local.runtime.demand import Demand, Uses
from powertune.local.runtime.environment import Environment
from powertune.local.runtime.outcomes import Ended
from powertune.local.runtime.pool import Pool
from powertune.local.runtime.provisioner import Provisioner
from powertune.local.runtime.telemetry import Record, Telemetry
from powertune.local.settings import Settings
from powertune.local.system.cores import Cores


class Throttled(Exception):
    """The invocation was not executed; `reason` is Lambda's word for why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a caller gets. `waited_ms` is how long others kept the function from a processor, if that is notable."""

    request_id: str
    payload: bytes
    failed: bool
    log_tail: bytes
    version: str
    waited_ms: float = 0.0


class Invoker:
    """Runs functions in environments."""

    def __init__(
        self,
        settings: Settings,
        cores: Cores,
        admission: Admission,
        pool: Pool,
        telemetry: Telemetry,
        provisioner: Provisioner,
    ) -> None:
        self._settings, self._cores, self._pool, self._telemetry = settings, cores, pool, telemetry
        self._admission, self._uses, self._provisioner = admission, Uses(), provisioner
        self._lock = threading.Lock()
        self._running: Counter[tuple[str, str, str]] = Counter()
        self._meter = Meter()

    @property
    def busy(self) -> bool:
        """Whether any invocation is under way."""
        return self._running.total() > 0

    def invoke(self, function: Function, request: Request) -> Outcome:
        """Run a function once.

        Raises:
            Throttled: no concurrency, or no CPU within the time that callers are kept waiting.
            UnknownRuntime: the function's runtime cannot be run here.
            BadPackage: its code or a layer cannot be unpacked.
            Closing: the server is ending.
        """
        try:
            with self._concurrency(function), self._meter.running(function, request.resource) as concurrency:
                return self._invoke(function, request, concurrency)
        except Throttled:
            self._telemetry.throttled(function, request.resource, time.time())
            raise

    @contextlib.contextmanager
    def _concurrency(self, function: Function) -> Iterator[None]:
        key = (function.account, function.region, function.name)
        reserved = function.reserved_concurrency
        with self._lock:
            if reserved is not None and self._running[key] >= reserved:
                raise Throttled("ReservedFunctionConcurrentInvocationLimitExceeded")
            if self._running.total() >= self._settings.account_concurrency:
                raise Throttled("ConcurrentInvocationLimitExceeded")
            self._running[key] += 1
        try:
            yield
        finally:
            with self._lock:
                self._running[key] -= 1

    def _invoke(self, function: Function, request: Request, concurrency: Concurrency) -> Outcome:
        environment = self._pool.acquire(function)
        claim = None
        try:
            claim = self._admit(environment)
            # Ending one environment makes room for the next in line, which is not to start any more.
            self._pool.check_open()
            attempt = Attempt(function, request, environment, str(uuid.uuid4()), [], time.time(), concurrency)
            attempt.metrics = self._provisioner.metrics(environment.function)
            attempt.init_ms, environment.unreported_init_ms = environment.unreported_init_ms, None
            attempt.collect()
            ended = self._execute(attempt, claim)
        finally:
            self._pool.finishing(environment)
            environment.when_settled(lambda: self._settled(environment, claim))
        return self._finish(attempt, ended)

    def _settled(self, environment: Environment, claim: Claim | None) -> None:
        environment.freeze()
        if claim is not None:
            self._admission.release(claim)
        self._pool.release(environment)

    def _admit(self, environment: Environment) -> Claim:
        function = environment.function
        if environment.used_before:
            demand = self._uses.expect(function, self._share(function))
        else:
            demand = Demand(cpus=self._init_cpus(function))
        claim = self._admission.acquire(demand, self._settings.admission_timeout_s, environment.wanted_ms)
        if claim is None:
            raise Throttled("ConcurrentInvocationLimitExceeded")
        environment.place(self._cores.affinity(claim.cores, demand.cpus))
        return claim

    def _share(self, function: Function) -> float:
        return min(function.cpus, self._cores.capacity)

    def _init_cpus(self, function: Function) -> float:
        """A full core, or the allotment if larger: Lambda does not throttle the init phase of small sizes."""
        return min(max(1.0, function.cpus), self._cores.capacity)

    def _execute(self, attempt: Attempt, claim: Claim) -> Ended:
        """Init if this environment is new, and the invocation itself."""
        environment, function = attempt.environment, attempt.function
        if not environment.used_before:
            init = environment.initialize(
                self._settings.init_timeout_s, self._init_cpus(function), attempt.request_id
            )
            environment.used_before = True
            attempt.initialized(init, "init")
            if init.ok:
                attempt.init_ms = init.duration_ms
            else:
                attempt.hidden_init_ms = init.duration_ms
            self._admission.revise(claim, self._uses.expect(function, self._share(function)))
        before, stolen_before_ms = environment.counters(), environment.stolen_ms()
        attempt.start()
        ended = self._run(attempt)
        after, stolen_ms = ended.counters or environment.counters(), environment.stolen_ms() - stolen_before_ms
        spread = len(self._cores.affinity(claim.cores, function.cpus))
        attempt.contention = contention.between(
            before, after, duration_ms=ended.duration_ms, stolen_ms=stolen_ms, spread=spread
        )
        if ended.ok:
            self._uses.learn(
                function, self._share(function), cpu_ms=attempt.contention.cpu_ms, duration_ms=ended.duration_ms
            )
        return ended

    def _run(self, attempt: Attempt) -> Ended:
        """Hand over the event. An environment that failed or crashed before is initialized again within this time."""
        environment, function = attempt.environment, attempt.function
        timeout_s = float(function.timeout_s)
        spent_s = 0.0
        if not environment.up:
            init = environment.initialize(timeout_s, function.cpus, attempt.request_id)
            spent_s = init.duration_ms / 1000
            if not init.ok:
                attempt.initialized(init, "invoke")
                payload = init.payload or outcomes.timeout_payload(attempt.request_id, function.timeout_s)
                return replace(init, crashed=True, payload=payload)
        ended = environment.run(attempt.event(timeout_s - spent_s), timeout_s - spent_s)
        return replace(ended, duration_ms=ended.duration_ms + spent_s * 1000) if spent_s else ended

    def _finish(self, attempt: Attempt, ended: Ended) -> Outcome:
        """The log lines that close an invocation, and the answer."""
        function, waited = attempt.function, attempt.contention
        report = attempt.close(ended)
        # The caller's log ends before the report if reports are hidden from callers.
        shown = attempt.lines[:-1] if report is not None and self._settings.hide_reports else attempt.lines
        self._telemetry.add(
            Record(
                function=function,
                resource=attempt.request.resource,
                log_stream=attempt.environment.log_stream,
                lines=tuple(attempt.lines),
                started_at=attempt.started_at,
                duration_ms=ended.duration_ms,
                failed=not ended.ok,
                concurrency=attempt.concurrency,
                metrics=attempt.metrics,
            )
        )
        return Outcome(
            request_id=attempt.request_id,
            payload=ended.payload,
            failed=not ended.ok,
            log_tail=reports.tail(line.text for line in shown),
            version=function.version,
            waited_ms=waited.waited_ms if waited.is_notable(ended.duration_ms) else 0.0,
        )
