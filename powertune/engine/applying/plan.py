"""What an apply is going to change, decided before anything is touched. Pure."""

from dataclasses import replace

from powertune.analysis import Analysis, ProfileStatus
from powertune.aws.architecture import refuse_fixed_architecture
from powertune.aws.function_snapshot import FunctionSnapshot
from powertune.engine.applying.model import ApplyPlan, ApplyRequest, FoundFunction
from powertune.engine.applying.refusals import check_found_alias, check_latest, check_place
from powertune.errors import FunctionFailed, PowertuneError, UsageError
from powertune.model import Advisory, Architecture, Configuration, FunctionRef, TuningRun

#: As long as a time in seconds, and the number of a version, become in a note on the function.
_LONGEST_TIME, _LONGEST_VERSION = 9_999_999_999.0, "999999"


def choose(analysis: Analysis, memory_mb: int | None) -> tuple[Configuration | None, tuple[Advisory, ...]]:
    """The configuration to apply, and what to know about it; None if the function is to stay as it is.

    Args:
        memory_mb: the size that a person has named; it is applied on the function's own architecture.

    Raises:
        FunctionFailed, Inconclusive: the run has no answer, and no size was named.
        UsageError: the size that was named is known not to work.
    """
    current = analysis.current
    if memory_mb is None:
        if analysis.failure is not None:
            raise _without_answer(analysis.run, analysis.failure)
        assert analysis.recommendation is not None
        chosen = analysis.recommendation.configuration
        return (None, ()) if chosen == current else (chosen, ())
    named = Configuration(memory_mb=memory_mb, architecture=current.architecture)
    profile = analysis.profile(named)
    if profile is not None and profile.status is ProfileStatus.INFEASIBLE:
        raise UsageError(
            f"{named} did not work in run {analysis.run.run_id}: {profile.reason}",
            hint="name a size that worked; `powertune report` shows all of them",
        )
    if profile is not None and profile.status is ProfileStatus.OK:
        return named, ()
    unmeasured = Advisory(
        code="size-unmeasured",
        message=f"run {analysis.run.run_id} has not measured {named}, so its duration and cost are unknown",
        next_step="`powertune run --memory` measures it",
    )
    return named, (unmeasured,)


def _without_answer(run: TuningRun, failure: PowertuneError) -> PowertuneError:
    """Why a run has no answer; nothing is invoked now, so what has failed is that run."""
    if not isinstance(failure, FunctionFailed):
        return failure
    hint = "measure again, with an event that it succeeds with: powertune run --payload @event.json"
    return FunctionFailed(f"run {run.run_id} has no answer: {failure.message}", hint=hint)


def plan_apply(
    run: TuningRun,
    chosen: Configuration,
    asked: ApplyRequest,
    found: FoundFunction,
    *,
    apply_id: str,
    advisories: tuple[Advisory, ...] = (),
) -> ApplyPlan | None:
    """Decide what to change; None if it is in effect already.

    Args:
        advisories: what is known about the choice.

    Raises:
        Changed: the function, or what the alias leads to, is not what was measured.
        FunctionRefused: it cannot be applied safely.
        FunctionBusy: the function is being updated.
        NotFound: there is no such alias.
        UsageError: the run was made elsewhere, or does not say what it has measured.
    """
    measured = run.function
    check_place(run, found.latest)
    check_latest(run, chosen, found.latest)
    production = found.latest
    if asked.alias is not None:
        production = check_found_alias(run, chosen, asked.alias, found)
    if configuration_of(production) == configuration_of(found.latest) == chosen:
        return None
    if found.latest.architecture != chosen.architecture:
        refuse_fixed_architecture(found.latest)
    plan = ApplyPlan(
        apply_id=apply_id,
        run_id=run.run_id,
        function=FunctionRef(name=measured.name),
        region=measured.region,
        chosen=chosen,
        named=asked.memory_mb is not None,
        before=configuration_of(production),
        latest=found.latest,
        alias=found.alias,
        canary=asked.canary,
        timeout_s=measured.timeout_s,
        advisories=(*advisories, *_about_later(configuration_of(production), chosen), *_about_others(asked, found)),
    )
    _check_room(plan)
    return plan


def _check_room(plan: ApplyPlan) -> None:
    """See that what is going to be noted on the function fits, once the time and the new version are known.

    Raises:
        UsageError: it does not.
    """
    journal = plan.journal(_LONGEST_TIME)
    if journal.applied is not None and journal.applied.alias is not None:
        journal = replace(journal, applied=replace(journal.applied, after=_LONGEST_VERSION))
    journal.encode()


def configuration_of(snapshot: FunctionSnapshot) -> Configuration:
    """What $LATEST or a version has."""
    return Configuration(memory_mb=snapshot.memory_mb, architecture=Architecture(snapshot.architecture))


def _about_later(before: Configuration, chosen: Configuration) -> tuple[Advisory, ...]:
    """What the next deployment may do."""
    later = Advisory(
        code="change-infrastructure-code",
        message=f"the next deployment puts {before} back if the function's definition says so",
        next_step="change it there as well",
    )
    if before.architecture is chosen.architecture:
        return (later,)
    other = Advisory(
        code="architecture-of-later-code",
        message=f"the code that was measured runs on {chosen.architecture}; code that is built for "
        f"{before.architecture} alone will not",
        next_step=f"let your builds make code for {chosen.architecture} before the next deployment",
    )
    return (other, later)


def _about_others(asked: ApplyRequest, found: FoundFunction) -> tuple[Advisory, ...]:
    """Whoever changes $LATEST alone may believe that this reaches an alias."""
    if asked.alias is not None or not found.others:
        return ()
    names = ", ".join(f"{name} (version {version})" for name, version in found.others)
    advisory = Advisory(
        code="aliases-stay",
        message=f"only $LATEST is changed; aliases stay with their versions: {names}",
        next_step=f"to move one: --alias {found.others[0][0]}",
    )
    return (advisory,)
