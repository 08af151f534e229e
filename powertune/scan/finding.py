"""A finding: what wastes money or goes wrong, what says so, what it costs, and what to do about it."""

from dataclasses import dataclass
from enum import StrEnum

from powertune.scan.evidence import AccountRegion, EvidenceSource

#: The command that measures before anything is changed.
_RUN = "powertune run "


class Severity(StrEnum):
    """How much a finding matters, apart from its dollars; in order."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"

    @property
    def rank(self) -> int:
        """0 for the least one."""
        return list(Severity).index(self)


class Confidence(StrEnum):
    """How sure the dollars are: measured or read off a bill, derived from counts, or expected by a model."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class CostPart(StrEnum):
    """Which part of what a function costs a finding would save. Findings about different parts add up."""

    ON_DEMAND = "on demand"
    EPHEMERAL_STORAGE = "ephemeral storage"
    PROVISIONED = "provisioned concurrency"
    SNAPSTART = "SnapStart"
    LOG_INGESTION = "writing logs"
    LOG_STORAGE = "storing logs"
    WHOLE = "everything"


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthlySaving:
    """Money per 30 days that a change would save, in the currency of the region: expected, and a 95 % range.

    A negative `low` says that the change may cost more than it saves.
    """

    expected: float
    low: float
    high: float

    @classmethod
    def exactly(cls, amount: float) -> "MonthlySaving":
        """An amount that follows from counts and prices alone."""
        return cls(expected=amount, low=amount, high=amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing that a finding rests on, in words with its figures, and who says so."""

    source: EvidenceSource
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one rule has found about one subject: a function, a version of it, or a log group.

    `subject` is the ARN of the function, with a qualifier if it is about a version or an alias, or the name of the
    log group. `saving` is None where nothing can be saved, or where there are no prices. `summary` is a sentence
    without a period; `next_step` is a command, or a sentence.
    `part` is what of the function's cost the saving is a part of.
    """

    rule: str
    severity: Severity
    place: AccountRegion
    subject: str
    name: str
    summary: str
    facts: tuple[Fact, ...]
    next_step: str
    confidence: Confidence = Confidence.HIGH
    saving: MonthlySaving | None = None
    part: CostPart = CostPart.ON_DEMAND

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What makes it the same finding in the next scan."""
        return self.rule, self.place.account_id, self.place.region, self.subject

    @property
    def measured_first(self) -> bool:
        """Whether a run has to measure what it would save: its next step is one, or names one."""
        return _RUN in self.next_step

    @property
    def measured_at_once(self) -> bool:
        """Whether its next step is such a run, with nothing to prepare before."""
        return self.next_step.startswith(_RUN)
