"""Brings the state machine into an account, or up to date: change set, consent, upload, execution."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from powertune.aws.client import Aws
from powertune.aws.stacks.caller import who_calls
from powertune.aws.stacks.deployed_stack import DeployedStack, StackState
from powertune.aws.stacks.own_buckets import OwnBucket
from powertune.aws.stacks.stack_changes import (
    SettingChange,
    StackRequest,
    discard_changes,
    execute_changes,
    prepare_changes,
    setting_changes,
)
from powertune.engine.deployment.artifacts import (
    BUCKET_PARAMETER,
    CODE_PARAMETER,
    DEFINITION_PARAMETER,
    SCHEDULE_PARAMETER,
    Artifacts,
    default_bucket,
)
from powertune.engine.deployment.idle import check_idle
from powertune.engine.deployment.leftovers import delete_leftover
from powertune.engine.deployment.libraries import WorkerPlatform
from powertune.engine.deployment.watch_stack import is_watching
from powertune.engine.deployment.watching import StackWatcher
from powertune.errors import PowertuneError, UsageError

#: Parameters that say which code and definition there are, not what a person decides.
_ARTIFACTS = (BUCKET_PARAMETER, CODE_PARAMETER, DEFINITION_PARAMETER)


class TemplateValues(Protocol):
    """The parameters of a template that a person sets, as `StackParameters` and `ScanStackParameters`."""

    @property
    def template_names(self) -> Mapping[str, str | None]:
        """The values by the names that the template has for them; None keeps what the stack has."""
        ...

    def check_beside(self, stack: Mapping[str, str]) -> None:
        """Refuse, with a UsageError, what would have no effect beside these parameters of the stack."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StackDeployment:
    """What is to be deployed, and how. `token` names this deployment, and no other one.

    Without `artifact_bucket`, the code goes to the bucket that the stack already uses, or to the default one.
    Without `tags`, the stack keeps those that it has.
    """

    template: str
    artifacts: Artifacts
    worker: WorkerPlatform
    parameters: TemplateValues
    artifact_bucket: str | None
    tags: Mapping[str, str]
    token: str


def deploy(aws: Aws, deployment: StackDeployment, watcher: StackWatcher) -> StackState | None:
    """Create or update the stack; returns how it then stands, or None if that was not wanted.

    Nothing is uploaded before somebody has agreed.

    Raises:
        FunctionBusy: an execution runs, whose later steps would change; or CloudFormation works on the stack.
        StackFailed: a resource could not be created or changed; the stack is as it was before.
        UsageError: a stack of that name is something else.
    """
    stack = DeployedStack(aws, deployment.artifacts.stack_name)
    existing = stack.read_idle()
    if existing is not None:
        check_ours(stack.name, existing, of_scan=SCHEDULE_PARAMETER in deployment.parameters.template_names)
    if existing is not None and existing.leftover:
        if not delete_leftover(stack, existing, watcher):
            return None
        existing = None
    deployment.parameters.check_beside({} if existing is None else existing.parameters)
    bucket = _bucket(aws, deployment, existing)
    request = _request(deployment, bucket.name)
    settings = tuple(each for each in setting_changes(existing, request) if each.name not in _ARTIFACTS)
    prepared = prepare_changes(stack, existing, request)
    if prepared is None:
        watcher.say(f"stack {stack.name}: no changes{_not_stored(settings)}")
        return existing
    watcher.changes(prepared.changes, settings)
    question = f"{'create' if prepared.created else 'update'} stack {stack.name} in {aws.region}?"
    try:
        agreed = _get_ready(deployment, existing, bucket, question, watcher)
    except BaseException:
        with suppress(PowertuneError):  # what kept the upload from succeeding may keep this from it, too
            discard_changes(stack, prepared)
        raise
    if not agreed:
        discard_changes(stack, prepared)
        return None
    watcher.begins()
    return execute_changes(stack, prepared, watcher.happened)


def _not_stored(settings: Sequence[SettingChange]) -> str:
    """CloudFormation keeps no parameter on which nothing in the stack depends at this time."""
    if not settings:
        return ""
    names = ", ".join(each.name for each in settings)
    return f"; not stored, as nothing in the stack depends on it: {names}"


def _get_ready(
    deployment: StackDeployment, existing: StackState | None, bucket: OwnBucket, question: str, watcher: StackWatcher
) -> bool:
    """Ask, and upload; False if somebody says no.

    Raises:
        FunctionBusy: an execution runs.
    """
    if existing is not None:
        check_idle(bucket.aws, existing)
    if not watcher.confirm(question):
        return False
    _upload(deployment, bucket, watcher)
    if existing is not None:
        check_idle(bucket.aws, existing)  # an execution may have begun since
    return True


def _upload(deployment: StackDeployment, bucket: OwnBucket, watcher: StackWatcher) -> None:
    bucket.ensure(watcher.bucket_created, protect=bucket.name == default_bucket(bucket.aws, bucket.caller))
    if deployment.artifacts.upload(bucket):
        watcher.say(f"uploaded the code to s3://{bucket.name}/{deployment.artifacts.code_key}")


def check_ours(name: str, state: StackState, *, of_scan: bool = False) -> None:
    """See that a stack is one that `deploy` has made: any other would be replaced, or deleted, with all it holds.

    Args:
        name: what the stack is called.
        state: how it stands.
        of_scan: whether it is to be that of a scheduled scan, which the tuning stack is not, and the other way round.

    Raises:
        UsageError: it is not.
    """
    if state.in_review:
        return
    if is_watching(state):
        raise UsageError(
            f"stack {name!r} is one of alarms, which `powertune watch` has made", hint="choose another --stack-name"
        )
    if not state.parameters.keys() >= {CODE_PARAMETER, DEFINITION_PARAMETER}:
        raise UsageError(f"stack {name!r} is not one that powertune has made", hint="choose another --stack-name")
    if (SCHEDULE_PARAMETER in state.parameters) is not of_scan:
        kinds = ("tunes functions", "scans on a schedule")
        raise UsageError(
            f"stack {name!r} is one that {kinds[not of_scan]}, not one that {kinds[of_scan]}",
            hint="choose another --stack-name",
        )


def _bucket(aws: Aws, deployment: StackDeployment, existing: StackState | None) -> OwnBucket:
    caller = who_calls(aws)
    used = None if existing is None else existing.parameters.get(BUCKET_PARAMETER)
    return OwnBucket(aws=aws, name=deployment.artifact_bucket or used or default_bucket(aws, caller), caller=caller)


def _request(deployment: StackDeployment, bucket: str) -> StackRequest:
    return StackRequest(
        name=f"powertune-{deployment.token}",
        template=deployment.template,
        parameters={
            BUCKET_PARAMETER: bucket,
            CODE_PARAMETER: deployment.artifacts.code_key,
            DEFINITION_PARAMETER: deployment.artifacts.definition_key,
            "WorkerRuntime": deployment.worker.runtime,
            "WorkerArchitecture": str(deployment.worker.architecture),
            **deployment.parameters.template_names,
        },
        tags=deployment.tags,
    )
