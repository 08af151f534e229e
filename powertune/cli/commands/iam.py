"""`powertune iam`: print the least-privilege policy that a command needs."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from powertune.cli import options as common

if TYPE_CHECKING:
    from powertune.aws.iam_policy import Grant
    from powertune.model import FunctionRef

_ANY_FUNCTION = "my-function"
#: Its policy is about accounts, not about a function.
_SCAN = "scan"
_WATCH = "watch"
#: Its policy is about all functions, unless one is named.
_AUTOPILOT = "autopilot"


def iam(
    command: Annotated[
        str,
        typer.Argument(
            help="The command: run, gate, apply, restore, scan, watch, autopilot, prices, deploy or destroy."
        ),
    ],
    function: Annotated[
        str, typer.Option(help="The function's name or ARN; an ARN makes the policy narrower.")
    ] = _ANY_FUNCTION,
    payload: Annotated[str | None, typer.Option(help="The s3://bucket/key that --payload will name.")] = None,
    log_group: Annotated[
        str | None, typer.Option(help="Where the function logs.  [default: /aws/lambda/NAME]", show_default=False)
    ] = None,
    pre_processor: Annotated[str | None, typer.Option(help="As for `powertune run`.")] = None,
    post_processor: Annotated[str | None, typer.Option(help="As for `powertune run`.")] = None,
    copies: Annotated[
        bool, typer.Option("--copies", help="Also allow temporary copies, which --arch needs.")
    ] = False,
    isolate: Annotated[
        bool,
        typer.Option(
            "--isolate",
            help="Allow copies, but no change to the function: what a run does by default if $LATEST is in use.",
        ),
    ] = False,
    role: Annotated[
        str | None,
        typer.Option(
            help="ARN of the function's execution role, which copies use; for scan, the role in other accounts.",
            show_default=False,
        ),
    ] = None,
    vpc: Annotated[
        bool, typer.Option("--vpc", help="Allow what it takes to update or copy a function in a VPC.")
    ] = False,
    kms_key: Annotated[
        str | None,
        typer.Option(help="ARN of the customer managed key that encrypts the function.", show_default=False),
    ] = None,
    code: Annotated[
        str | None,
        typer.Option(help="The s3://bucket/key of code that stays in your own bucket.", show_default=False),
    ] = None,
    baselines: Annotated[
        str | None,
        typer.Option(help="For gate: the s3://bucket/prefix where baselines are kept.", show_default=False),
    ] = None,
    engine: Annotated[
        str | None,
        typer.Option(
            help="As for `powertune run`; with stepfunctions, what it takes to start and to follow an execution.  "
            "[default: direct]",
            show_default=False,
        ),
    ] = None,
    organization: Annotated[
        bool, typer.Option("--organization", help="For scan: also allow what --organization needs.")
    ] = False,
    reconcile: Annotated[
        bool, typer.Option("--reconcile", help="For scan: also allow what --reconcile needs.")
    ] = False,
    session_tags: Annotated[
        bool, typer.Option("--session-tags", help="For scan: also allow what --session-tag needs.")
    ] = False,
    deploy: Annotated[
        bool, typer.Option("--deploy", help="For watch: also allow what --deploy and destroying its stack need.")
    ] = False,
    scans: Annotated[
        str | None, typer.Option(help="For scan: the s3://bucket/prefix where scans are kept.", show_default=False)
    ] = None,
    stackset: Annotated[
        bool,
        typer.Option(
            "--stackset", help="For scan: print the CloudFormation template of the role in other accounts instead."
        ),
    ] = False,
    state: Annotated[
        str | None,
        typer.Option(help="For autopilot: the s3://bucket/prefix where it keeps its state.", show_default=False),
    ] = None,
    output: common.File = None,
) -> None:
    """Print the IAM policy that allows exactly the calls that a command makes."""
    from powertune.aws.actions import COMMANDS, STACK_COMMANDS
    from powertune.aws.autopilot_policy import autopilot_policy
    from powertune.aws.iam_policy import PLACEHOLDERS, Grant, policy_text
    from powertune.aws.scan_policy import ScanGrant, scan_policy
    from powertune.aws.stacks.stack_policy import STACK
    from powertune.aws.stacks.watch_policy import WATCH_STACK
    from powertune.aws.stackset import member_role_template
    from powertune.cli.console import say
    from powertune.cli.outputs import write_output
    from powertune.errors import UsageError
    from powertune.model import FunctionRef

    known = sorted((*COMMANDS, _SCAN, _AUTOPILOT))
    if command not in known:
        raise UsageError(f"no command {command!r} makes calls to AWS", hint=f"one of {', '.join(known)}")
    if (organization or reconcile or session_tags or scans or stackset) and command != _SCAN:
        hint = "--organization, --reconcile, --session-tags, --scans and --stackset are for `powertune iam scan`"
        raise UsageError(f"`powertune {command}` scans no accounts", hint=hint)
    processors = tuple(FunctionRef.parse(name) for name in (pre_processor, post_processor) if name is not None)
    ref = FunctionRef.parse(function)
    grant = Grant(
        log_group=log_group,
        payload_s3=payload,
        processors=processors,
        copies=copies,
        isolate=isolate,
        role=role,
        vpc=vpc,
        kms_key=kms_key,
        code_s3=code,
        baselines=baselines,
    )
    if command == _SCAN:
        _check_scan(function, grant, role, engine, scans)
        scanning = ScanGrant(
            roles=() if role is None else (role,),
            organization=organization,
            reconcile=reconcile,
            tags=session_tags,
            scans=scans,
        )
        if not stackset and (role or organization or scans):
            say("in China and GovCloud, replace arn:aws: with arn:aws-cn: or arn:aws-us-gov:")
        text = member_role_template() if stackset else policy_text(scan_policy(scanning))
        write_output(text.encode(), output)
        return
    _check_state(command, state)
    _check(command, function, grant, deploy=deploy)
    elsewhere = _is_elsewhere(command, engine, grant)
    document = (
        autopilot_policy(None if ref.name == _ANY_FUNCTION else ref, grant, state)
        if command == _AUTOPILOT
        else _document(command, ref, grant, elsewhere=elsewhere, deploy=deploy)
    )
    open_places = [word for word in PLACEHOLDERS if word in policy_text(document)]
    if open_places and (elsewhere or command in STACK_COMMANDS):
        say(f"replace {' and '.join(open_places)}, and {STACK} where --stack-name or --name-prefix differ")
    elif open_places:
        say(f"replace {' and '.join(open_places)} with your own, or give ARNs with --function and --role")
    if deploy:
        say(f"replace {WATCH_STACK} where --stack-name differs")
    if elsewhere:
        say("to show the plan before starting, add the read actions of `powertune iam run`")
    elif command in ("run", _AUTOPILOT) and not (copies or isolate):
        say("where $LATEST is in use, a run measures a copy: --isolate prints the policy that this takes")
    write_output(policy_text(document).encode(), output)


def _check_scan(function: str, grant: "Grant", role: str | None, engine: str | None, scans: str | None) -> None:
    """See that only what a scan needs was given.

    Raises:
        UsageError: something else was, or the role is none.
    """
    from dataclasses import replace

    from powertune.aws.iam_policy import PLAIN
    from powertune.config.accounts import ROLE
    from powertune.errors import UsageError

    if function != _ANY_FUNCTION or engine is not None or replace(grant, role=None) != PLAIN:
        raise UsageError(
            "a scan reads all functions",
            hint="only --role, --organization, --reconcile, --session-tags, --scans and --stackset matter to it",
        )
    if scans is not None and not scans.startswith("s3://"):
        raise UsageError(f"--scans {scans!r} is not in S3", hint="only s3://bucket/prefix takes a permission")
    if role is not None and not ROLE.fullmatch(role):
        raise UsageError(f"--role {role!r} is not the name or ARN of a role", hint="for example powertune-scan")


def _check_state(command: str, state: str | None) -> None:
    """See that a place for the state is only given where it takes a permission.

    Raises:
        UsageError: it takes none.
    """
    from powertune.errors import UsageError

    if state is not None and (command != _AUTOPILOT or not state.startswith("s3://")):
        raise UsageError(
            f"--state {state!r} takes no permission of `powertune {command}`",
            hint="`powertune iam autopilot` takes s3://bucket/prefix; a folder takes no permission",
        )


def _is_elsewhere(command: str, engine: str | None, grant: "Grant") -> bool:
    """Whether the policy is for a run by the state machine.

    Raises:
        UsageError: no other command has an engine, or that engine does not take such an option.
    """
    from dataclasses import replace

    from powertune.aws.iam_policy import PLAIN
    from powertune.cli.execution_checks import DIRECT, check_engine
    from powertune.errors import UsageError

    if engine is not None and command != "run":
        raise UsageError(f"`powertune {command}` has no engine", hint="leave --engine out")
    if check_engine(engine, {}) == DIRECT:
        return False
    if replace(grant, payload_s3=None, kms_key=None) != PLAIN:
        raise UsageError(
            "the state machine has permissions of its own: only --payload and --kms-key matter to whoever starts it",
            hint="`powertune deploy` takes options about what the state machine may do",
        )
    return True


def _document(command: str, ref: "FunctionRef", grant: "Grant", *, elsewhere: bool, deploy: bool) -> "dict[str, Any]":
    from powertune.aws.actions import STACK_COMMANDS
    from powertune.aws.iam_policy import policy
    from powertune.aws.stacks.execution_policy import execution_policy
    from powertune.aws.stacks.stack_policy import stack_policy
    from powertune.aws.stacks.watch_policy import watch_policy

    if elsewhere:
        return execution_policy(ref, grant)
    if command == _WATCH:
        return watch_policy(ref, deploy=deploy)
    return stack_policy(command, ref, grant) if command in STACK_COMMANDS else policy(command, ref, grant)


def _check(command: str, function: str, grant: "Grant", *, deploy: bool) -> None:
    """Check the options before a policy is written.

    Raises:
        UsageError: an option is not what it takes, or not for this command.
    """
    from dataclasses import replace

    from powertune.aws.actions import STACK_COMMANDS
    from powertune.aws.iam_policy import PLAIN
    from powertune.errors import UsageError

    for name, place in (("payload", grant.payload_s3), ("code", grant.code_s3), ("baselines", grant.baselines)):
        if place is not None and not place.startswith("s3://"):
            raise UsageError(f"{name} {place!r} is not in S3", hint="only s3://bucket/key takes a permission")
    _check_gate(command, grant)
    for option, arn, service, kind in (
        ("--role", grant.role, "iam", "an IAM role ARN"),
        ("--kms-key", grant.kms_key, "kms", "a KMS key ARN"),
    ):
        if arn is not None and arn.split(":")[2:3] != [service]:
            raise UsageError(f"{option} {arn!r} is not {kind}", hint=f"arn:aws:{service}:...")
    if command in STACK_COMMANDS and (function != _ANY_FUNCTION or replace(grant, vpc=False, kms_key=None) != PLAIN):
        raise UsageError(
            f"`powertune {command}` does not use a function", hint="only --vpc and --kms-key matter to it"
        )
    if deploy and command != _WATCH:
        raise UsageError(f"--deploy is not for `powertune iam {command}`", hint="only `powertune watch` has it")
    if command == _WATCH and grant != PLAIN:
        raise UsageError("`powertune watch` changes no function", hint="only --function and --deploy matter to it")
    if command == "prices" and (function != _ANY_FUNCTION or grant != PLAIN):
        raise UsageError("`powertune prices` does not use a function", hint="leave out the options about one")


def _check_gate(command: str, grant: "Grant") -> None:
    """See that baselines are for a gate, and that a gate is asked for nothing that it does not do.

    Raises:
        UsageError: they are not, or it is.
    """
    from dataclasses import replace

    from powertune.errors import UsageError

    if grant.baselines is not None and command != "gate":
        raise UsageError(f"`powertune {command}` has no baselines", hint="--baselines is for `powertune iam gate`")
    as_it_is = replace(grant, copies=False, isolate=False, role=None, vpc=False, kms_key=None, code_s3=None)
    if command == "gate" and grant != as_it_is:
        raise UsageError(
            "a gate measures functions as they are, and copies none",
            hint="for sizes that are named with --memory, take the policy of `powertune iam run`",
        )
