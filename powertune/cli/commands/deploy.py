"""`powertune deploy`: bring the state machine into an account by CloudFormation, or up to date."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from powertune.cli import groups
from powertune.cli import options as common

if TYPE_CHECKING:
    from collections.abc import Mapping

    from powertune.aws.client import Aws
    from powertune.aws.stacks.deployed_stack import StackState
    from powertune.engine.deployment.deploying import StackDeployment
    from powertune.engine.deployment.stack_parameters import StackParameters


@dataclass(frozen=True, slots=True, kw_only=True)
class StackOptions:
    """The parameters of the stack. One that is not given keeps the value that it has in the stack."""

    function_pattern: Annotated[
        str | None,
        typer.Option(
            help="Names of the functions that may be tuned or be processors, as in IAM: shop-*.  [default: *]",
            show_default=False,
        ),
    ] = None
    function_regions: Annotated[
        str | None,
        typer.Option(help="Regions of these functions, as in IAM: eu-*.  [default: *]", show_default=False),
    ] = None
    function_role_pattern: Annotated[
        str | None,
        typer.Option(
            help="Execution roles that copies of these functions may get, as in IAM, with their path.  [default: *]",
            show_default=False,
        ),
    ] = None
    log_group_pattern: Annotated[
        str | None,
        typer.Option(
            help="Log groups of these functions, as in IAM.  [default: /aws/lambda/PATTERN]", show_default=False
        ),
    ] = None
    payload_bucket: Annotated[str | None, typer.Option(help="Bucket with payloads that may be read.")] = None
    payload_keys: Annotated[
        str | None, typer.Option(help="Keys of the payloads, as in IAM.  [default: *]", show_default=False)
    ] = None
    assumable_role: Annotated[
        str | None, typer.Option(help="ARN of a role in another account, to tune functions there.")
    ] = None
    function_kms_key: Annotated[
        str | None, typer.Option(help="ARN of the KMS key of functions that are encrypted with a key of your own.")
    ] = None
    name_prefix: Annotated[
        str | None,
        typer.Option(
            help="Name of the state machine; the names of its functions begin with it.  [default: powertune]",
            show_default=False,
        ),
    ] = None
    permissions_boundary: Annotated[
        str | None, typer.Option(help="ARN of the permissions boundary of all roles.")
    ] = None
    subnet_ids: Annotated[str | None, typer.Option(help="Subnets to run the steps in, separated by commas.")] = None
    security_group_ids: Annotated[str | None, typer.Option(help="Security groups of the steps in a VPC.")] = None
    kms_key: Annotated[
        str | None, typer.Option(help="ARN of the key that encrypts results, logs and environments.")
    ] = None
    alarm_topic: Annotated[
        str | None, typer.Option(help="ARN of the SNS topic that is told if a function could not be restored.")
    ] = None
    log_retention: Annotated[
        str | None, typer.Option(help="Days after which logs expire.  [default: 30]", show_default=False)
    ] = None
    results_retention: Annotated[
        str | None, typer.Option(help="Days after which results expire.  [default: 365]", show_default=False)
    ] = None


@groups.spread
def deploy(
    *,
    stack_name: common.StackName = "powertune",
    parameters: StackOptions,
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
    """
    from powertune.aws.connection import connect
    from powertune.cli.stack_progress import StackProgress, check_terminal
    from powertune.engine.deployment.deploying import deploy as deploy_stack
    from powertune.engine.deployment.sources import read_template, sources_folder
    from powertune.engine.deployment.stack_parameters import (
        StackParameters,
        check_bucket_name,
        check_stack_name,
        parse_tags,
    )

    if print_template:
        _print_template(read_template(sources_folder()))
        return
    wanted = StackParameters(**groups.given(parameters))
    wanted.check()
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
        deployment = _prepare(aws, stack_name, wanted, tags, artifact_bucket, quiet=quiet)
        state = deploy_stack(aws, deployment, progress)
    _show(state)


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


def _show(state: "StackState | None") -> None:
    """The outputs of the stack."""
    from powertune.cli.console import say, write_stdout

    if state is None:
        say("nothing was changed")
        return
    width = max(map(len, state.outputs), default=0)
    lines = [f"{key.ljust(width)}  {value}\n" for key, value in sorted(state.outputs.items())]
    write_stdout("".join(lines).encode())
