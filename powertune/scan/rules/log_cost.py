"""Functions that cost less than what they log."""

from collections.abc import Iterator

from powertune.scan.commands import function_command
from powertune.scan.evidence import (
    EvidenceSource,
    FunctionEvidence,
    FunctionLogGroup,
    MonthlyCost,
    PlaceEvidence,
    ScannedFunction,
)
from powertune.scan.finding import Confidence, CostPart, Fact, Finding, MonthlySaving, Severity
from powertune.scan.log_owners import costs_of, owned_log_groups, owner_names
from powertune.scan.per_month import per_month
from powertune.scan.rule import Need, ScanRule
from powertune.units import format_usd

#: In the currency of the region.
_LEAST_COST = 1.0
#: The INFREQUENT_ACCESS class costs half as much to write to as the STANDARD class, and the same to store.
_STANDARD, _INFREQUENT_SHARE = "STANDARD", 0.5
_BYTES_PER_GB = 2**30


def _check(evidence: PlaceEvidence) -> Iterator[Finding]:
    for group, owners in owned_log_groups(evidence):
        costs = costs_of(owners, "log_ingestion")
        if costs is None:
            continue
        ingestion, running = sum(cost.log_ingestion for cost in costs), sum(map(_running, costs))
        if ingestion >= _LEAST_COST and ingestion > running:
            yield _finding(group, owners, evidence, ingestion, running)


def _running(cost: MonthlyCost) -> float:
    return cost.on_demand + cost.provisioned


def _finding(
    group: FunctionLogGroup,
    owners: tuple[FunctionEvidence, ...],
    evidence: PlaceEvidence,
    ingestion: float,
    running: float,
) -> Finding:
    currency = evidence.prices.currency if evidence.prices else "USD"
    logs, run = format_usd(ingestion, currency), format_usd(running, currency)
    facts = [
        Fact(
            source=EvidenceSource.METRICS,
            text=f"writing logs costs {logs} a month, and running {_what(owners)} {run}",
        ),
        Fact(source=EvidenceSource.CONFIGURATION, text=f"written by {owner_names(owners)}"),
    ]
    if group.ingested_bytes is not None:
        monthly_gb = per_month(group.ingested_bytes, evidence.days) / _BYTES_PER_GB
        facts.append(Fact(source=EvidenceSource.LOG_GROUPS, text=f"{monthly_gb:,.1f} GB are written in a month"))
    saving = None
    if group.log_class == _STANDARD:
        saving = MonthlySaving(expected=ingestion * _INFREQUENT_SHARE, low=0.0, high=ingestion)
    return Finding(
        rule=RULE.id,
        severity=RULE.severity,
        place=evidence.place,
        subject=group.name,
        name=group.name,
        summary=f"writing its logs costs {logs} a month, and running {_what(owners)} {run}",
        facts=tuple(facts),
        next_step=_next_step(group, owners),
        saving=saving,
        confidence=Confidence.LOW,
        part=RULE.part,
    )


def _what(owners: tuple[FunctionEvidence, ...]) -> str:
    return "the function" if len(owners) == 1 else f"its {len(owners)} functions"


def _next_step(group: FunctionLogGroup, owners: tuple[FunctionEvidence, ...]) -> str:
    steps = ["log less"]
    text = next((known.function for known in owners if known.function.log_format != "JSON"), None)
    if text is not None:
        steps.append(f"filter by level with `{_by_level(text)}`")
    else:
        steps.append("raise the application log level")
    if group.log_class == _STANDARD:
        steps.append("write to a new log group of the class INFREQUENT_ACCESS")
    return ", or ".join(steps)


def _by_level(function: ScannedFunction) -> str:
    # A logging configuration that names no log group may put back the default one.
    config = f"LogFormat=JSON,ApplicationLogLevel=WARN,LogGroup={function.log_group}"
    return function_command(function, "update-function-configuration", "--logging-config", config)


RULE = ScanRule(
    id="log-cost",
    title="Logs cost more than running the function",
    severity=Severity.MEDIUM,
    part=CostPart.LOG_INGESTION,
    needs=(Need.USAGE, Need.PROVISIONED, Need.LOG_GROUPS),
    check=_check,
    page=f"""
Reports a log group if writing to it costs more than running its functions, and at least {_LEAST_COST:g} US dollar a
month, or 1 yuan in China. The cost of running a function is that of its requests, duration, INIT, ephemeral storage
and provisioned concurrency. A log group that several functions share is reported once, and compared with what all of
them cost.

There are three ways to pay less:

- Log less.
- Log as JSON, and choose the application log level. Lambda then drops what is below that level. Leave the system log
  level at INFO: at WARN, Lambda no longer logs the reports of successful invocations, and powertune cannot read them.
- Use a log group of the class INFREQUENT_ACCESS. Writing to it costs half as much, and storage costs the same. It has
  neither metric filters nor Live Tail. The class of a log group cannot be changed, so you need a new one.

For a log group of the class STANDARD, the expected saving is that of the last way: half of what writing to it costs
now. The range goes from nothing to all of that. For other classes, no saving is given.
""",
)
