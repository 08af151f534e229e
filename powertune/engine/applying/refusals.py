"""Why an apply is refused: the function, the alias or the run is not what it would have to be. Pure."""

from powertune.aws.function_snapshot import FunctionSnapshot
from powertune.engine.applying.model import ApplyRequest, FoundAlias, FoundFunction
from powertune.errors import Changed, FunctionBusy, FunctionRefused, NotFound, UsageError
from powertune.model import Configuration, FunctionRef, FunctionState, TuningRun


def check_alias(asked: ApplyRequest) -> None:
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


def check_place(run: TuningRun, latest: FunctionSnapshot) -> None:
    """See that the function is on the AWS where the run was made, and that the run knows which code it has measured.

    Raises:
        UsageError: it is not, or does not.
    """
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


def _is_measured(snapshot: FunctionSnapshot, measured: FunctionState, chosen: Configuration) -> bool:
    """Whether it has the code and the settings that were measured; it may be on the chosen architecture already."""
    same = snapshot.fingerprint_on(measured.architecture) == measured.fingerprint
    known = (measured.architecture, chosen.architecture)
    return same and snapshot.code_sha256 == measured.code_sha256 and snapshot.architecture in known


def check_latest(run: TuningRun, chosen: Configuration, latest: FunctionSnapshot) -> None:
    """See that $LATEST is what was measured, or has what was chosen already.

    Raises:
        Changed: somebody has deployed since.
        FunctionBusy: it is being updated.
    """
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


def check_found_alias(run: TuningRun, chosen: Configuration, name: str, found: FoundFunction) -> FunctionSnapshot:
    """What the alias leads to, if it can be moved.

    Raises:
        NotFound: there is no such alias.
        FunctionRefused, FunctionBusy: it cannot be moved safely, or not now.
        Changed: it leads to something else than was measured.
    """
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
