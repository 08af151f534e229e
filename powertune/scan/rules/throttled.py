"""Functions whose invocations are rejected because too many are running."""

from collections.abc import Iterator

from powertune.scan.commands import account_command
from powertune.scan.evidence import EvidenceSource, FunctionEvidence, FunctionUsage, PlaceEvidence
from powertune.scan.finding import Fact, Finding, Severity
from powertune.scan.reserve import LEAST_THROTTLES, starved_by_reserve
from powertune.scan.rule import Need, ScanRule
from powertune.units import format_share, plural

_LEAST_SHARE = 0.01
_MEDIUM_SHARE, _HIGH_SHARE = 0.05, 0.2


def _check(evidence: PlaceEvidence) -> Iterator[Finding]:
    for known in evidence.functions:
        usage = known.usage
        # Where its own reserved concurrency is the reason, another rule says so.
        if usage is None or usage.throttles < LEAST_THROTTLES or starved_by_reserve(known):
            continue
        if usage.throttles / (usage.invocations + usage.throttles) >= _LEAST_SHARE:
            yield _finding(known, usage)


def _finding(known: FunctionEvidence, usage: FunctionUsage) -> Finding:
    share = usage.throttles / (usage.invocations + usage.throttles)
    text = f"{usage.throttles:,} throttles and {plural(usage.invocations, 'invocation')} in {usage.days:g} days"
    concurrency = f"at most {usage.peak_concurrency:,.0f} ran at the same time"
    facts = [Fact(source=EvidenceSource.METRICS, text=text), Fact(source=EvidenceSource.METRICS, text=concurrency)]
    command = account_command(known.function.place, "get-account-settings")
    if known.reserved is not None:
        text = f"its reserved concurrency is {known.reserved:,}"
        facts.append(Fact(source=EvidenceSource.CONFIGURATION, text=text))
    return RULE.finding(
        known,
        summary=f"{format_share(share)} of the requests to invoke it are throttled",
        facts=tuple(facts),
        next_step=f"compare the concurrency of the account with its quota: `{command}`",
        severity=_severity(share),
    )


def _severity(share: float) -> Severity:
    if share >= _HIGH_SHARE:
        return Severity.HIGH
    return Severity.MEDIUM if share >= _MEDIUM_SHARE else Severity.LOW


RULE = ScanRule(
    id="throttled",
    title="Requests are throttled",
    severity=Severity.MEDIUM,
    needs=(Need.USAGE, Need.RESERVED),
    check=_check,
    page=f"""
Reports a function if at least {format_share(_LEAST_SHARE)} of the requests to invoke it, and at least
{LEAST_THROTTLES} of them, were throttled. The severity is low below {format_share(_MEDIUM_SHARE)}, medium below
{format_share(_HIGH_SHARE)}, and high from there on.

A throttled request is not an invocation, and is not charged. A caller that waits for the response gets an error.
Events of asynchronous invocations and of queues are tried again later.

CloudWatch counts every attempt. If an event is tried again and again, each attempt counts. So the share of events
that had to wait may be smaller than the share of throttled requests.

If the function has reserved concurrency and has used all of it, that is the reason, and `reserved-starving` reports
it instead. Otherwise, the concurrency of the account may have been used up, or requests came in faster than the
function can scale.
""",
)
