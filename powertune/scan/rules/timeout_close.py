"""Functions whose invocations take almost as long as they may."""

from collections.abc import Iterator

from powertune.scan.commands import run_command
from powertune.scan.evidence import EvidenceSource, FunctionEvidence, PlaceEvidence
from powertune.scan.finding import Fact, Finding, Severity
from powertune.scan.rule import Need, ScanRule
from powertune.scan.timeouts import LEAST_TIMEOUTS, reaches_timeout
from powertune.units import format_ms, format_share

_CLOSE = 0.8


def _check(evidence: PlaceEvidence) -> Iterator[Finding]:
    for known in evidence.functions:
        usage, timeout_s = known.usage, known.function.timeout_s
        if usage is None or usage.p99_ms is None or _timed_out(known):
            continue
        share = usage.p99_ms / (timeout_s * 1000)
        if not _CLOSE <= share <= 1:
            continue
        text = f"the 99th percentile of the slowest day is {format_ms(usage.p99_ms)}"
        yield RULE.finding(
            known,
            summary=f"its slowest invocations use {format_share(share)} of the timeout of {timeout_s:,} s",
            facts=(
                Fact(source=EvidenceSource.METRICS, text=text),
                Fact(source=EvidenceSource.CONFIGURATION, text=f"its timeout is {timeout_s:,} s"),
            ),
            next_step=f"see with `{run_command(known.function)}` whether more memory makes it faster, or raise it",
        )


def _timed_out(known: FunctionEvidence) -> bool:
    """Whether `timeouts-billed` reports it: by its reports, or without reports by its metrics."""
    return reaches_timeout(known) if known.reports is None else known.reports.timeouts >= LEAST_TIMEOUTS


RULE = ScanRule(
    id="timeout-close",
    title="The function may soon time out",
    severity=Severity.MEDIUM,
    needs=(Need.USAGE,),
    check=_check,
    page=f"""
Reports a function whose 99th percentile of durations, on the slowest day of the window, is at least
{format_share(_CLOSE)} of its timeout. A slower dependency or a larger event makes such a function time out. No money
is at stake yet. If at least {LEAST_TIMEOUTS} timeouts are in its reports, or if CloudWatch shows without reports that
it times out, `timeouts-billed` reports it instead.

If the function is busy computing, more memory makes it faster, and `powertune run` measures by how much. If it waits
for something else, raise the timeout, or give the function less work at a time.
""",
)
