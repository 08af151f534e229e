"""Functions that were tuned, and are not what they were."""

from collections.abc import Iterator

from powertune.scan.commands import run_command
from powertune.scan.evidence import Compute, EvidenceSource, FunctionEvidence, PlaceEvidence, Tuned
from powertune.scan.finding import Fact, Finding, Severity
from powertune.scan.rule import Need, ScanRule
from powertune.scan.tuning import RECENT_DAYS, has_other_code, recent_days_follow
from powertune.units import format_ms, format_ratio, plural

#: By how much the median duration has risen before it counts.
_RISEN = 1.3
_DAY_S = 86_400


def _check(evidence: PlaceEvidence) -> Iterator[Finding]:
    for known in evidence.functions:
        if known.tuned is not None and known.function.compute is Compute.ON_DEMAND:
            slower, other_code = _slower(known, known.tuned, evidence.now), _other_code(known)
            if slower or other_code:
                yield _finding(known, known.tuned, (*other_code, *slower), slower=bool(slower), now=evidence.now)


def _slower(known: FunctionEvidence, tuned: Tuned, now: float) -> tuple[Fact, ...]:
    usage = known.usage
    if usage is None or usage.recent_p50_ms is None or not recent_days_follow(known, usage, tuned.measured_at, now):
        return ()
    # At another size it may well be slower, and be so because somebody followed the recommendation.
    measured_ms, recent_ms = dict(tuned.p50s_ms).get(known.function.current), usage.recent_p50_ms
    if not measured_ms or recent_ms < _RISEN * measured_ms:
        return ()
    rose = f"rose from {format_ms(measured_ms)} to {format_ms(recent_ms)} ({format_ratio(recent_ms / measured_ms)})"
    text = f"its median duration at {known.function.current} {rose}"
    return (Fact(source=EvidenceSource.METRICS, text=text),)


def _other_code(known: FunctionEvidence) -> tuple[Fact, ...]:
    if not has_other_code(known):
        return ()
    return (Fact(source=EvidenceSource.CONFIGURATION, text="its code has changed"),)


def _finding(
    known: FunctionEvidence, tuned: Tuned, changes: tuple[Fact, ...], *, slower: bool, now: float
) -> Finding:
    days = plural(round((now - tuned.measured_at) / _DAY_S), "day")
    measured = Fact(source=EvidenceSource.RESULTS_FILE, text=f"run {tuned.run_id} measured it {days} ago")
    return RULE.finding(
        known,
        summary=f"since it was tuned, {' and '.join(fact.text for fact in changes)}",
        facts=(measured, *changes),
        next_step=f"run `{run_command(known.function)}` again, "
        "and compare both results files with `powertune compare`",
        severity=Severity.MEDIUM if slower else None,
    )


RULE = ScanRule(
    id="drift",
    title="The function has changed since it was tuned",
    severity=Severity.LOW,
    needs=(Need.USAGE, Need.RESULTS),
    check=_check,
    page=f"""
Reports a function that an earlier run of powertune measured, if at least one of these is true:

- Its median duration on the last {RECENT_DAYS} days with invocations is at least {_RISEN:g} times what the run
  measured at the memory size and architecture that the function has now. The severity is then medium.
- Its code is not the code that was measured.

Durations are compared only if these days are certainly later than the run, and later than the last change of the
function. The window of a scan ends at midnight (UTC). So a function that is invoked every day has to be left as it is
for {RECENT_DAYS} whole days, and for one more for each day without invocations, because that may have been the last.

There is no saving: what the function would cost at another size has to be measured again. If the run recommended
another size than the function has, `recommendation-unapplied` reports that.
""",
)
