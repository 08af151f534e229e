"""What an execution has measured until now, told to an observer: from what its workers keep in S3."""

from dataclasses import replace
from typing import Protocol

from powertune import results
from powertune.aws.client import Aws
from powertune.aws.executions import Execution
from powertune.aws.objects import Objects, parse_uri
from powertune.engine.steps.store import LEFT, RunStore, newest
from powertune.errors import DeployedMeanwhile, UsageError
from powertune.measure import Observer, merge
from powertune.measure.spending import Spending
from powertune.model import UNDER_WAY, Configuration, Measurement, TuningRun
from powertune.plan import Plan


class Watcher(Protocol):
    """Somebody who watches an execution."""

    def entered(self, state: str) -> None:
        """The execution is in another state."""
        ...

    def planned(self, plan: Plan) -> Observer:
        """The execution has planned; returns who is told of its run from here on."""
        ...

    def unseen(self, why: str) -> None:
        """What was measured until now cannot be seen from here; only states are told."""
        ...


class RunReader:
    """What is kept of a run. What has not changed since the last look is not read again."""

    def __init__(self, store: RunStore) -> None:
        self._store = store
        self._names: dict[str, str] = {}
        self._plan: Plan | None = None
        self._read: dict[str, tuple[str, TuningRun]] = {}

    def refresh(self) -> None:
        """Look what there is.

        Raises:
            AccessDenied, NotFound, Unavailable: as S3 says.
        """
        self._names = self._store.names()

    def has(self, name: str) -> bool:
        """Whether there was an object of this name at the last look."""
        return name in self._names

    @property
    def plan(self) -> Plan | None:
        """What the execution does; None before it has planned."""
        if self._plan is None and self.has("plan.json"):
            self._plan = self._store.plan
        return self._plan

    def run(self) -> TuningRun | None:
        """All that was measured, as of the last look; None before anything is planned."""
        found = newest(self._names)
        if found is None:
            return None
        run, parts = found
        self._read = {name: self._current(name) for name in (run, *parts)}
        whole = merge(self._read[run][1], tuple(self._read[name][1] for name in parts))
        return replace(whole, stopped=UNDER_WAY)

    @property
    def left(self) -> DeployedMeanwhile | None:
        """Why the function is not restored and will not be, as of the last look; None if there is no such reason."""
        return self._store.deployed_meanwhile if self.has(LEFT) else None

    def published(self, function: str) -> TuningRun | None:
        """The results file; None if there is none."""
        return self._store.published(function)

    def _current(self, name: str) -> tuple[str, TuningRun]:
        tag, known = self._names[name], self._read.get(name)
        return known if known is not None and known[0] == tag else (tag, self._store.kept_run(name))


class Storyteller:
    """Tells an observer what has happened since it was last told: as a run on this machine would have."""

    def __init__(self, plan: Plan, observer: Observer) -> None:
        self._plan = plan
        self._observer = observer
        self._told: dict[Configuration, int] = {}
        self._unmeasured: set[Configuration] = set()
        self._batches = 0
        self._restoring = self._restored = False

    def tell(self, run: TuningRun) -> bool:
        """Tell what is new in the run; whether anything is."""
        news = len(run.batches) > self._batches
        for batch in run.batches[self._batches :]:
            self._observer.chosen(batch)
        self._batches = len(run.batches)
        spent = Spending(self._plan, run.measurements).spent
        for measurement in run.measurements:
            news = self._measured(measurement, spent) or news
        if news:
            self._observer.saved(run)
        return news

    def restoring(self) -> None:
        """The function is being restored."""
        if not self._restoring:
            self._restoring = True
            self._observer.restoring()

    def restored(self) -> None:
        """The function is restored."""
        if not self._restored:
            self.restoring()
            self._restored = True
            self._observer.restored()

    def _measured(self, measurement: Measurement, spent: float) -> bool:
        configuration = measurement.configuration
        if measurement.unmeasured is not None:
            if configuration in self._unmeasured:
                return False
            self._unmeasured.add(configuration)
            self._observer.unmeasured(configuration, measurement.unmeasured)
            return True
        told = self._told.get(configuration)
        if told is None:
            self._observer.published(configuration)
        new = tuple(measurement.invocations)[told or 0 :]
        for invocation in new:
            self._observer.invoked(configuration, invocation, spent)
        self._told[configuration] = (told or 0) + len(new)
        return bool(new) or told is None


def read_results(aws: Aws, execution: Execution) -> TuningRun:
    """The results file of an execution that has succeeded.

    Raises:
        AccessDenied, NotFound, Unavailable: it cannot be read.
        UsageError: the execution has written none.
    """
    output, name = execution.output, execution.arn.name
    if isinstance(output, dict) and "plan" in output:
        raise UsageError(
            f"execution {name} was a dry run: it has measured nothing",
            hint="start one without dryRun; `powertune run --dry-run` shows a plan",
        )
    uri = output.get("results") if isinstance(output, dict) else None
    if not isinstance(uri, str):
        raise UsageError(
            f"the output of execution {name} names no results file",
            hint="is it an execution of the state machine that `powertune deploy` makes?",
        )
    bucket, key = parse_uri(uri)
    owner = execution.arn.machine.account_id
    return results.parse(Objects(aws=aws, bucket=bucket, owner=owner).read(key))
