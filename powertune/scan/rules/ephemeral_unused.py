"""Functions with more ephemeral storage than the free 512 MB, if they may not need it."""

import math
from collections.abc import Iterator

from powertune.region_prices import EPHEMERAL_STORAGE_FREE_MB
from powertune.scan.commands import function_command
from powertune.scan.evidence import Compute, EvidenceSource, FunctionEvidence, PlaceEvidence
from powertune.scan.expectation import HEADROOM
from powertune.scan.finding import Confidence, CostPart, Fact, Finding, MonthlySaving, Severity
from powertune.scan.rule import Need, ScanRule
from powertune.units import format_share


def _check(evidence: PlaceEvidence) -> Iterator[Finding]:
    for known in evidence.functions:
        function = known.function
        extra_mb = function.ephemeral_storage_mb - EPHEMERAL_STORAGE_FREE_MB
        charge = None if known.cost is None else known.cost.ephemeral_storage
        if extra_mb <= 0 or charge == 0 or function.compute is not Compute.ON_DEMAND:
            continue
        used_mb = None if known.environment is None else known.environment.tmp_used_mb
        if used_mb is None:
            yield _unknown(known, charge)
            continue
        needed_mb = max(EPHEMERAL_STORAGE_FREE_MB, math.ceil(used_mb * HEADROOM))
        if needed_mb < function.ephemeral_storage_mb:
            share = (function.ephemeral_storage_mb - needed_mb) / extra_mb
            yield _unused(known, used_mb, needed_mb, None if charge is None else charge * share)


def _unknown(known: FunctionEvidence, charge: float | None) -> Finding:
    return RULE.finding(
        known,
        summary=f"it has {_mb(known)} of ephemeral storage, and how much of it is used is not known",
        facts=(_configured(known),),
        next_step="look at what it writes to /tmp, or add Lambda Insights, which reports the most that was used",
        saving=None if charge is None else MonthlySaving(expected=0.0, low=0.0, high=charge),
        confidence=Confidence.LOW,
    )


def _unused(known: FunctionEvidence, used_mb: float, needed_mb: int, saved: float | None) -> Finding:
    function = known.function
    used = Fact(source=EvidenceSource.LAMBDA_INSIGHTS, text=f"at most {used_mb:,.0f} MB of /tmp were used")
    return RULE.finding(
        known,
        summary=f"it has {_mb(known)} of ephemeral storage, and {needed_mb:,} MB are enough",
        facts=(_configured(known), used),
        next_step=function_command(
            function, "update-function-configuration", "--ephemeral-storage", f"Size={needed_mb}"
        ),
        saving=None if saved is None else MonthlySaving.exactly(saved),
        confidence=Confidence.MEDIUM,
    )


def _configured(known: FunctionEvidence) -> Fact:
    return Fact(
        source=EvidenceSource.CONFIGURATION, text=f"{_mb(known)} of ephemeral storage, of which 512 MB are free"
    )


def _mb(known: FunctionEvidence) -> str:
    return f"{known.function.ephemeral_storage_mb:,} MB"


RULE = ScanRule(
    id="ephemeral-unused",
    title="The function may not need its ephemeral storage",
    severity=Severity.LOW,
    needs=(Need.USAGE, Need.ENVIRONMENT),
    check=_check,
    part=CostPart.EPHEMERAL_STORAGE,
    page=f"""
Reports a function with more ephemeral storage (/tmp) than the {EPHEMERAL_STORAGE_FREE_MB} MB that are free. The rest
is charged for every billed millisecond, used or not.

If Lambda Insights reports how much of /tmp was used at most, that amount plus {format_share(HEADROOM - 1)} of
headroom is kept. The saving is the charge for the rest. If nothing is left, there is no finding.

Without Lambda Insights, it is not known how much is used. The expected saving is then nothing, and the high end of
the range is the whole charge.
""",
)
