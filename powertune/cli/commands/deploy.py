"""`powertune deploy`: bring the state machine into an account by CloudFormation, or up to date."""

from typing import TYPE_CHECKING, Annotated, ClassVar

import typer

from powertune.cli import groups
from powertune.cli import options as common
from powertune.cli.help import PanelCommand
from powertune.cli.stack_options import ScanScheduleOptions, StackOptions, scheduled_scan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from powertune.aws.client import Aws
    from powertune.aws.stacks.deployed_stack import StackState
    from powertune.cli.stack_progress import StackProgress
    from powertune.engine.deployment.deploying import StackDeployment
    from powertune.engine.deployment.scan_parameters import ScheduledScan
    from powertune.engine.deployment.stack_parameters import StackParameters

EXAMPLES = """
Examples:
  # The state machine that tunes, in one region
  powertune deploy --region eu-west-1
  # And a scan of the whole organization, each week
  powertune deploy --scan-schedule "rate(7 days)" --scan-organization --scan-regions all --scan-email team@example.com
  # No scan any more
  powertune deploy --scan-schedule off
"""


class DeployCommand(PanelCommand):
    """`powertune deploy`, with the options that matter most in front."""

    panels: ClassVar = {
        "What it may touch": (
            *("function_pattern", "function_regions", "function_role_pattern", "log_group_pattern"),
            *("payload_bucket", "payload_keys", "assumable_role", "function_kms_key"),
        ),
        "Rules of the account": (
            *("name_prefix", "permissions_boundary", "subnet_ids", "security_group_ids", "kms_key", "alarm_topic"),
            *("log_retention", "results_retention", "tag", "artifact_bucket"),
        ),
        "Scheduled scan": (
            *("scan_schedule", "scan_timezone", "scan_regions", "scan_accounts", "scan_organization", "scan_role"),
            *("scan_external_id", "scan_suppressions", "scan_days", "scan_max_spend", "scan_parallel"),
            *("scan_email", "scan_topic"),
        ),
        "AWS": ("region", "profile", "endpoint_url"),
    }


@groups.spread
def deploy(
    *,
    stack_name: common.StackName = "powertune",
    parameters: StackOptions,
    schedule: ScanScheduleOptions,
    tag: Annotated[
        list[str] | None,
        typer.Option(
            help="Tag of the stack and all its resources, as key=value; repeatable. Replaces all tags of the stack."
        ),
    ] = None,
    artifact_bucket: Annotated[
        str | None,
        typer.Option(
            help="Bucket for the code; created if missing.  [default: powertune-artifacts-ACCOUNT-REGION]",
            show_default=False,
        ),
    ] = None,
    print_template: Annotated[
        bool, typer.Option("--print-template", help="Print the CloudFormation template, and stop.")
    ] = False,
    place: common.AwsPlace,
    yes: common.Yes = False,
    quiet: common.Quiet = False,
    _verbose: common.Verbose = False,
) -> None:
    """Deploy the state machine, which tunes functions inside the account, or bring it up to date.

    Shows what would change, and asks. An option that is not given keeps the value that it has in the stack.
    --scan-schedule adds a second stack, which scans for functions that waste money.
    """
    from powertune.aws.connection import connect
    from powertune.cli.stack_progress import StackProgress, check_terminal
    from powertune.engine.deployment.scan_stack import is_scan_wanted
    from powertune.engine.deployment.sources import read_template, sources_folder
    from powertune.engine.deployment.stack_parameters import (
        StackParameters,
        check_bucket_name,
        check_stack_name,
        parse_tags,
    )

    if print_template:
        _print_template(read_template(sources_folder(), of_scan=schedule.scan_schedule is not None))
        return
    wanted = StackParameters(**groups.given(parameters))
    wanted.check()
    scan = scheduled_scan(schedule)
    scan.check()
    check_stack_name(stack_name)
    if artifact_bucket is not None:
        check_bucket_name("--artifact-bucket", artifact_bucket)
    tags = parse_tags(tag or ())
    check_terminal("deploy", stack_name, yes=yes)
    with (
        connect(place.connection) as connection,
        StackProgress("deployed", ask=not yes, quiet=quiet) as progress,
    ):
        aws = connection.aws()
        with_scan = is_scan_wanted(aws, stack_name, scan)
        deployment = _prepare(aws, stack_name, wanted, tags, artifact_bucket, quiet=quiet)
        outputs = _deploy(aws, deployment, scan, progress, with_scan=with_scan)
    _print_outputs(outputs)


