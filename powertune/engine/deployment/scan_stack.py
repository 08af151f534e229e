"""The scheduled scan in an account: a stack beside the tuning stack, whose code, bucket and rules it shares."""

from dataclasses import replace

from powertune.aws.client import Aws
from powertune.aws.regions import partition_of
from powertune.aws.stacks.deployed_stack import DeployedStack, StackState
from powertune.engine.deployment.artifacts import BUCKET_PARAMETER
from powertune.engine.deployment.deploying import StackDeployment, check_ours, deploy
from powertune.engine.deployment.idle import check_idle
from powertune.engine.deployment.scan_parameters import ScanStackParameters, ScheduledScan, scan_documents
from powertune.engine.deployment.sources import Sources
from powertune.engine.deployment.watching import StackWatcher
from powertune.errors import UsageError

#: The output of the tuning stack that names its bucket.
RESULTS_OUTPUT = "ResultsBucket"


def scan_stack(aws: Aws, stack_name: str) -> DeployedStack:
    """The stack of the scheduled scan that goes with a tuning stack."""
    return DeployedStack(aws, f"{stack_name}-scan")


def is_scan_wanted(aws: Aws, stack_name: str, wanted: ScheduledScan) -> bool:
    """Whether there is a scheduled scan to create or to bring up to date.

    Raises:
        UsageError: something is asked of a scan that has no schedule yet.
    """
    if wanted.off:
        return False
    existing = scan_stack(aws, stack_name).find()
    exists = existing is not None and not existing.in_review and not existing.leftover
    if wanted.schedule is None and wanted.given and not exists:
        raise UsageError(
            f"{wanted.given[0]} is about a scan, and none is scheduled",
            hint='add a schedule: --scan-schedule "rate(7 days)"',
        )
    return exists or wanted.schedule is not None


def deploy_scan(
    aws: Aws,
    tuning: StackDeployment,
    there: StackState,
    sources: Sources,
    wanted: ScheduledScan,
    watcher: StackWatcher,
) -> StackState | None:
    """Create or update the stack of the scan; returns how it then stands, or None if that was not wanted.

    Args:
        aws: the account.
        tuning: the deployment of the tuning stack, whose code this one shares.
        there: the tuning stack as it now stands.
        sources: the files of the scan.
        wanted: what was asked for.
        watcher: who is asked.

    Raises:
        As `deploy`.
    """
    name = scan_stack(aws, tuning.artifacts.stack_name).name
    artifacts = replace(
        tuning.artifacts,
        stack_name=name,
        definition=sources.definition,
        home=tuning.artifacts.stack_name,
        documents=scan_documents(wanted),
    )
    parameters = ScanStackParameters(
        wanted=wanted,
        partition=partition_of(aws.region),
        results_bucket=there.outputs[RESULTS_OUTPUT],
        inherited=there.parameters,
        accounts_key=artifacts.document_key("accounts") if wanted.accounts else None,
        suppressions_key=artifacts.document_key("suppressions") if wanted.suppressions else None,
    )
    scan = replace(
        tuning,
        template=sources.template,
        artifacts=artifacts,
        parameters=parameters,
        artifact_bucket=there.parameters[BUCKET_PARAMETER],
        token=f"{tuning.token}-scan",
    )
    return deploy(aws, scan, watcher)


def find_scan(aws: Aws, stack_name: str) -> StackState | None:
    """The stack of the scheduled scan, if there is one that can be deleted now.

    Raises:
        FunctionBusy: a scan runs, or CloudFormation works on the stack.
        UsageError: a stack of that name is something else.
    """
    stack = scan_stack(aws, stack_name)
    state = stack.read_idle()
    if state is not None:
        check_ours(stack.name, state, of_scan=True)
        check_idle(aws, state)
    return state


def remove_scan(aws: Aws, stack_name: str, watcher: StackWatcher) -> bool:
    """Delete the stack of the scheduled scan, after asking; False if that was not wanted. Scans are kept.

    Raises:
        FunctionBusy: a scan runs, or CloudFormation works on the stack.
        StackFailed: something could not be deleted.
        UsageError: a stack of that name is something else.
    """
    stack = scan_stack(aws, stack_name)
    state = find_scan(aws, stack_name)
    if state is None:
        watcher.say(f"no scan is scheduled: there is no stack {stack.name}")
        return True
    if not watcher.confirm(f"delete stack {stack.name} in {aws.region}? scans are kept"):
        return False
    check_idle(aws, state)  # a scan may have begun while somebody thought about it
    stack.delete(state, watcher.happened)
    return True
