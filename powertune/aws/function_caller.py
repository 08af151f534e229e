"""Invokes what a run measures, looks up its reports, and keeps what comes up while doing so."""

from collections.abc import Callable, Mapping, Sequence
from threading import Lock

from powertune.aws.client import Aws
from powertune.aws.hooks import call_hook
from powertune.aws.invocation import error_type, invoke_once, only_of_size, with_allowed, with_report
from powertune.aws.logs.run_logs import RunLogs, lookup
from powertune.aws.own_words import OwnWords
from powertune.model import Advisory, Configuration, FunctionRef, Invocation
from powertune.plan import Plan


class FunctionCaller:
    """Invocations of one run, asked for by several threads, and their reports, asked for by one.

    Args:
        processors: functions invoked before and after each invocation (None for none), outside of the measurement.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        aws: Aws,
        plan: Plan,
        *,
        processors: tuple[FunctionRef | None, FunctionRef | None] = (None, None),
        clock: Callable[[], float],
    ) -> None:
        self._aws, self._plan, self._clock = aws, plan, clock
        self._before, self._after = processors
        self._allowed = plan.design.allowed_errors
        self._counting = Lock()
        self._words = OwnWords()
        self._logs = RunLogs(
            aws,
            log_group=plan.function.log_group,
            log_format=plan.function.log_format,
            telemetry=plan.design.telemetry,
            clock=clock,
            embedded=plan.function.platform is not None,
        )
        self.throttles = 0

    def invoke(
        self, configuration: Configuration, payload: bytes, lane: int, *, function: str, qualifier: str | None
    ) -> Invocation:
        """Invoke once, with the processors around it.

        Raises:
            NotFound: Lambda does not know the function or the qualifier.
        """
        event = payload if self._before is None else call_hook(self._aws, self._before, payload) or payload
        sent = invoke_once(
            self._aws,
            function=function,
            qualifier=qualifier,
            payload=event,
            tail=self._logs.tail,
            lane=lane,
            started_at=self._clock(),
            throttled=self._count_throttle,
        )
        invocation = sent.invocation
        if invocation.status.failed:
            invocation = with_allowed(invocation, self._allowed, error_type(sent.output or b""))
        if invocation.status.failed:
            self._words.failed(configuration, sent)
        else:
            self._words.answered(configuration, sent)
        if self._after is not None:
            call_hook(self._aws, self._after, sent.output or b"null")
        return only_of_size(invocation, configuration.memory_mb)

    def recover(
        self, invocations: Mapping[Configuration, Sequence[Invocation]], *, patient: bool
    ) -> Mapping[str, Invocation]:
        """Read missing reports from CloudWatch Logs, all of a version with one query."""
        known = {i.request_id: (c, i) for c, each in invocations.items() for i in each if i.request_id is not None}
        found = self._logs.reports(lookup(self._plan, invocations), patient=patient)
        recovered = {}
        for key, each in found.items():
            configuration, invocation = known[key]
            complete = with_report(invocation, each.report, each.environment)
            complete = with_allowed(complete, self._allowed, invocation.error_type)
            recovered[key] = only_of_size(complete, configuration.memory_mb)
        return recovered

    def reports_are_lost(self, invocations: Mapping[Configuration, Sequence[Invocation]]) -> bool:
        """Look into why none of these has a report, and say so; False if the next ones may well have one."""
        return self._logs.why_lost(lookup(self._plan, invocations))

    def environments(self, invocations: Mapping[Configuration, Sequence[Invocation]]) -> Mapping[str, str]:
        """The names of their log streams: Lambda gives each environment one of its own."""
        return self._logs.environments(lookup(self._plan, invocations))

    @property
    def advisories(self) -> tuple[Advisory, ...]:
        """What failing functions said, and what came up while reading logs."""
        return (*self._words.advisories, *self._logs.advisories)

    def _count_throttle(self) -> None:
        with self._counting:
            self.throttles += 1
