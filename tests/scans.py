"""Scans for tests: one of every kind of finding and gap, and one before it."""

from dataclasses import replace
from functools import cache
from typing import Any

from scanned import NOW, PLACE

from powertune.model import Architecture
from powertune.scan.coverage import Gap, ScanEffort
from powertune.scan.evidence import AccountRegion, EvidenceSource, MonthlyCost
from powertune.scan.finding import Confidence, CostPart, Fact, Finding, MonthlySaving, Severity
from powertune.scan.scan import AccountFreeTier, CheckedRule, CostedPlace, FunctionLine, Scan, SuppressedFinding

CHINA = AccountRegion(account_id="210987654321", region="cn-north-1", account_name="china shop")
DENIED = AccountRegion(account_id="123456789012", region="eu-west-1")
WEEK_S = 7 * 86_400
RULES = (
    CheckedRule(id="memory-oversized", title="Memory larger than needed", needs=("usage", "memory")),
    CheckedRule(id="arm64-candidate", title="Cheaper on arm64", needs=("usage",)),
    CheckedRule(id="idle-function", title="Nobody invokes the function", needs=("usage", "triggers")),
    CheckedRule(id="log-retention", title="Logs are kept for ever", needs=("log groups",)),
    CheckedRule(id="timeouts", title="Timeouts are billed in full", needs=("usage", "reports")),
)


def function_line(name: str = "orders", place: AccountRegion = PLACE, **changes: Any) -> FunctionLine:
    """A function that costs 30 a month: 20 for GB-seconds, 4 for requests, 1 for INIT and 5 for logs."""
    line = FunctionLine(
        place=place,
        name=name,
        arn=f"arn:aws:lambda:{place.region}:{place.account_id}:function:{name}",
        runtime="python3.13",
        memory_mb=1024,
        architecture=Architecture.X86_64,
        log_group=f"/aws/lambda/{name}",
        invocations=1_000_000,
        mean_ms=100.0,
        cost=MonthlyCost(
            compute=20.0, requests=4.0, init=1.0, init_low=0.5, init_high=2.0, log_ingestion=3.0, log_storage=2.0
        ),
    )
    return replace(line, **changes)


def scan_finding(
    rule: str = "memory-oversized",
    line: FunctionLine | None = None,
    saving: tuple[float, float, float] | None = (10.0, 6.0, 12.0),
    **changes: Any,
) -> Finding:
    """A finding about a function; `saving` is what is expected, at least and at most."""
    line = line or function_line()
    finding = Finding(
        rule=rule,
        severity=Severity.MEDIUM,
        place=line.place,
        subject=line.arn,
        name=line.name,
        summary="uses 180 of 1,024 MB",
        facts=(Fact(source=EvidenceSource.COMPUTE_OPTIMIZER, text="used 180 MB at most"),),
        next_step=f"powertune run {line.name} --memory 256,512,1024",
        confidence=Confidence.MEDIUM,
        saving=None if saving is None else MonthlySaving(expected=saving[0], low=saving[1], high=saving[2]),
    )
    return replace(finding, **changes)


def make_test_scan(*findings: Finding, functions: tuple[FunctionLine, ...] | None = None, **changes: Any) -> Scan:
    """A scan of one place with these findings, and one function unless a test says otherwise."""
    scan = Scan(
        scanned_at=NOW,
        days=14.0,
        tool_version="1.2.3",
        rules=RULES,
        places=(CostedPlace(place=PLACE),),
        functions=(function_line(),) if functions is None else functions,
        findings=findings,
        effort=ScanEffort(),
    )
    return replace(scan, **changes)


@cache
def full_scan() -> Scan:
    """Two accounts, two currencies, a region that was denied, a suppression, and something of every kind."""
    orders, images, old = function_line(), function_line("resize-images"), function_line("year-end-report")
    shop = function_line("shop", CHINA)
    return make_test_scan(
        scan_finding(line=orders, saving=(10.0, 6.0, 12.0)),
        scan_finding(
            "arm64-candidate",
            orders,
            saving=(4.0, 4.0, 4.0),
            summary="runs on x86_64, and its runtime and layers are there for arm64",
            severity=Severity.LOW,
            next_step="powertune run orders --arch x86_64,arm64",
        ),
        scan_finding(
            "log-retention",
            orders,
            saving=(1.5, 1.5, 1.5),
            subject="/aws/lambda/orders",
            name="/aws/lambda/orders",
            summary="keeps its logs for ever",
            part=CostPart.LOG_STORAGE,
            next_step="aws logs put-retention-policy --log-group-name /aws/lambda/orders --retention-in-days 30",
        ),
        scan_finding(line=images, saving=(14.5, -1.25, 21.0), summary="uses 60 of 1,024 MB"),
        scan_finding(
            "timeouts", images, saving=None, summary="12 of 1,000,000 invocations timed out", severity=Severity.HIGH
        ),
        scan_finding(line=shop, saving=(50.0, 3.0, 60.0), summary="uses 100 of 1,024 MB"),
        functions=(orders, images, old, shop, function_line("unknown", cost=None, invocations=None, mean_ms=None)),
        places=(
            CostedPlace(place=PLACE),
            CostedPlace(place=DENIED),
            CostedPlace(place=CHINA, currency="CNY"),
        ),
        suppressed=(
            SuppressedFinding(
                finding=scan_finding("idle-function", old, saving=(5.0, 5.0, 5.0), part=CostPart.WHOLE),
                reason="runs in January",
                until="2027-02-01",
            ),
        ),
        gaps=(
            Gap(place=DENIED, what="", reason="access denied", action="lambda:ListFunctions"),
            Gap(place=PLACE, what="memory", reason="Compute Optimizer is not enrolled", subjects=("unknown",)),
            Gap(place=CHINA, what="memory", reason="Compute Optimizer is not enrolled"),
        ),
        effort=ScanEffort(
            calls=(("cloudwatch.get_metric_data", 2), ("lambda.list_functions", 3)),
            metrics=40,
            scanned_bytes=2**30,
            usd=0.0054,
        ),
        free_tiers=(AccountFreeTier(account_id=PLACE.account_id, free_tier_usd=6.0),),
    )


@cache
def earlier_scan() -> Scan:
    """The week before: one finding was smaller, one is fixed since, one function is gone and one not there yet."""
    now = full_scan()
    orders, gone = function_line(), function_line("legacy")
    return replace(
        now,
        scanned_at=NOW - WEEK_S,
        functions=(orders, *now.functions[2:], gone),
        findings=(
            scan_finding(line=orders, saving=(5.0, 3.0, 6.0)),
            *now.findings[1:3],
            scan_finding("idle-function", gone, saving=(2.0, 2.0, 2.0), summary="nobody has invoked it in 14 days"),
            scan_finding("timeouts", orders, saving=(1.0, 1.0, 1.0), summary="1 of 100 invocations timed out"),
            *now.findings[5:],
        ),
    )
