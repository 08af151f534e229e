"""What the workers of one run hand on to each other in S3: states carry nothing but its id and small figures."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from powertune import documents, results
from powertune.aws.objects import Objects
from powertune.documents import Document, Schema
from powertune.errors import DeployedMeanwhile, FunctionBusy
from powertune.model import Configuration, TuningRun
from powertune.plan import Plan
from powertune.plan_document import parse_plan, plan_document

_SCHEMA = Schema(
    kind="powertune/errand", version=1, called="errand", remedy="start another execution of the state machine"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand(Document):
    """What an execution was asked for, beside what the plan says.

    `function` is its ARN, without a qualifier; `role_arn` the role to reach it with, None for the worker's own.
    """

    function: str
    role_arn: str | None = None
    include_output_results: bool = False
    discard_top_bottom: float | None = None
    auto_optimize: bool = False
    auto_optimize_alias: str | None = None


#: The name of the note that only a person can restore the function.
LEFT = "left.json"
_RUN = re.compile(r"run-(?P<batch>\d+)\.json")
_LEFT = Schema(kind="powertune/left", version=1, called="note", remedy="look at the function's memory size")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Left(Document):
    """Why a function is not restored."""

    message: str
    hint: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStore:
    """The objects of one run, under `runs/`, and its results file, under `results/`.

    The run is kept as it was after each batch, and what each turn has measured since: a step that is tried again
    reads the same and writes the same.
    """

    objects: Objects
    run_id: str

    @property
    def errand(self) -> Errand | None:
        """What was asked for; None before that is known."""
        data = self.objects.find(self._key("errand.json"))
        return None if data is None else documents.read(data, Errand, _SCHEMA)

    @property
    def plan(self) -> Plan:
        """The plan, with its payloads."""
        return parse_plan(self.objects.read(self._key("plan.json")))

    @property
    def touches_original(self) -> bool:
        """Whether the run publishes the function itself, and so keeps a journal on it; False before it is planned."""
        data = self.objects.find(self._key("plan.json"))
        return data is not None and parse_plan(data).touches_original

    def begin(self, errand: Errand, plan: Plan, run: TuningRun) -> None:
        """Keep what all workers need, before anything is touched."""
        self.objects.write(
            self._key("errand.json"),
            documents.write({"schema": _SCHEMA.header, **{f: getattr(errand, f) for f in _ERRAND}}),
        )
        self.objects.write(self._key("plan.json"), documents.write(plan_document(plan, payloads=True)))
        self.save(0, run)

    def run(self, batch: int) -> TuningRun:
        """The run as it was before a batch."""
        return results.parse(self.objects.read(self._run_key(batch)))

    def save(self, batch: int, run: TuningRun) -> None:
        """Keep the run as it is before a batch."""
        self.objects.write(self._run_key(batch), results.dump(run))

    def part(self, batch: int, configuration: Configuration) -> TuningRun | None:
        """What the turn of a configuration has measured in a batch until now; None if nothing yet."""
        data = self.objects.find(self._part_key(batch, configuration))
        return None if data is None else results.parse(data)

    def save_part(self, batch: int, configuration: Configuration, part: TuningRun) -> None:
        """Keep what a turn has measured until now."""
        self.objects.write(self._part_key(batch, configuration), results.dump(part))

    def publish(self, run: TuningRun) -> str:
        """Write the results file; returns its `s3://` address."""
        key = self._results_key(run.function.name)
        self.objects.write(key, results.dump(run))
        return self.objects.uri(key)

    def has_results(self, run: TuningRun) -> bool:
        """Whether the run has a results file."""
        return self.objects.find(self._results_key(run.function.name)) is not None

    def published(self, function: str) -> TuningRun | None:
        """The results file of the run of a function; None if there is none yet."""
        data = self.objects.find(self._results_key(function))
        return None if data is None else results.parse(data)

    def names(self) -> dict[str, str]:
        """What is kept of the run at this moment: names of objects, each with a tag that changes with the object."""
        prefix = self._key("")
        return {key.removeprefix(prefix): tag for key, tag in self.objects.entity_tags(prefix).items()}

    def kept_run(self, name: str) -> TuningRun:
        """The run, or the part of it, that an object of this name holds."""
        return results.parse(self.objects.read(self._key(name)))

    def latest(self) -> tuple[TuningRun, tuple[TuningRun, ...]] | None:
        """All that was measured and kept, whichever step has failed: the run, and parts of it since; None if none."""
        found = newest(self.names())
        if found is None:
            return None
        run, parts = found
        return self.kept_run(run), tuple(map(self.kept_run, parts))

    @contextmanager
    def changing(self, attempt: str) -> Iterator[None]:
        """While a worker changes the function: whoever restores it after a stop waits until the block has ended.

        Args:
            attempt: an id of this process's attempt, as another one may go on beside it.

        Raises:
            FunctionBusy: the execution was stopped.
        """
        marker = self._key(f"changing/{attempt}")
        self.objects.write(marker, b"")
        try:
            self.check()
            yield
        finally:
            self.objects.delete(marker)

    @property
    def is_changing(self) -> bool:
        """Whether a worker changes the function, or has died while it did."""
        return bool(self.objects.keys(self._key("changing/")))

    def restored(self) -> None:
        """Note that the function is as it was found."""
        self.objects.write(self._key("restored"), b"")

    @property
    def is_restored(self) -> bool:
        """Whether the function is known to be as it was found."""
        return self.objects.find(self._key("restored")) is not None

    def leave(self, left: DeployedMeanwhile) -> None:
        """Note what only a person can restore."""
        said = {"schema": _LEFT.header, "message": left.message, "hint": left.hint}
        self.objects.write(self._key(LEFT), documents.write(said))

    @property
    def deployed_meanwhile(self) -> DeployedMeanwhile | None:
        """What only a person can restore; None if there is nothing of that kind."""
        data = self.objects.find(self._key(LEFT))
        if data is None:
            return None
        said = documents.read(data, _Left, _LEFT)
        return DeployedMeanwhile(said.message, hint=said.hint)

    def stop(self) -> None:
        """Let no worker change the function any more."""
        self.objects.write(self._key("stopped"), b"")

    def check(self) -> None:
        """See whether the run goes on.

        Raises:
            FunctionBusy: the execution was stopped.
        """
        if self.objects.find(self._key("stopped")) is not None:
            raise FunctionBusy(f"run {self.run_id} was stopped", hint="start another execution")

    def _results_key(self, function: str) -> str:
        return f"results/{function}/{self.run_id}.json"

    def _key(self, name: str) -> str:
        return f"runs/{self.run_id}/{name}"

    def _run_key(self, batch: int) -> str:
        return self._key(f"run-{batch}.json")

    def _part_key(self, batch: int, configuration: Configuration) -> str:
        return self._key(f"parts/{batch}-{configuration.memory_mb}-{configuration.architecture}.json")


def newest(names: Iterable[str]) -> tuple[str, tuple[str, ...]] | None:
    """Of the names of what is kept: the newest run, and its parts since; None before there is a run."""
    kept = tuple(names)
    batches = [int(match["batch"]) for name in kept if (match := _RUN.fullmatch(name))]
    if not batches:
        return None
    batch = max(batches)
    return f"run-{batch}.json", tuple(sorted(name for name in kept if name.startswith(f"parts/{batch}-")))


def unfinished_runs(objects: Objects) -> tuple[str, ...]:
    """The ids of runs that were begun, and that no worker has noted as restored."""
    keys = set(objects.keys("runs/"))
    begun = (key.split("/")[1] for key in sorted(keys) if key.endswith("/errand.json"))
    return tuple(run_id for run_id in begun if f"runs/{run_id}/restored" not in keys)


_ERRAND = tuple(name for name in Errand.__dataclass_fields__ if name != "schema")
