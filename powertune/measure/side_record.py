"""What a run observes of one function, and pays for it: recorded, completed from the logs, and handed over."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from powertune import __version__
from powertune.measure.protocols import Target
from powertune.measure.record import Record, by_configuration
from powertune.measure.rounds import Job
from powertune.measure.spending import Budget, Spending
from powertune.model import BETWEEN_BATCHES, UNDER_WAY, Advisory, Batch, Invocation, TuningRun
from powertune.plan import Plan

#: Logs lag some seconds behind; after this time, a report that a quick look did not find is left to the last look.
_QUICK_LOOKS_S = 120.0


class SideRecord:
    """What was observed of one function and what it cost, owned by the thread that measures.

    Args:
        clock: seconds since the epoch.
        before: the run until now, where another process has begun it.
        budget: what is shared with other functions of the same run; by default, the plan's own.
    """

    def __init__(
        self,
        plan: Plan,
        target: Target,
        *,
        clock: Callable[[], float],
        before: TuningRun | None = None,
        budget: Budget | None = None,
    ) -> None:
        measured = () if before is None else before.measurements
        self._plan, self._target, self._clock, self._before = plan, target, clock, before
        #: What the target has throttled belongs to batches before, where it has played these.
        self._throttles_before = (0 if before is None else before.throttles) - target.throttles
        self._started_at = clock() if before is None else before.started_at
        self._finished_at: float | None = None
        self.observed = Record.of(measured)
        self.spending = Spending(plan, measured, budget)

    def invoked(self, job: Job, invocation: Invocation) -> None:
        """An invocation has ended that was paid for."""
        self.spending.settle(job.configuration, invocation)
        self.observed.add(job.configuration, invocation)

    def recover(self, *, patient: bool, since: float | None = None) -> None:
        """Fill in the reports that were missing, in bulk, and correct what they were thought to have cost.

        Args:
            patient: wait for reports that are still on their way.
            since: look for those of invocations from then on; by default the latest ones, or all with patience.
        """
        if since is None:
            since = 0.0 if patient else self._clock() - _QUICK_LOOKS_S
        lost = [entry for entry in self.observed.without_report() if entry[2].started_at >= since]
        if not lost:
            return
        found = self._target.recover(by_configuration(lost), patient=patient)
        for configuration, index, invocation in lost:
            known = found.get(invocation.request_id or "")
            if known is not None:
                self.observed.complete(configuration, index, known)
                self.spending.correct(configuration, known)

    def reports_are_lost(self) -> bool:
        """Whether invocations were answered, and not one of them has a report, however long one waits for it."""
        if self.observed.has_report or not by_configuration(self.observed.without_environment()):
            return False
        self.recover(patient=True)
        answered = by_configuration(self.observed.without_environment())
        return not self.observed.has_report and self._target.reports_are_lost(answered)

    def name_environments(self) -> bool:
        """Note which environment served each invocation, as far as the target knows; whether anything was new."""
        unnamed = self.observed.without_environment()
        if not unnamed:
            return False
        found = self._target.environments(by_configuration(unnamed))
        for configuration, index, invocation in unnamed:
            environment = found.get(invocation.request_id or "")
            if environment is not None:
                self.observed.complete(configuration, index, replace(invocation, environment=environment))
        return bool(found)

    def snapshot(
        self, stopped: str, *, batches: Iterable[Batch] = (), pauses: tuple[Advisory, ...] = ()
    ) -> TuningRun:
        """The run until now.

        Args:
            pauses: what there is to say of pauses that nobody has asked for.
        """
        return TuningRun(
            run_id=self._plan.run_id,
            tool_version=__version__,
            started_at=self._started_at,
            finished_at=self._clock() if stopped in (UNDER_WAY, BETWEEN_BATCHES) else self._end(),
            engine="direct" if self._before is None else self._before.engine,
            function=self._plan.function,
            design=self._plan.design,
            measurements=tuple(self.observed.measurements().values()),
            advisories=self._advisories(pauses),
            stopped=stopped,
            throttles=self._target.throttles + self._throttles_before,
            traffic=self._plan.traffic,
            batches=tuple(batches),
        )

    def _advisories(self, pauses: tuple[Advisory, ...]) -> tuple[Advisory, ...]:
        """Those of the plan, those from before that are not given again, and those of this process."""
        known = (*self._plan.advisories, *self._target.advisories)
        superseded = {advisory.code for advisory in pauses}
        before = () if self._before is None else self._before.advisories
        earlier = tuple(each for each in before if each not in known and each.code not in superseded)
        return (*self._plan.advisories, *earlier, *pauses, *self._target.advisories)

    def _end(self) -> float:
        """When the run ended. What is found out of it later does not change that."""
        if self._finished_at is None:
            self._finished_at = self._clock()
        return self._finished_at
