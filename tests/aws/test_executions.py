import pytest
from fakes import MACHINE, FakeClock, FakeCloudFormation, FakeLambda, FakeStepFunctions, client_error

from powertune.aws.client import Aws
from powertune.aws.executions import ExecutionArn, Executions, MachineArn
from powertune.engine.state_machine import find_machine, machine_of
from powertune.errors import AccessDenied, NotFound, UsageError

BUCKET_OF_STACK = "powertune-resultsbucket-1"


def account(outputs: dict[str, dict[str, str]]) -> tuple[FakeLambda, Aws]:
    fake, clock = FakeLambda(), FakeClock()
    states = FakeStepFunctions(fake, clock)
    return fake, states.connection(cloudformation=FakeCloudFormation(fake, outputs)).aws()


STACKS = {
    "powertune": {"StateMachineArn": MACHINE, "ResultsBucket": BUCKET_OF_STACK},
    "other": {"StateMachineArn": f"{MACHINE}-2", "ResultsBucket": "bucket-2"},
    "empty": {},
}


def test_the_usual_stack_has_the_state_machine_and_its_bucket() -> None:
    _, aws = account(STACKS)
    found = find_machine(aws, stack_name=None, arn=None)
    assert (found.arn.text, found.bucket) == (MACHINE, BUCKET_OF_STACK)
    assert find_machine(aws, stack_name="other", arn=None).bucket == "bucket-2"


@pytest.mark.parametrize(
    ("name", "hint"), [(None, "powertune deploy --region us-east-1"), ("mine", "powertune deploy --stack-name mine")]
)
def test_without_a_stack_the_hint_is_to_deploy(name: str | None, hint: str) -> None:
    _, aws = account({})
    with pytest.raises(NotFound, match="no state machine") as caught:
        find_machine(aws, stack_name=name, arn=None)
    assert str(caught.value.hint).startswith(hint)


def test_a_stack_without_a_state_machine_is_none() -> None:
    _, aws = account(STACKS)
    with pytest.raises(NotFound):
        find_machine(aws, stack_name="empty", arn=None)


def test_a_machine_that_is_named_has_the_bucket_of_the_stack_only_if_it_is_its_own() -> None:
    _, aws = account(STACKS)
    assert find_machine(aws, stack_name=None, arn=f"{MACHINE}:live").bucket == BUCKET_OF_STACK
    assert find_machine(aws, stack_name=None, arn=f"{MACHINE}-2").bucket is None
    assert find_machine(aws, stack_name="other", arn=f"{MACHINE}-2").bucket == "bucket-2"


def test_a_machine_that_is_named_has_to_exist_as_far_as_that_can_be_seen() -> None:
    fake, aws = account(STACKS)
    for arn in (f"{MACHINE}-none", f"{MACHINE}:none"):
        with pytest.raises(NotFound, match=f"no state machine {arn}") as caught:
            find_machine(aws, stack_name=None, arn=arn)
        assert caught.value.hint == "check the ARN, or make one: powertune deploy --region us-east-1"

    def deny(name: str, kwargs: object) -> None:
        if name == "describe_state_machine":
            raise client_error("AccessDeniedException", "no", 403)

    fake.on_call = deny
    assert find_machine(aws, stack_name=None, arn=f"{MACHINE}-none").bucket is None


def test_a_machine_that_is_named_needs_no_look_at_stacks() -> None:
    fake, aws = account(STACKS)

    def deny(name: str, kwargs: object) -> None:
        if name == "describe_stacks":
            raise client_error("AccessDenied", "no", 403)

    fake.on_call = deny
    assert machine_of(aws, MachineArn.parse(MACHINE), stack_name=None).bucket is None
    with pytest.raises(AccessDenied):
        find_machine(aws, stack_name=None, arn=None)


def test_arns_are_read_in_every_partition() -> None:
    arn = "arn:aws-cn:states:cn-north-1:123456789012:execution:tuning:fn-1"
    execution = ExecutionArn.parse(arn)
    assert (execution.name, execution.machine.name, execution.machine.region) == ("fn-1", "tuning", "cn-north-1")
    assert execution.machine.execution("fn-1") == execution
    assert MachineArn.parse(f"{MACHINE}:7").unqualified == MACHINE
    assert MachineArn.parse(f"{MACHINE}:7").execution("x").machine.text == MACHINE


@pytest.mark.parametrize(
    "text",
    [
        "",
        "fn",
        MACHINE,
        "arn:aws:states:us-east-1:123456789012:express:powertune:x:y",
        "arn:aws:states:us-east-1:1234:execution:powertune:x",
        "arn:aws:states:us-east-1:123456789012:execution:powertune:x\n",
        "arn:aws:states:us-east-1:123456789012:execution:powertune/map:x",
    ],
)
def test_what_is_no_execution_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not the ARN of an execution"):
        ExecutionArn.parse(text)


@pytest.mark.parametrize("text", ["powertune", "arn:aws:lambda:us-east-1:123456789012:function:fn", f"{MACHINE}:a:b"])
def test_what_is_no_state_machine_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not the ARN of a state machine"):
        MachineArn.parse(text)


def test_an_unknown_execution_and_an_unknown_machine_are_not_found() -> None:
    _, aws = account({})
    executions, machine = Executions(aws=aws), MachineArn.parse(MACHINE)
    with pytest.raises(NotFound, match="states:DescribeExecution"):
        executions.read(machine.execution("none"))
    with pytest.raises(NotFound, match="states:StartExecution"):
        executions.start(MachineArn.parse(f"{MACHINE}-9"), "one", {})
