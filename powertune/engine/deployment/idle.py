"""Whether the state machine is at rest: what an execution has begun, its steps have to end as they are."""

from powertune.aws.client import Aws
from powertune.aws.stacks.deployed_stack import StackState
from powertune.aws.stacks.running import running_executions
from powertune.errors import FunctionBusy
from powertune.units import plural

#: The output of the stack that names its state machine.
MACHINE_OUTPUT = "StateMachineArn"
#: How many executions a message names.
_FEW = 3


def check_idle(aws: Aws, state: StackState) -> None:
    """See that nothing runs: with other steps, or none, an execution may not be able to put its function back.

    Raises:
        FunctionBusy: an execution runs.
    """
    arn = state.outputs.get(MACHINE_OUTPUT)
    running = running_executions(aws, arn) if arn is not None else ()
    if running:
        raise FunctionBusy(
            f"{plural(len(running), 'execution')} of {arn} running: {', '.join(running[:_FEW])}",
            hint="wait for them, or stop them with `aws stepfunctions stop-execution`; tuned functions are restored",
        )
