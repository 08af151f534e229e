"""Functions that are held back by their own reserved concurrency."""

from collections.abc import Iterator

from powertune.scan.commands import function_command
from powertune.scan.evidence import EvidenceSource, FunctionEvidence, PlaceEvidence
from powertune.scan.finding import Fact, Finding, Severity
from powertune.scan.rule import Need, ScanRule
from powertune.units import format_share, plural

_LEAST_THROTTLES = 10
_HIGH_SHARE = 0.2


def _check(evidence: PlaceEvidence) -> Iterator[Finding]:
    for known in evidence.functions:
        if known.reserved == 0:
            yield _switched_off(known)
        elif known.reserved is not None and known.usage is not None:
            usage = known.usage
            if usage.throttles >= _LEAST_THROTTLES and usage.peak_concurrency >= known.reserved:
                yield _starving(known, known.reserved)


def _switched_off(known: FunctionEvidence) -> Finding:
    facts = [Fact(source=EvidenceSource.CONFIGURATION, text="its reserved concurrency is 0")]
    rejected = 0 if known.usage is None else known.usage.throttles
    if known.usage is not None:
        text = f"{plural(rejected, 'request')} rejected in {known.usage.days:g} days"
        facts.append(Fact(source=EvidenceSource.METRICS, text=text))
    command = function_command(known.function, "delete-function-concurrency")
    return RULE.finding(
        known,
        summary="it is switched off by a reserved concurrency of 0" + (", but still invoked" if rejected else ""),
        facts=tuple(facts),
        next_step=f"ask its owner; `{command}` switches it on again",
        severity=Severity.MEDIUM if rejected else Severity.INFO,
    )


def _starving(known: FunctionEvidence, reserved: int) -> Finding:
    usage = known.usage
    assert usage is not None
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
Reports a function that was throttled at least {_LEAST_THROTTLES} times while as many of its invocations ran as its
reserved concurrency allows. The severity is high if {format_share(_HIGH_SHARE)} of the requests were throttled.

Reserved concurrency is free. It keeps a part of the account's concurrency for one function, and is the most that this
function can use. It may be low on purpose, for example to protect a database: suppress the finding with that reason.

A reserved concurrency of 0 switches a function off. That is reported with severity info, or medium if somebody still
tries to invoke it.
""",
)
