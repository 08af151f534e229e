"""Functions whose invocations fail, and what is paid for the failures."""

from collections.abc import Iterator

from powertune.scan.commands import tail_command
from powertune.scan.evidence import EvidenceSource, FunctionEvidence, FunctionUsage, PlaceEvidence
from powertune.scan.finding import Confidence, Fact, Finding, MonthlySaving, Severity
from powertune.scan.per_month import mean_invocation_cost, millisecond_price, per_month
from powertune.scan.rule import Need, ScanRule
from powertune.units import format_share, plural

#: Fewer errors than this in a window are accidents, whatever their share.
_LEAST_ERRORS = 10
_LEAST_SHARE = 0.01
_MEDIUM_SHARE, _HIGH_SHARE = 0.1, 0.5
#: Lambda tries an event again twice, unless the function is configured otherwise.
_RETRIES = 2


def _check(evidence: PlaceEvidence) -> Iterator[Finding]:
    for known in evidence.functions:
        usage = known.usage
        if usage is None or not usage.invocations or usage.errors < _LEAST_ERRORS:
            continue
        if usage.errors / usage.invocations >= _LEAST_SHARE:
            yield _finding(known, usage, evidence)


def _finding(known: FunctionEvidence, usage: FunctionUsage, evidence: PlaceEvidence) -> Finding:
    share = usage.errors / usage.invocations
    text = f"{usage.errors:,} errors in {plural(usage.invocations, 'invocation')} in {usage.days:g} days"
    facts = [Fact(source=EvidenceSource.METRICS, text=text)]
    if usage.asynchronous:
        retries = min(usage.errors * _RETRIES // (_RETRIES + 1), usage.asynchronous * _RETRIES)
        text = f"at most {retries:,} of them are retries, of {plural(usage.asynchronous, 'asynchronous event')}"
        facts.append(Fact(source=EvidenceSource.METRICS, text=text))
    return RULE.finding(
        known,
        summary=f"{format_share(share)} of its invocations fail, and are charged",
        facts=tuple(facts),
        next_step=f"look for the errors with `{tail_command(known.function)}`",
        saving=_saving(known, usage, evidence),
        confidence=Confidence.MEDIUM,
        severity=_severity(share),
    )


def _severity(share: float) -> Severity:
    if share >= _HIGH_SHARE:
        return Severity.HIGH
    return Severity.MEDIUM if share >= _MEDIUM_SHARE else Severity.LOW


def _saving(known: FunctionEvidence, usage: FunctionUsage, evidence: PlaceEvidence) -> MonthlySaving | None:
    mean, errors = mean_invocation_cost(known), per_month(usage.errors, usage.days)
    if mean is None or known.cost is None:
        return None
    expected = errors * mean
    price = millisecond_price(known, evidence.prices)
    if evidence.prices is None or price is None or usage.max_ms is None:
        return MonthlySaving(expected=expected, low=0.0, high=known.cost.on_demand)
    longest = errors * (evidence.prices.request + price * usage.max_ms)
    return MonthlySaving(
        expected=expected,
        low=min(expected, errors * evidence.prices.request),
        high=max(expected, min(known.cost.on_demand, longest)),
    )


RULE = ScanRule(
    id="failing-invocations",
    title="Invocations fail and are charged",
    severity=Severity.MEDIUM,
    needs=(Need.USAGE,),
    check=_check,
    page=f"""
Reports a function of which at least {format_share(_LEAST_SHARE)} of the invocations, and at least {_LEAST_ERRORS},
ended in an error. The severity is medium from {format_share(_MEDIUM_SHARE)}, and high from
{format_share(_HIGH_SHARE)}.

An invocation that fails is charged like any other. The amount is the number of errors in 30 days, times the mean cost
of an invocation of this function on demand. CloudWatch does not say how long the failed invocations took, so the
range is wide: from the price of the request alone, to the longest duration that was seen, for each of them.

If an asynchronous invocation fails, Lambda tries it again, twice by default. Each retry is an invocation of its own,
and CloudWatch counts it among the invocations, and among the errors if it fails too. So of three errors, up to two
are retries. The finding says how many there are at most, if it is known how many events were queued.

The amount is spent on work that failed. You save all of it only if the events need not be processed at all. If the
invocations succeed instead, you save the retries.

Timeouts are errors as well. Where `timeouts-billed` reports the same function, a part of the amount is in both.
""",
)
