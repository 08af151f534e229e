"""Old versions whose SnapStart snapshots are charged for as long as they exist."""

from collections.abc import Iterator

from powertune.scan.commands import function_command
from powertune.scan.evidence import EvidenceSource, FunctionEvidence, PlaceEvidence, PublishedVersion
from powertune.scan.finding import Confidence, CostPart, Fact, Finding, MonthlySaving, Severity
from powertune.scan.per_month import SECONDS_PER_MONTH
from powertune.scan.rule import ScanRule
from powertune.units import plural

#: The newest one is in use, and the one before it is what people go back to.
_KEPT = 2


def _check(evidence: PlaceEvidence) -> Iterator[Finding]:
    free = evidence.prices is not None and evidence.prices.snapstart_cache is None
    for known in evidence.functions:
        old = tuple(version for version in known.function.versions[:-_KEPT] if version.snapstart)
        if old and not free and not known.function.runtime.startswith("java"):
            yield _finding(known, old, evidence)


def _finding(known: FunctionEvidence, old: tuple[PublishedVersion, ...], evidence: PlaceEvidence) -> Finding:
    numbers = ", ".join(version.number for version in old[:10]) + (", ..." if len(old) > 10 else "")
    saving = None
    if evidence.prices is not None and evidence.prices.snapstart_cache is not None:
        gb = sum(version.memory_mb for version in old) / 1024
        saving = MonthlySaving(
            expected=gb * SECONDS_PER_MONTH * evidence.prices.snapstart_cache,
            low=0.0,
            high=gb * SECONDS_PER_MONTH * evidence.prices.snapstart_cache,
        )
    aliases = function_command(known.function, "list-aliases")
    delete = function_command(known.function, "delete-function", qualifier="VERSION")
    return RULE.finding(
        known,
        summary=f"the snapshots of {plural(len(old), 'old version')} are kept, and charged",
        facts=(
            Fact(source=EvidenceSource.CONFIGURATION, text=f"SnapStart is on for the versions {numbers}"),
            Fact(source=EvidenceSource.CONFIGURATION, text="which of them aliases point to was not looked at"),
        ),
        next_step=f"list what is in use with `{aliases}`, and delete the other versions with `{delete}`",
        saving=saving,
        confidence=Confidence.MEDIUM,
    )


RULE = ScanRule(
    id="snapstart-versions",
    title="Snapshots of old versions are charged",
    severity=Severity.MEDIUM,
    part=CostPart.SNAPSTART,
    needs=(),
    check=_check,
    page=f"""
Reports published versions with SnapStart that are not among the newest {_KEPT} versions. Lambda keeps a snapshot of
each of them in a cache, and charges for it as long as the version exists. On Java runtimes, SnapStart is free, so
these are left out.

The saving is the memory of these versions, times the price of a GB-second of the cache, for 30 days. A scan does not
read aliases. A version that an alias still points to has to stay, so the range starts at 0. List the aliases of the
function before you delete a version of it.
""",
)
