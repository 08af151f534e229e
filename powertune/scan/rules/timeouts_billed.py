"""Invocations that time out, each of which is charged in full."""

import math
from collections.abc import Iterator

from powertune.scan.commands import tail_command
from powertune.scan.evidence import EvidenceSource, FunctionEvidence, FunctionUsage, PlaceEvidence, ReportStatistics
from powertune.scan.finding import Confidence, Fact, Finding, MonthlySaving, Severity
from powertune.scan.per_month import millisecond_price, per_month
from powertune.scan.rule import Need, ScanRule
from powertune.scan.timeouts import LEAST_TIMEOUTS, reaches_timeout
from powertune.units import format_usd, plural

#: The share of the slowest day's invocations that reach the timeout if its percentile does, the largest first.
_SHARES = (("p95_ms", 0.05), ("p99_ms", 0.01))
_DAY_S = 86_400


def _check(evidence: PlaceEvidence) -> Iterator[Finding]:
    for known in evidence.functions:
        reports = known.reports
        if reports is not None:
            if reports.timeouts >= LEAST_TIMEOUTS:
                yield _counted(known, reports, evidence)
        elif known.usage is not None and reaches_timeout(known):
            yield _estimated(known, known.usage, evidence)


def _counted(known: FunctionEvidence, reports: ReportStatistics, evidence: PlaceEvidence) -> Finding:
    monthly = per_month(reports.timeouts, reports.days)
    text = f"{plural(reports.timeouts, 'timeout')} in {plural(reports.count, 'report')} of {reports.days:g} days"
    facts = [Fact(source=EvidenceSource.LOGS_INSIGHTS, text=text), _timeout(known)]
    changed = evidence.now - known.function.modified_at < reports.days * _DAY_S
    if changed:
        text = "it was changed since the first of them, so that the timeout may have been another"
        facts.append(Fact(source=EvidenceSource.CONFIGURATION, text=text))
    price = _timeout_price(known, evidence)
    count = plural(round(monthly), "timeout")
    return RULE.finding(
        known,
        summary=f"about {count} a month, each charged for {_cost_text(known, price, monthly, evidence)}",
        facts=tuple(facts),
        next_step=_next_step(known),
        saving=None if price is None else _saving(known, monthly * price, monthly * price),
        confidence=Confidence.LOW if changed else Confidence.MEDIUM,
    )


def _estimated(known: FunctionEvidence, usage: FunctionUsage, evidence: PlaceEvidence) -> Finding:
    low, expected, high = _timeouts(known, usage)
    count = f"{high:,}" if low == high else f"from {low:,} to {high:,}"
    text = f"{count} of {plural(usage.invocations, 'invocation')} timed out in {usage.days:g} days"
    facts = (
        Fact(source=EvidenceSource.METRICS, text=text),
        Fact(source=EvidenceSource.METRICS, text="the 99th percentile of the slowest day is at the timeout"),
        _timeout(known),
    )
    price, monthly = _timeout_price(known, evidence), per_month(expected, usage.days)
    return RULE.finding(
        known,
        summary=f"invocations time out, each charged for {_cost_text(known, price, monthly, evidence)}",
        facts=facts,
        next_step=_next_step(known),
        saving=None if price is None else _saving(known, monthly * price, per_month(high, usage.days) * price),
        confidence=Confidence.LOW,
    )


def _timeouts(known: FunctionEvidence, usage: FunctionUsage) -> tuple[int, float, int]:
    """How many invocations have timed out in the window: at least, about, and at most.

    At most: every timeout is an error, and lasts as long as the timeout. About: if a percentile of the slowest day
    is at the timeout, so are 5 % or 1 % of that day's invocations, and it is taken to be a day like any other. It may
    have had fewer, but never none.
    """
    timeout_ms = known.function.timeout_s * 1000
    high = max(1, min(usage.errors, math.floor(usage.duration_sum_ms / timeout_ms)))
    share = next(share for name, share in _SHARES if (getattr(usage, name) or 0.0) >= 0.99 * timeout_ms)
    on_a_day = share * usage.invocations / max(1, usage.active_days)
    low = math.ceil(on_a_day) if usage.active_days == 1 else 1
    return min(low, high), min(max(1.0, on_a_day), high), high


def _timeout_price(known: FunctionEvidence, evidence: PlaceEvidence) -> float | None:
    price = millisecond_price(known, evidence.prices)
    return None if price is None else price * known.function.timeout_s * 1000


def _cost_text(known: FunctionEvidence, price: float | None, monthly: float, evidence: PlaceEvidence) -> str:
    """What each timeout is charged for, and what all of a month cost, if it is known."""
    text = f"{known.function.timeout_s:,} s"
    if price is None or evidence.prices is None:
        return text
    return f"{text}: about {format_usd(monthly * price, evidence.prices.currency)} a month in all"


def _saving(known: FunctionEvidence, cost: float, most: float) -> MonthlySaving:
    """What fewer timeouts would save, given what they cost: about, and at most.

    An invocation that no longer times out still runs. It is taken to last as long as the median one, and where that
    is not known, as long as before.
    """
    timeout_ms = known.function.timeout_s * 1000
    p50_ms = None if known.usage is None else known.usage.p50_ms
    shorter = 0.0 if p50_ms is None else max(0.0, 1 - p50_ms / timeout_ms)
    return MonthlySaving(expected=cost * shorter, low=0.0, high=most)


def _timeout(known: FunctionEvidence) -> Fact:
    return Fact(source=EvidenceSource.CONFIGURATION, text=f"its timeout is {known.function.timeout_s:,} s")


def _next_step(known: FunctionEvidence) -> str:
    found = tail_command(known.function, "--filter-pattern", "timeout")
    before = tail_command(known.function, "--log-stream-names", "STREAM")
    return (
        f"find the log stream and the time of a timeout with `{found}`, and what was logged before it with `{before}`"
    )


RULE = ScanRule(
    id="timeouts-billed",
    title="Invocations time out and are charged in full",
    severity=Severity.MEDIUM,
    needs=(Need.USAGE, Need.REPORTS),
    check=_check,
    page=f"""
Reports a function whose invocations reach its timeout. Each of them fails, and is charged for the whole timeout.

If the reports of its invocations were read, the timeouts in them are counted. Fewer than {LEAST_TIMEOUTS} are not
reported. Their cost is the number of timeouts in 30 days, times the timeout, times the price of a second on demand.
The confidence is medium. If the function was changed since the first of them, the timeout may have been a different
one, and the confidence is low.

Without reports, there is only CloudWatch, which does not count timeouts. A finding then needs three things: the 99th
percentile of the slowest day is at the timeout, the longest invocation has reached it, and there are errors. The
number of timeouts is an estimate, and the confidence is low:

- At least one invocation has timed out.
- About 1 % of the invocations of an average day have timed out, or 5 % if the 95th percentile is at the timeout too.
- At most, every error was a timeout, as far as the sum of all durations allows.

This cost is not the saving. Once you have fixed the reason, the invocation still runs, and is charged for as long as
it takes.

- The low end of the saving is nothing: an invocation may need this time, or more.
- The expected saving is the cost of the time beyond the median duration, as if the invocations then took as long as
  the others.
- The high end is the whole cost. Without reports, it is that of the largest possible number of timeouts.

Find out what the function waits for, and set a shorter timeout for that call. The call then fails sooner, and the
function can log the reason.
""",
)
