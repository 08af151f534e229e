"""Evidence in, findings out: what everything costs, what all rules say, and what matters most first."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from powertune.scan.evidence import EvidenceSource, FunctionEvidence, PlaceEvidence, ScannedFunction
from powertune.scan.finding import Confidence, CostPart, Fact, Finding
from powertune.scan.money import monthly_costs
from powertune.scan.rule import ScanRule
from powertune.scan.rule_table import RULES

_DAY_S = 86_400
#: What is priced at the memory size and the architecture of now.
_AT_PRESENT_SIZE = frozenset({CostPart.ON_DEMAND, CostPart.EPHEMERAL_STORAGE})


def with_costs(evidence: PlaceEvidence) -> PlaceEvidence:
    """The same evidence, with what each function costs in a month."""
    costs = monthly_costs(evidence)
    functions = (replace(known, cost=cost) for known, cost in zip(evidence.functions, costs, strict=True))
    return replace(evidence, functions=tuple(functions))


def judge(evidence: PlaceEvidence, rules: Sequence[ScanRule] = RULES) -> tuple[Finding, ...]:
    """All findings: those that are expected to save most first, and those that matter most among equals.

    Costs are computed here. A finding without a saving comes after those that save something, and before those that
    are expected to cost something. Amounts that people see as the same are the same: they are compared in cents.

    All invocations of the window are priced as the function is now. If it was changed after the first of them, a
    finding about what they cost says so, and is less confident.
    """
    costed = with_costs(evidence)
    changed = {known.function.arn: known.function for known in costed.functions if _changed_within(known, costed.now)}
    found = (finding for rule in rules for finding in rule.check(costed))
    return tuple(sorted((_qualified(each, changed.get(each.subject)) for each in found), key=_order))


def _changed_within(known: FunctionEvidence, now: float) -> bool:
    """Whether it was changed after the first of its invocations in the window.

    If these begin within the window, it may have been created on that day.
    """
    usage = known.usage
    if usage is None or not usage.invocations:
        return False
    began = now // _DAY_S * _DAY_S - usage.days * _DAY_S
    first_at = began if usage.first_at is None else usage.first_at
    return known.function.modified_at > (first_at if first_at <= began else first_at + _DAY_S)


def _qualified(finding: Finding, changed: ScannedFunction | None) -> Finding:
    if changed is None or finding.saving is None or finding.part not in _AT_PRESENT_SIZE:
        return finding
    text = f"changed on {datetime.fromtimestamp(changed.modified_at, UTC):%Y-%m-%d}, so its cost is an estimate"
    fact = Fact(source=EvidenceSource.CONFIGURATION, text=text)
    confidence = Confidence.MEDIUM if finding.confidence is Confidence.HIGH else Confidence.LOW
    return replace(finding, facts=(*finding.facts, fact), confidence=confidence)


def _order(finding: Finding) -> tuple[float, int, tuple[str, ...]]:
    expected = 0.0 if finding.saving is None else finding.saving.expected
    return -round(expected, 2), -finding.severity.rank, finding.key
