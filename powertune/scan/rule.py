"""What a rule is: a function from evidence to findings, and what people are told about it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from powertune.scan.evidence import FunctionEvidence, PlaceEvidence
from powertune.scan.finding import Confidence, CostPart, Fact, Finding, MonthlySaving, Severity


class Need(StrEnum):
    """What a scan has to ask AWS for a rule. The inventory is always there."""

    USAGE = "usage"
    MEMORY = "memory"
    REPORTS = "reports"
    ENVIRONMENT = "environment"
    PROVISIONED = "provisioned concurrency"
    RESERVED = "reserved concurrency"
    TRIGGERS = "triggers"
    LOG_GROUPS = "log groups"
    RESULTS = "results files"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanRule:
    """One rule. `page` is its documentation in Markdown, below the title: what it finds, why, and how dollars follow.
    `part` is what its findings would save: of several rules about the same part, only one is counted.

    `check` never asks AWS, and yields nothing about what it has no evidence for.
    """

    id: str
    title: str
    severity: Severity
    needs: tuple[Need, ...]
    check: Callable[[PlaceEvidence], Iterator[Finding]]
    page: str
    part: CostPart = CostPart.ON_DEMAND

    def finding(
        self,
        known: FunctionEvidence,
        *,
        summary: str,
        facts: tuple[Fact, ...],
        next_step: str,
        saving: MonthlySaving | None = None,
        confidence: Confidence = Confidence.HIGH,
        severity: Severity | None = None,
        qualifier: str = "",
    ) -> Finding:
        """A finding of this rule about a function, or the version or alias of it in `qualifier`."""
        function = known.function
        return Finding(
            rule=self.id,
            severity=severity or self.severity,
            place=function.place,
            subject=f"{function.arn}:{qualifier}" if qualifier else function.arn,
            name=function.name,
            summary=summary,
            facts=facts,
            next_step=next_step,
            saving=saving,
            confidence=confidence,
            part=self.part,
        )