def _print_template(template: str) -> None:
    from powertune.cli.console import say, write_stdout

    write_stdout(template.encode())
    say(
        "note: the parameters ArtifactBucket, CodeKey and DefinitionKey name objects in S3 that only "
        "`powertune deploy` writes. Deploy once with it, and take their values from that stack "
        "(`aws cloudformation describe-stacks`)."
    )


def _prepare(
    aws: "Aws",
    stack_name: str,
    wanted: "StackParameters",
    tags: "Mapping[str, str]",
    artifact_bucket: str | None,
    *,
    quiet: bool,
) -> "StackDeployment":
    """Build what is to be deployed: for this machine, if the endpoint is on it, else for Lambda."""
    import secrets

    from powertune.aws.http import is_local
    from powertune.cli.console import say
    from powertune.engine.deployment.artifacts import Artifacts
    from powertune.engine.deployment.bundle import make_bundle
    from powertune.engine.deployment.deploying import StackDeployment
    from powertune.engine.deployment.libraries import ON_AWS, download_libraries, installed_libraries, this_machine
    from powertune.engine.deployment.sources import read_sources, sources_folder
    from powertune.local.settings import own_architecture

    sources = read_sources(sources_folder())
    here = is_local(aws.clients.cloudformation.meta.endpoint_url)
    worker = this_machine(own_architecture()) if here else ON_AWS
    if not quiet:
        say(f"building the code of the steps for {worker.runtime} on {worker.architecture}")
    bundle = make_bundle(sources.handlers, installed_libraries() if here else download_libraries(worker))
    return StackDeployment(
        template=sources.template,
        artifacts=Artifacts(stack_name=stack_name, bundle=bundle, definition=sources.definition),
        worker=worker,
        parameters=wanted,
        artifact_bucket=artifact_bucket,
        tags=tags,
        token=secrets.token_hex(8),
    )


def _deploy(
    aws: "Aws", deployment: "StackDeployment", scan: "ScheduledScan", progress: "StackProgress", *, with_scan: bool
) -> "Mapping[str, str] | None":
    """Deploy both stacks, the one after the other; returns what they put out, or None if nothing was changed."""
    from powertune.cli.console import say
    from powertune.engine.deployment.deploying import deploy as deploy_stack
    from powertune.engine.deployment.scan_stack import deploy_scan, remove_scan
    from powertune.engine.deployment.sources import read_sources, sources_folder

    state = deploy_stack(aws, deployment, progress)
    if state is None:
        return None
    scanning: StackState | None = None
    if with_scan:
        scanning = deploy_scan(aws, deployment, state, read_sources(sources_folder(), of_scan=True), scan, progress)
    if (scan.off and not remove_scan(aws, deployment.artifacts.stack_name, progress)) or (
        with_scan and scanning is None
    ):
        say("the scheduled scan was not changed")
    beside = {} if scanning is None else {f"Scan{key}": value for key, value in scanning.outputs.items()}
    return {**state.outputs, **beside}


def _print_outputs(outputs: "Mapping[str, str] | None") -> None:
    from powertune.cli.console import say, write_stdout

    if outputs is None:
        say("nothing was changed")
        return
    width = max(map(len, outputs), default=0)
    write_stdout("".join(f"{key.ljust(width)}  {value}\n" for key, value in sorted(outputs.items())).encode())
