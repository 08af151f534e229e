"""What one run asks of CloudWatch Logs, and what it does where they cannot be read: advise, and go on."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from powertune.aws.client import Aws
from powertune.aws.copies.names import copy_names
from powertune.aws.logs.filtering import WAITS_S, Found, Lookup, Source, TimeSpan, count_reports, find_reports
from powertune.aws.logs.insights import query_reports
from powertune.aws.logs.streams import LogOrigin, stream_prefixes
from powertune.errors import AccessDenied, NotFound, PowertuneError, Unavailable, UsageError
from powertune.model import Advisory, Configuration, Invocation
from powertune.plan import Plan
from powertune.units import format_usd, plural

#: Environments are looked for when all else is done; the logs have had some seconds by then.
ENVIRONMENT_WAITS_S = (0.0, 2.0, 5.0)
#: Logs are a help, not the matter: a few attempts are enough.
_ATTEMPTS = 6
#: How many pages of the whole group are read to explain what is wrong.
_SAMPLED_PAGES = 3
#: Logs Insights finds what was logged some seconds ago, not what was logged just now.
_INDEXING_S = 5.0
_MARGIN_S = 30.0
_UNREADABLE = (AccessDenied, NotFound, Unavailable, UsageError)


def lookup(plan: Plan, invocations: Mapping[Configuration, Sequence[Invocation]]) -> Lookup:
    """Where to look for the reports of these invocations; without those whose answer was lost, and the id with it."""
    names = copy_names(plan.function.name, plan.run_id, len(plan.copies))
    copies = dict(zip(plan.copies, names, strict=True))
    wanted: dict[LogOrigin, dict[str, float]] = {}
    for configuration, each in invocations.items():
        copy = copies.get(configuration.architecture)
        for invocation in each:
            if invocation.request_id is not None:
                # Of a copy, all versions are this run's.
                version = invocation.executed_version if copy is None else None
                origin = LogOrigin(function=copy or plan.function.name, version=version)
                wanted.setdefault(origin, {})[invocation.request_id] = invocation.started_at
    return wanted


class RunLogs:
    """The reports of a run, as far as CloudWatch Logs can be read. Asked by one thread.

    Args:
        telemetry: `auto`, `logs` or `tail`, as `Design.telemetry`. With `tail`, nothing is ever read.
        clock: seconds since the epoch.
        embedded: whether the logs are those of the embedded AWS. It may have ended before its logs are read, and no
            permission and no log class would have helped, so that unreadable logs are no advisory there.
    """

    def __init__(
        self,
        aws: Aws,
        *,
        log_group: str,
        log_format: str,
        telemetry: str,
        clock: Callable[[], float],
        embedded: bool = False,
    ) -> None:
        self._aws = replace(aws, attempts=_ATTEMPTS)
        self._source = Source(log_group=log_group, log_format=log_format, opened_at=clock())
        self._telemetry = telemetry
        self._embedded = embedded
        self._clock = clock
        #: Whether the answers are to carry the tail of the log.
        self.tail = telemetry != "logs"
        self.advisories: tuple[Advisory, ...] = ()
        self._found_nothing = False
        #: Why FilterLogEvents does not read the group, and will not; the same of Logs Insights.
        self._refused: PowertuneError | None = None
        self._no_queries: PowertuneError | None = None
        self._spent_usd = 0.0
        #: Whether invocations without a tail were made before it was known that the logs cannot be read.
        self._untailed = False

    def reports(self, wanted: Lookup, *, patient: bool) -> dict[str, Found]:
        """The reports of these invocations by request id, as far as the logs hold them.

        Who asks for the logs gets patience in every round, until a look has found nothing.

        Raises:
            AccessDenied, Unavailable: the logs were asked for, and cannot be read.
        """
        patient = patient or (self._telemetry == "logs" and not self._found_nothing)
        waits = WAITS_S if patient else WAITS_S[:1]
        found = self._read(wanted, waits, insist=self._telemetry == "logs", last=patient)
        self._found_nothing = not found
        return found

    def environments(self, wanted: Lookup) -> dict[str, str]:
        """Which environment served each of these invocations, by request id, as far as the logs tell. Never fails."""
        try:
            found = self._read(wanted, ENVIRONMENT_WAITS_S, insist=False, last=True)
        except PowertuneError as error:  # credentials may have expired, for one
            self._advise_unreadable(error.message, self._make_readable(error))
            return {}
        count, known = sum(map(len, wanted.values())), len(found)
        if known < count and self._refused is None and self._telemetry != "tail":
            self._advise(
                "environments-not-logged",
                f"the execution environments of {plural(count - known, 'invocation')} of {count:,} are not "
                f"known: log group {self._source.log_group} did not hold their reports yet",
                "ignore it if they are few; otherwise check that the function's role may write to the log group",
            )
        return {request_id: each.environment for request_id, each in found.items()}

    def why_lost(self, wanted: Lookup) -> bool:
        """Advise on why not a single invocation has a report.

        Returns False where the next ones will ask for the log's tail, and may well have one.
        """
        if self._untailed:
            self._untailed = False
            return False
        count = plural(sum(map(len, wanted.values())), "invocation")
        tail = f"none of {count} had a REPORT in the last 4 KB of its log"
        if self._telemetry == "tail":
            next_step = "leave out --report-source tail, so that reports are looked for in CloudWatch Logs as well"
            self._advise("no-reports", f"{tail}, and CloudWatch Logs were not read", next_step)
        elif self._refused is not None:
            message = f"{tail}, and the log group is not readable: {self._refused.message}"
            self._advise("no-reports", message, self._make_readable(self._refused))
        else:
            self._explain(wanted, count)
        return True

    def _read(self, wanted: Lookup, waits: Sequence[float], *, insist: bool, last: bool) -> dict[str, Found]:
        """What one way or the other finds; `last` says that there will not be another look."""
        if self._telemetry == "tail" or not any(wanted.values()):
            return {}
        found: dict[str, Found] = {}
        if self._refused is None:
            try:
                for each in find_reports(self._aws, self._source, wanted, now=self._clock, waits=waits):
                    found[each.report.request_id] = each
            except _UNREADABLE as error:
                if insist and isinstance(error, AccessDenied | Unavailable):
                    raise
                self._note(error, last=last)
        if last and isinstance(self._refused, UsageError) and self._no_queries is None:
            found.update(self._query(wanted))
        return found

    def _note(self, error: PowertuneError, *, last: bool) -> None:
        """FilterLogEvents does not answer: whether it is worth asking again, and what to say."""
        if isinstance(error, NotFound) and not last:
            return  # Lambda creates the group with the first events
        if isinstance(error, Unavailable):
            self._advise_unreadable(error.message, self._make_readable(error))
            return
        self._refused = error
        self._untailed = not self.tail
        self.tail = True
        if not isinstance(error, UsageError):
            self._advise_unreadable(error.message, self._make_readable(error))

    def _query(self, wanted: Lookup) -> dict[str, Found]:
        """What Logs Insights finds, where it is allowed and cheap."""
        assert self._refused is not None
        self._aws.sleep(_INDEXING_S)
        try:
            answer = query_reports(self._aws, self._source, wanted, now=self._clock)
        except _UNREADABLE as error:
            self._no_queries = error
            self._advise_unreadable(f"{self._refused.message}; {error.message}", self._make_readable(self._refused))
            return {}
        self._spent_usd += answer.most_usd
        self._advise(
            "logs-insights",
            f"log group {self._source.log_group} was read with Logs Insights, which cost at most "
            f"{format_usd(self._spent_usd)} more than the run shows: {self._refused.message}",
            "use a log group of the Standard class, which FilterLogEvents reads at no charge",
        )
        return {each.report.request_id: each for each in answer.found}

    def _explain(self, wanted: Lookup, count: str) -> None:
        """Say what the log group holds instead of the reports."""
        group = self._source.log_group
        since = min(at for each in wanted.values() for at in each.values())
        span = TimeSpan(since=since, until=self._clock()).widened(_MARGIN_S)
        try:
            own = sum(self._sample(span, prefix) for prefix in self._prefixes(wanted, span))
            everything = self._sample(span, None)
        except _UNREADABLE as error:
            message = f"none of {count} has a REPORT, and log group {group} is not readable: {error.message}"
            self._advise("no-reports", message, self._make_readable(error))
            return
        begin = datetime.fromtimestamp(span.since, UTC).strftime("%H:%M:%S")
        other = ", under other request IDs" if own else ""
        self._advise(
            "no-reports",
            f"none of {count} has a REPORT: since {begin} UTC, log group {group} holds "
            f"{plural(own, 'report')} of the versions that were invoked{other}, and "
            f"{max(own, everything)} in all (filter pattern {self._source.pattern})",
            self._remedy(own),
        )

    def _remedy(self, own: int) -> str:
        if own:
            return "call Lambda directly: what stands in between (--endpoint-url) changes request IDs"
        if self._source.log_format == "JSON":
            return f"set SystemLogLevel in the function's LoggingConfig to INFO; {self._allow_writing()}"
        return self._allow_writing()

    def _allow_writing(self) -> str:
        return (
            f"check that the function's execution role may write to {self._source.log_group} "
            "(logs:CreateLogGroup, logs:CreateLogStream, logs:PutLogEvents)"
        )

    def _prefixes(self, wanted: Lookup, span: TimeSpan) -> Iterator[str]:
        first = self._source.opened_at - _MARGIN_S
        for origin in wanted:
            yield from stream_prefixes(origin, self._source.log_group, first=first, last=span.until)

    def _sample(self, span: TimeSpan, prefix: str | None) -> int:
        return count_reports(self._aws, self._source, span, prefix=prefix, most_pages=_SAMPLED_PAGES)

    def _make_readable(self, error: PowertuneError) -> str:
        """What to do about a log group that cannot be read; without it, environments are not known."""
        if isinstance(error, NotFound):
            return self._allow_writing()
        if isinstance(error, UsageError) or error.hint is None:
            return "use a log group of the Standard class, or do without the logs (--report-source tail)"
        return error.hint

    def _advise_unreadable(self, message: str, next_step: str) -> None:
        if not self._embedded:
            self._advise("logs-unreadable", message, next_step)

    def _advise(self, code: str, message: str, next_step: str) -> None:
        """Say it, in the place of what was said of the same matter before."""
        advisory = Advisory(code=code, message=message, next_step=next_step)
        self.advisories = (*(a for a in self.advisories if a.code != code), advisory)
