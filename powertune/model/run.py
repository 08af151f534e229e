"""A whole run: how it was to measure, and what it measured."""

from dataclasses import dataclass

from powertune.model.function import Configuration, FunctionState
from powertune.model.samples import Measurement

#: Why a run has stopped, when it has not.
UNDER_WAY = "under way"


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
    """How a run was to measure: with the same payloads, everything needed to do it again."""

    configurations: tuple[Configuration, ...]
    invocations: int
    lanes: int
    concurrency: int
    seed: int
    search: str = "grid"
    telemetry: str = "auto"
    payloads: tuple[PayloadShare, ...] = ()
    sleep_ms: int = 0
    max_spend: float | None = None
    pre_processor: str | None = None
    post_processor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TuningRun:
    """What the results file holds: every invocation, raw.

    `stopped` says why no more was measured: `complete`, `budget`, `interrupted`, or a failure's message.
    Times are in seconds since the epoch.
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

    def measurement(self, configuration: Configuration) -> Measurement | None:
        """What was observed of one configuration."""
        return next((m for m in self.measurements if m.configuration == configuration), None)
