"""Evidence in, findings out: what everything costs, what all rules say, and what matters most first."""

from collections.abc import Sequence
from dataclasses import replace

from powertune.scan.evidence import PlaceEvidence
from powertune.scan.finding import Finding
from powertune.scan.money import monthly_costs
from powertune.scan.rule import ScanRule
from powertune.scan.rule_table import RULES


def with_costs(evidence: PlaceEvidence) -> PlaceEvidence:
    """The same evidence, with what each function costs in a month."""
    costs = monthly_costs(evidence)
    functions = (replace(known, cost=cost) for known, cost in zip(evidence.functions, costs, strict=True))
    return replace(evidence, functions=tuple(functions))


def judge(evidence: PlaceEvidence, rules: Sequence[ScanRule] = RULES) -> tuple[Finding, ...]:
    """All findings: those that are expected to save most first, and those that matter most among equals.

    Costs are computed here. A finding without a saving comes after those that save something, and before those that
    are expected to cost something. Amounts that people see as the same are the same: they are compared in cents.
    """
    costed = with_costs(evidence)
    return tuple(sorted((finding for rule in rules for finding in rule.check(costed)), key=_order))


def _order(finding: Finding) -> tuple[float, int, tuple[str, ...]]:
    expected = 0.0 if finding.saving is None else finding.saving.expected
    return -round(expected, 2), -finding.severity.rank, finding.key
