"""A whole run: how it was to measure, and what it measured."""

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from powertune.errors import LibraryMissing
from powertune.model.exploration import Batch, Exploration, GridDesign
from powertune.model.function import Architecture, Configuration, FunctionState
from powertune.model.goal import Goal, Usage
from powertune.model.samples import INVOCATION_FIELDS, Measurement, Population

if TYPE_CHECKING:
    import pandas as pd

#: Why a run has stopped, when it has not: within a batch; or between two, from where another process can go on.
UNDER_WAY, BETWEEN_BATCHES = "under way", "between batches"
#: Why a run has stopped, when the first size had no reports: the others would have none either.
NO_REPORTS = "no reports"
#: Why a run has stopped, when the function fails whatever its size.
FUNCTION_FAILS = "the function fails"
#: The digest of an empty JSON object.
_EMPTY_EVENT = hashlib.sha256(b"{}").hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Advisory:
    """A finding about the measurement itself, with a next step. `code` is stable, for machines."""

    code: str
    message: str
    next_step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PayloadShare:
    """One event of the workload: the SHA-256 of its bytes, as they may be confidential, and its weight."""

    sha256: str
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """How a run was to measure: with the same payloads, everything needed to do it again.

    `search` chooses what is measured: a grid of configurations, or an adaptive search that finds them itself. `lanes`
    is over how many lanes each configuration is invoked, unless a search asks for another number. `usage` is what a
    person said of the function's use, and `prices_as_of` the date (YYYY-MM-DD) of the prices that the run was planned
    with; both are None in a results file from before they were kept. An invocation that ends with an error of a type
    in `allowed_errors` is a normal sample. With `only_cold_starts`, each invocation of a grid is to start cold, and
    cold starts are what is judged.
    """

    search: GridDesign | Exploration
    lanes: int
    concurrency: int
    seed: int
    telemetry: str = "auto"
    payloads: tuple[PayloadShare, ...] = ()
    sleep_ms: int = 0
    max_spend: float | None = None
    pre_processor: str | None = None
    post_processor: str | None = None
    isolate: bool = False
    usage: Usage | None = None
    prices_as_of: str | None = None
    allowed_errors: tuple[str, ...] = ()
    only_cold_starts: bool = False

    @property
    def goal(self) -> Goal | None:
        """What the run was for; None in a results file of a grid from before that was kept."""
        return self.search.goal

    @property
    def judged(self) -> Population:
        """The invocations by which configurations are judged."""
        return Population.COLD if self.only_cold_starts else Population.WARM

    @property
    def event_is_empty(self) -> bool:
        """Whether the function was invoked with `{}`, which is what it gets where no event is given."""
        return [payload.sha256 for payload in self.payloads] == [_EMPTY_EVENT]

    @property
    def configurations(self) -> tuple[Configuration, ...]:
        """The configurations of a grid; none of a search, which chooses them as it goes."""
        return self.search.configurations if isinstance(self.search, GridDesign) else ()

    @property
    def architectures(self) -> tuple[Architecture, ...]:
        """The architectures to measure on, in order."""
        match self.search:
            case GridDesign(configurations=configurations):
                return tuple(sorted({each.architecture for each in configurations}))
            case Exploration(architectures=architectures):
                return tuple(sorted(architectures))


#: How pandas holds what is not a text: no integer of numpy can be missing.
_TYPES = {
    "memory_mb": "int64",
    "architecture": "category",
    "population": "category",
    "started_at": "float64",
    "duration_ms": "float64",
    "billed_ms": "Int64",
    "init_ms": "float64",
    "restore_ms": "float64",
    "max_memory_used_mb": "Int64",
    "reported_memory_mb": "Int64",
    "status": "category",
    "lane": "int64",
    "payload": "int64",
}

#: What AWS and this project call a month, where something is per month.
DAYS_PER_MONTH = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What the function did by itself before the run, as CloudWatch showed it.

    `invocations` in `days` days; of the `reports` that were looked at, `cold_starts` had an init or restore phase,
    and `max_memory_used_mb` is the most that any of them used.
    """

    invocations: int
    days: float
    reports: int = 0
    cold_starts: int = 0
    max_memory_used_mb: int | None = None

    @property
    def invocations_per_month(self) -> float | None:
        """Invocations in 30 days; None when no time was looked at."""
        return self.invocations / self.days * DAYS_PER_MONTH if self.days else None

    @property
    def cold_share(self) -> float | None:
        """The share of invocations that start cold; None when no report was seen."""
        return self.cold_starts / self.reports if self.reports else None


@dataclass(frozen=True, slots=True, kw_only=True)
class TuningRun:
    """What the results file holds: every invocation, raw.

    `stopped` says why no more was measured: `complete`, `budget`, `exhausted`, `interrupted`,
    `no reports`, `the function fails`, or a failure's message. Times are in seconds since the epoch. `batches` are
    the choices of an adaptive search, the last one to stop.
    """

    run_id: str
    tool_version: str
    started_at: float
    finished_at: float
    engine: str
    function: FunctionState
    design: Design
    measurements: tuple[Measurement, ...]
    advisories: tuple[Advisory, ...] = ()
    stopped: str = "complete"
    throttles: int = 0
    traffic: Traffic | None = None
    batches: tuple[Batch, ...] = ()

    def measurement(self, configuration: Configuration) -> Measurement | None:
        """What was observed of one configuration."""
        return next((m for m in self.measurements if m.configuration == configuration), None)

    def columns(self) -> dict[str, list[Any]]:
        """Every invocation as columns, measurement by measurement, in the order in which they ended.

        The configuration's `memory_mb` and `architecture`, the `population`, then the fields of `Invocation`, whose
        own `memory_mb` is called `reported_memory_mb`.
        """
        columns: dict[str, list[Any]] = {"memory_mb": [], "architecture": [], "population": []}
        for measurement in self.measurements:
            configuration, count = measurement.configuration, len(measurement.invocations)
            columns["memory_mb"] += [configuration.memory_mb] * count
            columns["architecture"] += [configuration.architecture.value] * count
            columns["population"] += map(str, measurement.invocations.populations)
        for name in INVOCATION_FIELDS:
            values = [value for m in self.measurements for value in m.invocations.column(name)]
            columns["reported_memory_mb" if name == "memory_mb" else name] = values
        return {**columns, "status": [status.value for status in columns["status"]]}

    def to_frame(self) -> "pd.DataFrame":
        """One row per invocation, for a notebook: `columns`, with `started_at` as a time in UTC.

        Missing figures are missing values, never zero. A time that pandas cannot hold is missing, too.

        Raises:
            LibraryMissing: pandas is not installed.
        """
        try:
            import pandas as pd
        except ModuleNotFoundError as error:
            raise LibraryMissing("a data frame", "pandas") from error
        columns = self.columns()
        frame = pd.DataFrame({n: pd.Series(v, dtype=_TYPES.get(n, "object")) for n, v in columns.items()})
        times = pd.to_datetime(frame["started_at"], unit="s", utc=True, errors="coerce")
        return frame.assign(started_at=times.astype("datetime64[ns, UTC]"))
