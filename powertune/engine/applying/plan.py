"""What an apply is going to change, decided before anything is touched; and why it refuses. Pure."""

from dataclasses import dataclass

from powertune.analysis import Analysis, ProfileStatus
from powertune.aws.architecture import refuse_fixed_architecture
from powertune.aws.function_snapshot import Alias, FunctionSnapshot
from powertune.aws.journal import AppliedRun, Journal
from powertune.errors import Changed, FunctionBusy, FunctionRefused, NotFound, UsageError
from powertune.model import Advisory, Architecture, Configuration, FunctionRef, FunctionState, TuningRun

#: Lambda sends metrics by the minute.
LEAST_WATCH_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """How a canary is watched. `share` of the alias's invocations (above 0, below 1) goes to it for `watch_s`.

    It is rolled back if its p95 is longer by more than `max_p95_increase` (a share), and if it, or the version
    before, had fewer than `min_invocations` to tell.
    """

    share: float
    watch_s: float = 600.0
    max_p95_increase: float = 0.1
    min_invocations: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a person has asked for: the memory size that was named, if one was, the alias, and how to move it."""

    memory_mb: int | None = None
    alias: str | None = None
    canary: Canary | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundAlias:
    """An alias, and the version that it leads to. `provisioned` says which of the two has provisioned concurrency."""

    name: str
    alias: Alias
    version: FunctionSnapshot
    provisioned: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFunction:
    """What AWS says before the first change. `others` are aliases that stay with published versions, by name."""

    latest: FunctionSnapshot
    alias: FoundAlias | None = None
    others: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyPlan:
    """All decisions. `named`: a person has chosen the size, not the run. `before` is what production has now."""

    apply_id: str
    run_id: str
    function: FunctionRef
    region: str
    chosen: Configuration
    named: bool
    before: Configuration
    latest: FunctionSnapshot
    alias: FoundAlias | None
    canary: Canary | None
    timeout_s: int
    advisories: tuple[Advisory, ...] = ()

    @property
    def memory_mb(self) -> int:
        """The memory size that is applied."""
        return self.chosen.memory_mb

    @property
    def target(self) -> str:
        """The function as a person types it for a rollback."""
        return str(self.function) if self.alias is None else f"{self.function}:{self.alias.name}"

    def journal(self, started_at: float) -> Journal:
        """What is written on the function before the first change.

        Args:
            started_at: seconds since the epoch.
        """
        latest = self.latest
        moved = {} if self.alias is None else {"alias": self.alias.name, "before": self.alias.alias.version}
        architecture = latest.architecture if latest.architecture != self.chosen.architecture else ""
        return Journal(
            run_id=self.apply_id,
            started_at=int(started_at),
            memory_mb=latest.memory_mb,
            code_sha256=latest.code_sha256,
            trial_mb=(self.memory_mb,) if self.memory_mb != latest.memory_mb else (),
            applied=AppliedRun(run_id=self.run_id, architecture=architecture, **moved),
        )


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
            raise analysis.failure
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
        message=f"run {analysis.run.run_id} has not measured {named}",
        next_step="measure it first, with `powertune run --memory`",
    )
    return named, (unmeasured,)


def check_alias(asked: Asked) -> None:
    """See that an alias is named where one is needed.

    Raises:
        UsageError: there is a canary and no alias.
    """
    if asked.canary is not None and asked.alias is None:
        raise UsageError("--canary needs an alias", hint="name the alias that production uses, as --alias prod")


def check_identity(run: TuningRun, account_id: str, region: str) -> None:
    """See that a run was made in this account and region.

    Raises:
        UsageError: it was not.
    """
    ref = FunctionRef.parse(run.function.arn)
    for what, theirs, ours in (("account", ref.account_id, account_id), ("region", ref.region, region)):
        if theirs != ours:
            raise UsageError(
                f"run {run.run_id} was made in {what} {theirs}, and this is {what} {ours}",
                hint=f"use credentials of account {ref.account_id}, and --region {ref.region} or none",
            )


def plan_apply(
    run: TuningRun,
    chosen: Configuration,
    asked: Asked,
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
    _check_place(run, found.latest)
    _check_latest(run, chosen, found.latest)
    production = found.latest
    if asked.alias is not None:
        production = _check_found_alias(run, chosen, asked.alias, found)
    if _configuration(production) == _configuration(found.latest) == chosen:
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
        before=_configuration(production),
        latest=found.latest,
        alias=found.alias,
        canary=asked.canary,
        timeout_s=measured.timeout_s,
        advisories=(*advisories, *_about_later(_configuration(production), chosen), *_about_others(asked, found)),
    )
    plan.journal(0.0).encode()  # says so if it does not fit
    return plan


def _check_place(run: TuningRun, latest: FunctionSnapshot) -> None:
    measured = run.function
    if (measured.platform is None) != (latest.platform is None):
        here, there = ("AWS", "the embedded AWS")[:: 1 if latest.platform is None else -1]
        raise UsageError(
            f"run {run.run_id} was measured on {there}, and {measured.name} is on {here}",
            hint="figures of one say nothing of the other: measure the function where it is",
        )
    if not measured.fingerprint or not measured.code_sha256:
        raise UsageError(
            f"the results of run {run.run_id} do not say which code was measured",
            hint="measure again with this version of powertune",
        )


def _configuration(snapshot: FunctionSnapshot) -> Configuration:
    return Configuration(memory_mb=snapshot.memory_mb, architecture=Architecture(snapshot.architecture))


def _is_measured(snapshot: FunctionSnapshot, measured: FunctionState, chosen: Configuration) -> bool:
    """Whether it has the code and the settings that were measured; it may be on the chosen architecture already."""
    same = snapshot.fingerprint_on(measured.architecture) == measured.fingerprint
    known = (measured.architecture, chosen.architecture)
    return same and snapshot.code_sha256 == measured.code_sha256 and snapshot.architecture in known


def _check_latest(run: TuningRun, chosen: Configuration, latest: FunctionSnapshot) -> None:
    measured = run.function
    if latest.updating:
        raise FunctionBusy(f"{measured.name} is being updated at this moment", hint="run again when it has ended")
    if not _is_measured(latest, measured, chosen):
        what = "code" if latest.code_sha256 != measured.code_sha256 else "configuration"
        raise Changed(
            f"the {what} of $LATEST of {measured.name} is not what run {run.run_id} has measured: it has changed",
            hint="measure what is deployed now; a size that was measured with something else is not applied to it",
        )
    if latest.memory_mb not in (measured.memory_mb, chosen.memory_mb):
        raise Changed(
            f"$LATEST of {measured.name} has {latest.memory_mb} MB, and had {measured.memory_mb} MB when run "
            f"{run.run_id} compared sizes with that",
            hint="measure again; if powertune has applied it: `powertune apply --rollback` undoes that",
        )


def _check_found_alias(run: TuningRun, chosen: Configuration, name: str, found: FoundFunction) -> FunctionSnapshot:
    """What the alias leads to, if it can be moved."""
    measured, known = run.function, found.alias
    if known is None:
        raise NotFound(
            f"function {measured.name} has no alias {name}",
            hint=f"`aws lambda list-aliases --function-name {measured.name}` lists those that it has",
        )
    version = known.alias.version
    if version == "$LATEST":
        raise FunctionRefused(
            f"alias {name} leads to $LATEST, which has no versions to go back to",
            hint="leave --alias out: the alias gets the size together with $LATEST",
        )
    if known.alias.weights:
        raise FunctionBusy(
            f"alias {name} shifts traffic to version {known.alias.shifted[0]} at this moment",
            hint="wait until that deployment has ended",
        )
    if known.provisioned:
        raise FunctionRefused(
            f"{' and '.join(known.provisioned)} of {measured.name} has provisioned concurrency, which would have "
            "to be set up for the new version before the alias is moved",
            hint="set the size with the tool that deploys the provisioned concurrency",
        )
    _check_version(run, chosen, name, found, known)
    return known.version


def _check_version(run: TuningRun, chosen: Configuration, name: str, found: FoundFunction, known: FoundAlias) -> None:
    measured, version, number = run.function, known.version, known.alias.version
    if not _is_measured(version, measured, chosen):
        raise Changed(
            f"alias {name} leads to version {number}, whose code or configuration is not what run {run.run_id} has "
            "measured: $LATEST has something that was not deployed to the alias, and publishing would release it",
            hint="deploy $LATEST to the alias first, or measure what the alias leads to",
        )
    if version.snapstart != found.latest.snapstart:
        raise Changed(
            f"SnapStart is {found.latest.snapstart} in $LATEST and {version.snapstart} in version {number}, where "
            f"alias {name} leads: publishing would release that",
            hint="deploy $LATEST to the alias first, then measure again",
        )
    if version.memory_mb not in (measured.memory_mb, chosen.memory_mb):
        raise Changed(
            f"alias {name} leads to version {number} with {version.memory_mb} MB, and run {run.run_id} compared "
            f"sizes with {measured.memory_mb} MB",
            hint=f"measure the alias: powertune run {measured.name}:{name}",
        )


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


def _about_others(asked: Asked, found: FoundFunction) -> tuple[Advisory, ...]:
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
