"""How a run stands in its file: what is nested in the nouns is flat there, and invocations are still raw."""

from dataclasses import dataclass

from powertune.design_document import DesignDocument
from powertune.documents import Document, Raw
from powertune.model import Advisory, Configuration, FunctionState, Traffic


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialEntry(Configuration):
    """A trial: the configuration's fields beside its own."""

    invocations: int
    lanes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaderEntry(Configuration):
    """The best answer at one moment: the configuration's fields beside its own."""

    cost: tuple[float, float]
    loss: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchEntry:
    """A batch of a search."""

    trials: tuple[TrialEntry, ...]
    why: str | None = None
    leader: LeaderEntry | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasurementEntry(Configuration):
    """A measurement: the configuration's fields beside its own, and its invocations as columns."""

    invocations: Raw
    unmeasured: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDocument(Document):
    """The file as a whole. What older files lack has a default: traffic, and the batches of a search."""

    run_id: str
    tool_version: str
    started_at: float
    finished_at: float
    engine: str
    function: FunctionState
    design: DesignDocument
    measurements: tuple[MeasurementEntry, ...]
    advisories: tuple[Advisory, ...]
    stopped: str = "complete"
    throttles: int = 0
    traffic: Traffic | None = None
    batches: tuple[BatchEntry, ...] = ()
