"""The stack with the alarms and the dashboard: created, brought up to date, and removed."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from powertune.aws.client import Aws
from powertune.aws.stacks.caller import who_calls
from powertune.aws.stacks.deployed_stack import DeployedStack, StackState
from powertune.aws.stacks.own_buckets import OwnBucket
from powertune.aws.stacks.stack_changes import (
    StackRequest,
    discard_changes,
    execute_changes,
    prepare_changes,
    setting_changes,
)
from powertune.engine.deployment.artifacts import artifact_prefix, default_bucket
from powertune.engine.deployment.leftovers import delete_leftover
from powertune.engine.deployment.watching import StackWatcher
from powertune.errors import PowertuneError, UsageError
from powertune.watch import MOST_INLINE_BYTES, TOPIC_PARAMETER


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchDeployment:
    """What is to be deployed. `token` names this deployment, and no other one.

    `topic_arn` is the topic that alarms notify: None keeps that of the stack, and an empty text is none. Without
    `tags`, the stack keeps those that it has.
    """

    stack_name: str
    template: str
    topic_arn: str | None
    tags: Mapping[str, str]
    token: str


def deploy_watch(aws: Aws, deployment: WatchDeployment, watcher: StackWatcher) -> StackState | None:
    """Create or update the stack; returns how it then stands, or None if that was not wanted.

    Raises:
        FunctionBusy: CloudFormation works on the stack.
        StackFailed: a resource could not be created or changed; the stack is as it was before.
        UsageError: a stack of that name is something else.
    """
    # All names begin with that of the stack.
    stack = DeployedStack(aws, deployment.stack_name, "choose another --stack-name")
    existing = stack.read_idle()
    if existing is not None:
        _check_watching(stack.name, existing)
    if existing is not None and existing.leftover:
        if not delete_leftover(stack, existing, watcher):
            return None
        existing = None
    with _placed(aws, deployment, watcher) as url:
        if url is None:
            return None
        request = StackRequest(
            name=f"powertune-{deployment.token}",
            template=deployment.template,
            template_url=url or None,
            parameters={TOPIC_PARAMETER: deployment.topic_arn},
            tags=deployment.tags,
        )
        prepared = prepare_changes(stack, existing, request)
    if prepared is None:
        watcher.say(f"stack {stack.name}: no changes")
        return existing
    watcher.changes(prepared.changes, setting_changes(existing, request))
    try:
        agreed = watcher.confirm(f"{'create' if prepared.created else 'update'} stack {stack.name} in {aws.region}?")
    except BaseException:
        with suppress(PowertuneError):
            discard_changes(stack, prepared)
        raise
    if not agreed:
        discard_changes(stack, prepared)
        return None
    watcher.begins()
    return execute_changes(stack, prepared, watcher.happened)


def is_watching(state: StackState) -> bool:
    """Whether a stack is one of alarms, by whatever means its template was deployed."""
    return TOPIC_PARAMETER in state.parameters


def destroy_watch(stack: DeployedStack, state: StackState, watcher: StackWatcher) -> bool:
    """Delete the alarms and the dashboard, after asking; False if that was not wanted.

    Raises:
        StackFailed: something could not be deleted.
    """
    if not watcher.confirm(f"delete stack {stack.name} in {stack.aws.region}, with its alarms and its dashboard?"):
        return False
    watcher.begins()
    stack.delete(state, watcher.happened)
    return True


def _check_watching(name: str, state: StackState) -> None:
    """See that a stack is one of alarms: any other would be replaced, with all that it holds.

    Raises:
        UsageError: it is not.
    """
    if not (state.in_review or is_watching(state)):
        raise UsageError(
            f"stack {name!r} is not one that powertune watch has made", hint="choose another --stack-name"
        )


@contextmanager
def _placed(aws: Aws, deployment: WatchDeployment, watcher: StackWatcher) -> Iterator[str | None]:
    """Where CloudFormation finds the template: empty if it goes with the request; None if nobody wanted it uploaded.

    CloudFormation keeps a copy with the change set, so that what was uploaded is deleted again.
    """
    data = deployment.template.encode()
    if len(data) <= MOST_INLINE_BYTES:
        yield ""
        return
    caller = who_calls(aws)
    bucket = OwnBucket(aws=aws, name=default_bucket(aws, caller), caller=caller)
    key = f"{artifact_prefix(deployment.stack_name)}watch-{deployment.token}.json"
    created: list[str] = []
    watcher.say(
        f"the template has {len(data):,} bytes, and a request takes {MOST_INLINE_BYTES:,}: it goes to "
        f"s3://{bucket.name}/{key} for a moment"
    )
    if not watcher.confirm("upload it?"):
        yield None
        return
    bucket.ensure(created.append, protect=True)
    try:
        bucket.upload(key, data)
        yield f"{aws.clients.s3.meta.endpoint_url}/{bucket.name}/{key}"
    finally:
        bucket.delete_objects(key)
        if created and bucket.empty:
            bucket.delete()
