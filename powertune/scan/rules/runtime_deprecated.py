"""Functions on runtimes that AWS no longer maintains, or soon will not."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

from powertune.scan.commands import function_command
from powertune.scan.evidence import EvidenceSource, FunctionEvidence, PlaceEvidence, ScannedFunction
from powertune.scan.finding import Fact, Finding, Severity
from powertune.scan.rule import ScanRule
from powertune.scan.runtimes import AS_OF, RUNTIMES, RuntimeSchedule, newest_runtime
from powertune.units import plural

_SOON_DAYS = 90
#: Runtimes whose packages no other runtime can start: an OS-only one looks for an executable named bootstrap.
_OTHER_PACKAGES = frozenset({"go1.x"})


def _check(evidence: PlaceEvidence) -> Iterator[Finding]:
    today = datetime.fromtimestamp(evidence.now, UTC).date()
    for known in evidence.functions:
        schedule = RUNTIMES.get(known.function.runtime)
        if schedule is not None and (schedule.deprecated - today).days <= _SOON_DAYS:
            yield _finding(known, schedule, today)


def _finding(known: FunctionEvidence, schedule: RuntimeSchedule, today: date) -> Finding:
    runtime = known.function.runtime
    severity, summary = _state(runtime, schedule, today)
    return RULE.finding(
        known,
        summary=summary,
        facts=tuple(
            Fact(source=EvidenceSource.CONFIGURATION, text=text)
            for text in (
                f"$LATEST uses the runtime {runtime}",
                f"AWS ends its support on {schedule.deprecated} (as of {AS_OF})",
                f"it blocks creating functions with it on {schedule.blocks_create}, and updating on "
                f"{schedule.blocks_update}",
            )
        ),
        next_step=_next_step(known.function),
        severity=severity,
    )


def _next_step(function: ScannedFunction) -> str:
    newest = newest_runtime(function.runtime)
    if function.runtime in _OTHER_PACKAGES:
        return (
            f"build it as an executable named bootstrap for {newest}, test that as another function, then deploy "
            "code and runtime together: changing the runtime alone breaks it"
        )
    command = function_command(function, "update-function-configuration", "--runtime", newest)
    return f"test it on {newest}, then `{command}`"


def _state(runtime: str, schedule: RuntimeSchedule, today: date) -> tuple[Severity, str]:
    if today >= schedule.blocks_update:
        return Severity.HIGH, f"its runtime {runtime} is deprecated, and its code can no longer be updated"
    if today >= schedule.blocks_create:
        return Severity.MEDIUM, f"its runtime {runtime} is deprecated, and no longer accepted for new functions"
    if today >= schedule.deprecated:
        return Severity.LOW, f"its runtime {runtime} is deprecated: it gets no more security updates"
    days = plural((schedule.deprecated - today).days, "day")
    return Severity.INFO, f"its runtime {runtime} will be deprecated in {days}"


RULE = ScanRule(
    id="runtime-deprecated",
    title="The runtime is deprecated",
    severity=Severity.MEDIUM,
    needs=(),
    check=_check,
    page=f"""
Reports a function whose `$LATEST` uses a runtime that AWS has deprecated, or will deprecate within {_SOON_DAYS} days.
The severity depends on what AWS no longer allows:

- high: existing functions can no longer be updated, except to another runtime;
- medium: new functions can no longer be created;
- low: the runtime is deprecated, and gets no more security updates;
- info: it will be deprecated soon.

The dates are those of the page "Lambda runtimes" in the AWS Lambda Developer Guide as of {AS_OF}. AWS has postponed
some of them more than once, so check that page before you plan. Runtimes that powertune does not know are never
reported. Neither are container images, because Lambda does not know their runtimes. Published versions are not looked
at.

Functions on go1.x have to move to an OS-only runtime. It starts an executable named `bootstrap`, which their packages
do not contain. So their code has to be built again, and deployed together with the new runtime.

There is no saving. But a function that cannot be updated cannot be tuned either.
""",
)
