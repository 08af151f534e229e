"""Functions whose invocations fail, and what is paid for the failures."""

from collections.abc import Iterator
from dataclasses import dataclass

from powertune.scan.commands import tail_command
from powertune.scan.evidence import EvidenceSource, FunctionEvidence, FunctionUsage, PlaceEvidence
from powertune.scan.finding import Confidence, Fact, Finding, MonthlySaving, Severity
from powertune.scan.per_month import mean_invocation_cost, millisecond_price, per_month
from powertune.scan.rule import Need, ScanRule
from powertune.units import format_share, format_usd, plural

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
    share, cost = usage.errors / usage.invocations, _cost(known, usage, evidence)
    currency = "USD" if evidence.prices is None else evidence.prices.currency
    text = f"{usage.errors:,} errors in {plural(usage.invocations, 'invocation')} in {usage.days:g} days"
    facts = [Fact(source=EvidenceSource.METRICS, text=text)]
    retries = _most_retries(usage)
    if usage.asynchronous:
        text = f"at most {retries:,} of them are retries, of {plural(usage.asynchronous, 'asynchronous event')}"
        facts.append(Fact(source=EvidenceSource.METRICS, text=text))
    if cost is not None:
        low, expected, high = (format_usd(each, currency) for each in (cost.low, cost.expected, cost.high))
        text = f"they cost about {expected} a month, from {low} to {high}, as how long they took is not known"
        facts.append(Fact(source=EvidenceSource.METRICS, text=text))
    costs = "are charged" if cost is None else f"cost about {format_usd(cost.expected, currency)} a month"
    return RULE.finding(
        known,
        summary=f"{format_share(share)} of its invocations fail, and {costs}",
        facts=tuple(facts),
        next_step=f"look for the errors with `{tail_command(known.function)}`",
        saving=None if cost is None else _saving(cost, retries / usage.errors),
        confidence=Confidence.LOW,
        severity=_severity(share),
    )


def _most_retries(usage: FunctionUsage) -> int:
    """How many of the errors may be retries; 0 as well where it is not known how many events were asynchronous."""
    return min(usage.errors * _RETRIES // (_RETRIES + 1), (usage.asynchronous or 0) * _RETRIES)


@dataclass(frozen=True, slots=True, kw_only=True)
class _FailureCost:
    """What failed invocations cost in a month: at least, about, and at most."""

    low: float
    expected: float
    high: float


def _severity(share: float) -> Severity:
    if share >= _HIGH_SHARE:
        return Severity.HIGH
    return Severity.MEDIUM if share >= _MEDIUM_SHARE else Severity.LOW


def _cost(known: FunctionEvidence, usage: FunctionUsage, evidence: PlaceEvidence) -> _FailureCost | None:
    mean, errors = mean_invocation_cost(known), per_month(usage.errors, usage.days)
    if mean is None or known.cost is None:
        return None
    expected = errors * mean
    price = millisecond_price(known, evidence.prices)
    if evidence.prices is None or price is None or usage.max_ms is None:
        return _FailureCost(low=0.0, expected=expected, high=known.cost.on_demand)
    longest = errors * (evidence.prices.request + price * usage.max_ms)
    return _FailureCost(
        low=min(expected, errors * evidence.prices.request),
        expected=expected,
        high=max(expected, min(known.cost.on_demand, longest)),
    )


def _saving(cost: _FailureCost, most_retries: float) -> MonthlySaving:
    """What fewer failures would save, given the share of them that are retries at most.

    An invocation that no longer fails still runs, and is charged like the others. Only its retries are saved: from
    none to all that there may be, and half of them is the middle.
    """
    return MonthlySaving(expected=cost.expected * most_retries / 2, low=0.0, high=cost.high)


RULE = ScanRule(
    id="failing-invocations",
    title="Invocations fail and are charged",
    severity=Severity.MEDIUM,
    needs=(Need.USAGE,),
    check=_check,
    page=f"""
Reports a function if at least {format_share(_LEAST_SHARE)} of its invocations, and at least {_LEAST_ERRORS} of them,
ended in an error. The severity is low, medium from {format_share(_MEDIUM_SHARE)} on, and high from
{format_share(_HIGH_SHARE)} on.

A failed invocation is charged like any other. The cost of the failures is the number of errors in 30 days, times the
mean cost of an invocation of this function on demand. CloudWatch does not say how long failed invocations took, so
the finding also gives a range. It goes from the price of the request alone to the longest duration that was seen, for
each of them.

This cost is not the saving. Once you have fixed the error, the invocation still runs and is charged like the others.
You save only its retries: if an asynchronous invocation fails, Lambda tries it again, twice by default. CloudWatch
counts each retry as an invocation, and as an error if it fails too. So of three errors, up to two are retries. If it
is known how many events were queued, the finding says how many retries there were at most.

- The low end of the saving is nothing.
- The expected saving is the cost of half of these retries. Without asynchronous events, it is nothing.
- The high end is the whole cost. You save that if the events do not have to be processed at all.

Timeouts are errors as well. If `timeouts-billed` reports the same function, both costs contain the timeouts.
""",
)
