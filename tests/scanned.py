"""Evidence for tests of rules: a function that no rule complains about, and what a test changes of it."""

from dataclasses import replace
from typing import Any

from powertune.model import Architecture
from powertune.prices import PriceTable
from powertune.scan.evidence import (
    AccountRegion,
    EvidenceSource,
    FunctionEvidence,
    FunctionLogGroup,
    FunctionUsage,
    MemoryUse,
    PlaceEvidence,
    Provisioned,
    ScannedFunction,
)

DAY_S = 86_400
NOW = 1_800_000_000.0
PLACE = AccountRegion(account_id="123456789012", region="us-east-1")
PRICES = PriceTable.bundled().region("us-east-1")


def scanned_function(name: str = "orders", **changes: Any) -> ScannedFunction:
    """A function that is configured as it should be, and was last changed 100 days ago."""
    function = ScannedFunction(
        place=PLACE,
        name=name,
        arn=f"arn:aws:lambda:us-east-1:123456789012:function:{name}",
        runtime="python3.13",
        package_type="Zip",
        memory_mb=1024,
        architecture=Architecture.ARM64,
        timeout_s=10,
        modified_at=NOW - 100 * DAY_S,
        code_size_bytes=1_000_000,
        code_sha256=f"sha-of-{name}",
        log_group=f"/aws/lambda/{name}",
    )
    return replace(function, **changes)


def busy(**changes: Any) -> FunctionUsage:
    """A million invocations of 100 ms in 14 days, without an error."""
    usage = FunctionUsage(
        days=14,
        invocations=1_000_000,
        duration_sum_ms=100_000_000.0,
        p50_ms=95.0,
        p95_ms=150.0,
        p99_ms=220.0,
        max_ms=900.0,
        recent_p50_ms=95.0,
        peak_concurrency=10,
        active_days=14,
    )
    return replace(usage, **changes)


def known(function: ScannedFunction | None = None, **evidence: Any) -> FunctionEvidence:
    """What is known of a function: how it is used, unless a test says otherwise."""
    return FunctionEvidence(**{"function": function or scanned_function(), "usage": busy(), **evidence})


def place_evidence(*functions: FunctionEvidence, **changes: Any) -> PlaceEvidence:
    """An account with these functions, looked at over 14 days."""
    evidence = PlaceEvidence(place=PLACE, now=NOW, days=14, functions=functions, prices=PRICES)
    return replace(evidence, **changes)


def provisioned(**changes: Any) -> Provisioned:
    """Ten environments of a GB for the alias `live`, of which all have been in use, and 80 % on average."""
    configured = Provisioned(
        qualifier="live",
        requested=10,
        memory_mb=1024,
        architecture=Architecture.ARM64,
        utilization=0.8,
        peak_utilization=1.0,
        invocations=1_000_000,
        spilled=0,
    )
    return replace(configured, **changes)


def log_group(name: str = "/aws/lambda/orders", **changes: Any) -> FunctionLogGroup:
    """A log group that keeps its logs for two weeks, and holds none."""
    return replace(FunctionLogGroup(name=name, stored_bytes=0, retention_days=14), **changes)


def memory_use(used_mb: float, **changes: Any) -> MemoryUse:
    """The most memory that a thousand invocations at 1,024 MB used, by their reports."""
    use = MemoryUse(max_used_mb=used_mb, at_mb=1024, source=EvidenceSource.LOGS_INSIGHTS, samples=1_000)
    return replace(use, **changes)
