"""Functions that are held back by their own reserved concurrency."""

from collections.abc import Iterator

from powertune.scan.commands import function_command
from powertune.scan.evidence import EvidenceSource, FunctionEvidence, FunctionUsage, PlaceEvidence
from powertune.scan.finding import Fact, Finding, Severity
from powertune.scan.reserve import LEAST_THROTTLES, starved_by_reserve
from powertune.scan.rule import Need, ScanRule
from powertune.units import format_share, plural

_HIGH_SHARE = 0.2


def _check(evidence: PlaceEvidence) -> Iterator[Finding]:
    for known in evidence.functions:
        usage, reserved = known.usage, known.reserved
        if usage is not None and reserved is not None and starved_by_reserve(known):
            yield _starving(known, usage, reserved) if reserved else _switched_off(known, usage)


def _switched_off(known: FunctionEvidence, usage: FunctionUsage) -> Finding:
    rejected = f"{plural(usage.throttles, 'request')} rejected in {usage.days:g} days"
    command = function_command(known.function, "delete-function-concurrency")
    return RULE.finding(
        known,
        summary="it is switched off by a reserved concurrency of 0, but still invoked",
        facts=(
            Fact(source=EvidenceSource.CONFIGURATION, text="its reserved concurrency is 0"),
            Fact(source=EvidenceSource.METRICS, text=rejected),
        ),
        next_step=f"ask its owner; `{command}` switches it on again",
    )


def _starving(known: FunctionEvidence, usage: FunctionUsage, reserved: int) -> Finding:
    share = usage.throttles / (usage.invocations + usage.throttles)
    command = function_command(known.function, "put-function-concurrency", "--reserved-concurrent-executions", "N")
    return RULE.finding(
        known,
        summary=f"its reserved concurrency of {reserved:,} is used up, and requests are throttled",
        facts=(
            Fact(source=EvidenceSource.CONFIGURATION, text=f"its reserved concurrency is {reserved:,}"),
            Fact(source=EvidenceSource.METRICS, text=f"{usage.peak_concurrency:,.0f} ran at the same time"),
            Fact(source=EvidenceSource.METRICS, text=f"{usage.throttles:,} throttles in {usage.days:g} days"),
        ),
        next_step=f"raise it with `{command}`, or remove it",
        severity=Severity.HIGH if share >= _HIGH_SHARE else Severity.MEDIUM,
    )


RULE = ScanRule(
    id="reserved-starving",
    title="Reserved concurrency holds the function back",
    severity=Severity.MEDIUM,
    needs=(Need.USAGE, Need.RESERVED),
    check=_check,
    page=f"""
Reports a function that was throttled at least {LEAST_THROTTLES} times, and that ran as many invocations at a time as
its reserved concurrency allows. The severity is high if at least {format_share(_HIGH_SHARE)} of the requests were
throttled.

Reserved concurrency is free. It sets aside a part of the account's concurrency for one function, and is the most that
this function can use. It may be low on purpose, for example to protect a database. If so, suppress the finding and
give that as the reason. `throttled` says nothing about such a function.

A reserved concurrency of 0 switches a function off. This is reported if somebody still tries to invoke it. A scan
does not read the reserved concurrency of functions that were never throttled.
""",
)
