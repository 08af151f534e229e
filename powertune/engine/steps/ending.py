"""The steps that concern the function at the end of a run: restore it, and apply the answer where that was asked."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from powertune.aws.client import Aws
from powertune.aws.connection import Connection
from powertune.aws.copies.lifecycle import copies_left, delete_copies
from powertune.aws.error_translation import how_to_restore
from powertune.aws.function_snapshot import FunctionSnapshot
from powertune.aws.identity import ConnectionOptions
from powertune.aws.journal import journal_of, read_journal
from powertune.aws.lambda_function import LambdaFunction
from powertune.engine.applying.latest import publish_latest, set_latest
from powertune.engine.restoring import restore, restore_command
from powertune.engine.steps.store import Errand, RunStore
from powertune.engine.steps.worker import Worker, run_id_of, run_of
from powertune.errors import (
    AccessDenied,
    DeployedMeanwhile,
    FunctionBusy,
    NotFound,
    NotRestorable,
    NotRestored,
    PowertuneError,
    UsageError,
)
from powertune.measure import merge
from powertune.model import Advisory, FunctionRef

#: Longer than one attempt of a control-plane call may take: what a worker has begun to change is changed by then.
_GRACE_S = 40.0
#: The most copies that a run makes of a function: one for each architecture.
_MOST_COPIES = 2

State = dict[str, Any]


def restore_function(worker: Worker, event: Mapping[str, Any]) -> State:
    """Leave the function as the run found it, from what the journal on it says; whatever state failed, or none.

    Args:
        event: `execution` is the ARN of the execution. `failure` says why the execution fails, if it does; `stopped`
            that it has ended without restoring.

    Raises:
        NotRestored: it could not be done; the message holds the command that does it, and names copies that are left.
        NotRestorable: the same, and trying again would not help.
    """
    run_id = run_id_of(event["execution"])
    with worker.run(run_id) as store:
        if event.get("failure"):
            _wait_for_workers(worker, store)
        errand = store.errand
        if errand is None:  # which is kept before anything is touched
            return {"notes": []}
        try:
            notes = () if event.get("stopped") and store.is_restored else _restore_once(worker, store, errand)
        finally:
            if event.get("failure"):
                with suppress(PowertuneError):
                    _keep(store, str(event["failure"]))
    return {"notes": [_note(each) for each in notes]}


def restore_stopped(worker: Worker, event: Mapping[str, Any]) -> State:
    """Restore after an execution that was stopped, or has failed where no state could catch it.

    Args:
        event: EventBridge's "Step Functions Execution Status Change".
    """
    detail = event["detail"]
    failure = f"the execution has ended as {detail['status']}"
    return restore_function(worker, {"execution": detail["executionArn"], "failure": failure, "stopped": True})


def apply(worker: Worker, event: Mapping[str, Any]) -> State:
    """Give the function the recommended memory size, and an alias of a new version if one was named.

    Args:
        event: `run` of the state, and the `output` of the step before, to which `applied` is added.

    Raises:
        FunctionBusy: somebody has changed the function since it was measured.
    """
    run_id, ref, role = run_of(event)
    output: State = dict(event["output"])
    with worker.run(run_id) as store, worker.access(ref, role) as connection:
        plan, errand = store.plan, store.errand or Errand(function=str(ref))
        if output["architecture"] != plan.function.architecture.value:
            return {**output, "applied": None, "notApplied": "autoOptimize does not change the architecture"}
        function = LambdaFunction(connection.aws(), ref)
        before = function.wait_until_updated()
        # It has the recommended size already where the answer of a first attempt was lost.
        known = (plan.function.memory_mb, output["power"])
        if before.fingerprint != plan.function.fingerprint or before.memory_mb not in known:
            raise FunctionBusy(
                f"{ref.name} was changed by somebody else since it was measured; it was not changed to "
                f"{output['power']} MB",
                hint="look at the change, then apply the recommendation by hand",
            )
        before = set_latest(function, output["power"], before)
        version = None
        if errand.auto_optimize_alias is not None:
            version = _as_recommended(function, errand.auto_optimize_alias, before)
            if version is None:
                description = f"{output['power']} MB, as powertune {run_id} recommends"
                version = publish_latest(function, description, before)
                function.point_alias(errand.auto_optimize_alias, version)
    applied = {"memory": output["power"], "alias": errand.auto_optimize_alias, "version": version}
    return {**output, "applied": applied}


def _as_recommended(function: LambdaFunction, name: str, latest: FunctionSnapshot) -> str | None:
    """The version that an alias leads to, if it leads to no other, and that is what $LATEST is now; else None."""
    alias = function.alias(name)
    if alias is None or alias.shifted or alias.version == "$LATEST":
        return None
    try:
        version = function.read(alias.version)
    except NotFound:
        return None
    same = (version.fingerprint, version.memory_mb) == (latest.fingerprint, latest.memory_mb)
    return alias.version if same else None


def _restore_once(worker: Worker, store: RunStore, errand: Errand) -> tuple[Advisory, ...]:
    """Restore, and keep for whoever tries again that it is done, or that only a person can do the rest.

    Undoing deletes the journal also where $LATEST is left as it is: a second attempt would find nothing to undo.
    """
    left = store.deployed_meanwhile
    if left is not None:
        raise left
    ref = FunctionRef.parse(errand.function)
    with worker.access(ref, errand.role_arn) as connection:
        try:
            notes = _restored(connection, ref, store)
        except DeployedMeanwhile as error:
            store.leave(error)
            raise
        except PowertuneError as error:
            raise _failed(connection, ref, store.run_id, error) from error
    store.restored()
    return notes


def _wait_for_workers(worker: Worker, store: RunStore) -> None:
    """Keep workers from changing anything more: they outlive their execution, and may not have begun to change."""
    store.stop()
    if store.is_changing:
        worker.sleep(_GRACE_S)


def _restored(connection: Connection, ref: FunctionRef, store: RunStore) -> tuple[Advisory, ...]:
    """Restore a function.

    Raises:
        PowertuneError: as AWS says; or the run has kept a journal on the function, and it cannot be read any more.
    """
    aws = connection.aws()
    function = LambdaFunction(aws, ref)
    journal = journal_of(function, store.run_id)
    if journal is not None:
        return restore(function, journal, _command(ref, aws)).notes
    with suppress(NotFound):
        # A run that measures copies only keeps no journal: they follow from its id.
        delete_copies(function, store.run_id, _MOST_COPIES)
        if store.touches_original:
            read_journal(function)  # one that nobody can read may be this run's: the function may hold a trial size
    return ()


def _failed(connection: Connection, ref: FunctionRef, run_id: str, error: PowertuneError) -> NotRestored:
    """Why restoring has failed, and what it leaves beside the function."""
    aws = connection.aws()
    command = _command(ref, aws)
    reason = error.__cause__ if isinstance(error, NotRestored) else error
    refused = isinstance(reason, AccessDenied | UsageError) and not isinstance(reason, FunctionBusy)
    kind = NotRestorable if refused else NotRestored
    message = error.message if isinstance(error, NotRestored) else f"{ref.name} is not restored: {error.message}"
    left: tuple[str, ...] = ()
    with suppress(PowertuneError):
        left = copies_left(LambdaFunction(aws, ref), run_id, _MOST_COPIES)
    if left:
        message = f"{message}; left behind: {', '.join(left)}"
    hint = error.hint if isinstance(error, NotRestored) else how_to_restore(error, command)
    return kind(message, hint=hint)


def _command(ref: FunctionRef, aws: Aws) -> str:
    return restore_command(str(ref), ConnectionOptions(region=aws.region))


def _keep(store: RunStore, why: str) -> None:
    """Write what was measured and paid for as a results file, unless there is one: the run has failed."""
    found = store.latest()
    if found is None:
        return
    run, parts = found
    whole = merge(run, parts)
    if store.has_results(whole):
        return
    if any(len(each.invocations) for each in whole.measurements):
        store.publish(replace(whole, stopped=why))


def _note(advisory: Advisory) -> dict[str, str]:
    return {"code": advisory.code, "message": advisory.message, "next_step": advisory.next_step}
