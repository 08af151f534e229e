"""Functions that may run much longer than they ever do."""

from collections.abc import Iterator

from powertune.scan.commands import function_command
from powertune.scan.evidence import EvidenceSource, FunctionEvidence, FunctionUsage, PlaceEvidence
from powertune.scan.finding import Fact, Finding, Severity
from powertune.scan.per_month import millisecond_price
from powertune.scan.rule import Need, ScanRule
from powertune.units import format_ms, format_usd, plural

_TIMES = 10
#: A shorter timeout bounds what an invocation that hangs can cost well enough.
_LEAST_S = 60
#: The longest of fewer invocations, or of fewer days, says little about the longest to come.
_LEAST_INVOCATIONS, _LEAST_DAYS = 1_000, 7


def _check(evidence: PlaceEvidence) -> Iterator[Finding]:
    for known in evidence.functions:
        usage, timeout_s = known.usage, known.function.timeout_s
        if usage is None or usage.max_ms is None or timeout_s <= _LEAST_S:
            continue
        enough = usage.invocations >= _LEAST_INVOCATIONS and usage.active_days >= _LEAST_DAYS
        if enough and timeout_s * 1000 >= _TIMES * usage.max_ms:
            yield _finding(known, usage, usage.max_ms, evidence)


def _finding(known: FunctionEvidence, usage: FunctionUsage, max_ms: float, evidence: PlaceEvidence) -> Finding:
    timeout_s = known.function.timeout_s
    text = f"the longest of {plural(usage.invocations, 'invocation')} took {format_ms(max_ms)}"
    facts = [
        Fact(source=EvidenceSource.METRICS, text=text),
        Fact(source=EvidenceSource.CONFIGURATION, text=f"its timeout is {timeout_s:,} s"),
    ]
    price = millisecond_price(known, evidence.prices)
    if price is not None and evidence.prices is not None:
        cost = format_usd(price * timeout_s * 1000, evidence.prices.currency)
        text = f"one that hangs costs {cost}"
        facts.append(Fact(source=EvidenceSource.CONFIGURATION, text=text))
    command = function_command(known.function, "update-function-configuration", "--timeout", "SECONDS")
    return RULE.finding(
        known,
        summary=f"its timeout is {timeout_s:,} s, but no invocation took longer than {format_ms(max_ms)}",
        facts=tuple(facts),
        next_step=f"lower the timeout with `{command}`",
    )


RULE = ScanRule(
    id="timeout-far",
    title="The timeout is far longer than any invocation",
    severity=Severity.INFO,
    needs=(Need.USAGE,),
    check=_check,
    page=f"""
Reports a function whose timeout is longer than {_LEAST_S} seconds, and at least {_TIMES} times the duration of the
longest invocation in the window. There have to be at least {_LEAST_INVOCATIONS:,} invocations on at least
{_LEAST_DAYS} days, because the longest of a few invocations says little about the longest one to come.

A long timeout costs nothing by itself. But an invocation that hangs is charged until it times out, and if a
dependency stops responding, all of them hang. The finding says what one such invocation costs. There is no saving.

A timeout should leave room for slow invocations. That is why this rule compares it with the longest duration, not
with the mean.
""",
)
