"""`powertune iam`: print the least-privilege policy that a command needs."""

from typing import Annotated

import typer

from powertune.cli import options as common


def iam(
    command: Annotated[str, typer.Argument(help="The command: run, restore or prices.")],
    function: Annotated[
        str, typer.Option(help="The function's name or ARN; an ARN makes the policy narrower.")
    ] = "my-function",
    payload: Annotated[str | None, typer.Option(help="The s3://bucket/key that --payload will name.")] = None,
    log_group: Annotated[
        str | None, typer.Option(help="Where the function logs.  [default: /aws/lambda/NAME]", show_default=False)
    ] = None,
    pre_processor: Annotated[str | None, typer.Option(help="As for `powertune run`.")] = None,
    post_processor: Annotated[str | None, typer.Option(help="As for `powertune run`.")] = None,
    copies: Annotated[bool, typer.Option("--copies", help="Allow temporary copies, as --arch takes.")] = False,
    isolate: Annotated[
        bool, typer.Option("--isolate", help="Allow copies and no change of the function, as for `powertune run`.")
    ] = False,
    role: Annotated[
        str | None, typer.Option(help="ARN of the function's execution role, which copies get.", show_default=False)
    ] = None,
    output: common.File = None,
) -> None:
    """Print the IAM policy that allows exactly the calls that a command makes."""
    from powertune.aws.actions import COMMANDS, PLACEHOLDERS, Grant, policy, policy_text
    from powertune.cli.console import say
    from powertune.cli.outputs import write_output
    from powertune.errors import UsageError
    from powertune.model import FunctionRef

    if command not in COMMANDS:
        raise UsageError(f"no command {command!r} makes calls to AWS", hint=f"one of {', '.join(COMMANDS)}")
    if payload is not None and not payload.startswith("s3://"):
        raise UsageError(f"payload {payload!r} is not in S3", hint="only s3://bucket/key takes a permission")
    processors = tuple(FunctionRef.parse(name) for name in (pre_processor, post_processor) if name is not None)
    ref = FunctionRef.parse(function)
    grant = Grant(
        log_group=log_group,
        payload_s3=payload,
        processors=processors,
        copies=copies,
        isolate=isolate,
        role=role,
    )
    document = policy(command, ref, grant)
    open_places = [word for word in PLACEHOLDERS if word in policy_text(document)]
    if open_places:
        say(f"replace {' and '.join(open_places)} by your own, or give ARNs with --function and --role")
    write_output(policy_text(document).encode(), output)
