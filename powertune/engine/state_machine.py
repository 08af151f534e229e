"""Where the state machine is, and the bucket in which its workers keep runs."""

from contextlib import suppress
from dataclasses import dataclass

from powertune.aws.client import Aws
from powertune.aws.executions import MachineArn
from powertune.aws.stacks.deployed_stack import DeployedStack
from powertune.errors import AccessDenied, NotFound, UsageError

#: The name of the stack that `powertune deploy` makes unless it is told another one.
DEFAULT_STACK = "powertune"


@dataclass(frozen=True, slots=True, kw_only=True)
class TuningMachine:
    """Where functions are tuned, and the bucket where its workers keep runs; None if that is not known."""

    arn: MachineArn
    bucket: str | None


def find_machine(aws: Aws, *, stack_name: str | None, arn: str | None) -> TuningMachine:
    """The state machine of a stack, or the one that was named; its bucket, if the stack tells of it.

    Args:
        stack_name: the stack to look at; None for the usual one.
        arn: the state machine; None for that of the stack.

    Raises:
        NotFound: there is no such stack or state machine, or the stack has none.
        UsageError: `arn` is not a state machine's.
    """
    name = stack_name or DEFAULT_STACK
    if arn is not None:
        named = MachineArn.parse(arn)
        _check_exists(aws, named)
        return machine_of(aws, named, stack_name=stack_name)
    outputs = _outputs(aws, name)
    if "StateMachineArn" not in outputs:
        raise NotFound(
            f"no state machine: stack {name!r} in {aws.region} does not exist or has none",
            hint=f"powertune deploy{'' if name == DEFAULT_STACK else f' --stack-name {name}'}"
            f" --region {aws.region}; or name another stack with --stack-name",
        )
    return TuningMachine(arn=MachineArn.parse(outputs["StateMachineArn"]), bucket=outputs.get("ResultsBucket"))


def machine_of(aws: Aws, arn: MachineArn, *, stack_name: str | None) -> TuningMachine:
    """A state machine that is known, with its bucket if the stack is its own and may be looked at."""
    outputs: dict[str, str] = {}
    with suppress(AccessDenied, UsageError):
        outputs = _outputs(aws, stack_name or DEFAULT_STACK)
    ours = outputs.get("StateMachineArn") == arn.unqualified
    return TuningMachine(arn=arn, bucket=outputs.get("ResultsBucket") if ours else None)


def _check_exists(aws: Aws, arn: MachineArn) -> None:
    """See that a state machine is there. Who may not look at it finds out when an execution is started.

    Raises:
        NotFound: there is none of that name, version or alias.
    """
    try:
        aws.call(aws.clients.stepfunctions.describe_state_machine, stateMachineArn=arn.text)
    except NotFound:
        raise NotFound(
            f"no state machine {arn.text}",
            hint=f"check the ARN, or make one: powertune deploy --region {arn.region}",
        ) from None
    except AccessDenied:
        return


def _outputs(aws: Aws, stack_name: str) -> dict[str, str]:
    state = DeployedStack(aws, stack_name).find()
    return {} if state is None else dict(state.outputs)
