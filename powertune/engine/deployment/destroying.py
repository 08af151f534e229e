"""Removes the state machine from an account, and the results too if that is wanted."""

from dataclasses import dataclass

from powertune.aws.client import Aws
from powertune.aws.stacks.caller import Caller, who_calls
from powertune.aws.stacks.deployed_stack import DeployedStack, StackState
from powertune.aws.stacks.own_buckets import OwnBucket
from powertune.engine.deployment.artifacts import BUCKET_PARAMETER, artifact_prefix, default_bucket
from powertune.engine.deployment.deploying import check_ours
from powertune.engine.deployment.idle import check_idle
from powertune.engine.deployment.scan_stack import RESULTS_OUTPUT, find_scan, scan_stack
from powertune.engine.deployment.unfinished import unrestored_functions
from powertune.engine.deployment.watch_stack import destroy_watch, is_watching
from powertune.engine.deployment.watching import StackWatcher
from powertune.errors import FunctionBusy


@dataclass(frozen=True, slots=True, kw_only=True)
class Destroyed:
    """What is left: `results_bucket` is None if nothing is."""

    results_bucket: str | None


def destroy(aws: Aws, stack_name: str, watcher: StackWatcher, *, delete_results: bool) -> Destroyed | None:
    """Delete the stack, its scheduled scan, and what was uploaded for both; None if that was not wanted.

    A stack of alarms is deleted as well; it has nothing beside it.

    Raises:
        FunctionBusy: an execution or a scan runs, or a function is not restored yet; or CloudFormation is at work.
        NotFound: there is no such stack.
        StackFailed: something could not be deleted.
        UsageError: the stack is something else.
    """
    stack = DeployedStack(aws, stack_name)
    state = stack.read_idle() or stack.read()
    if is_watching(state):
        return Destroyed(results_bucket=None) if destroy_watch(stack, state, watcher) else None
    check_ours(stack_name, state)
    check_idle(aws, state)
    scan, scan_state = scan_stack(aws, stack_name), find_scan(aws, stack_name)
    results = state.outputs.get(RESULTS_OUTPUT)
    names = stack.name if scan_state is None else f"{stack.name} and {scan.name}"
    if not watcher.confirm(_question(names, aws.region, results, delete_results=delete_results)):
        return None
    caller = who_calls(aws)
    for each in filter(None, (state, scan_state)):
        check_idle(aws, each)  # an execution may have begun while somebody thought about it
    _check_restored(aws, caller, results)
    watcher.begins()
    if scan_state is not None:
        scan.delete(scan_state, watcher.happened)
    stack.delete(state, watcher.happened)
    _delete_artifacts(aws, caller, stack_name, state)
    if results is None or not delete_results:
        return Destroyed(results_bucket=results)
    bucket = OwnBucket(aws=aws, name=results, caller=caller)
    watcher.say(f"deleted {bucket.delete_objects()} objects of the bucket {results}")
    bucket.delete()
    return Destroyed(results_bucket=None)


def _question(stacks: str, region: str, results: str | None, *, delete_results: bool) -> str:
    question = f"delete stack {stacks} in {region}"
    if results is None:
        return f"{question}?"
    if delete_results:
        return f"{question}, and all results in {results}?"
    return f"{question}? The results are kept in the bucket {results}."


def _check_restored(aws: Aws, caller: Caller, results: str | None) -> None:
    """See that no function waits for being restored, as after an execution that was stopped just now."""
    waiting = () if results is None else unrestored_functions(aws, results, caller.account_id)
    if waiting:
        raise FunctionBusy(
            f"{waiting[0]} is not restored yet after its execution has ended",
            hint=f"wait a minute; if it stays so: powertune restore {waiting[0]}",
        )


def _delete_artifacts(aws: Aws, caller: Caller, stack_name: str, state: StackState) -> None:
    """Delete what was uploaded for this stack, and the bucket of all stacks if nothing else is in it."""
    name = state.parameters.get(BUCKET_PARAMETER)
    if name is None:
        return
    bucket = OwnBucket(aws=aws, name=name, caller=caller)
    bucket.delete_objects(artifact_prefix(stack_name))
    if name == default_bucket(aws, caller) and bucket.empty:
        bucket.delete()
