"""$LATEST gets its architecture back, also if the change of it is seen late."""

from typing import Any

from applies import measured_function
from fakes import FakeClock, FakeLambda, fake_aws

from powertune.aws.architecture import restore_architecture
from powertune.aws.lambda_function import LambdaFunction
from powertune.model import FunctionRef


def restored(fake: FakeLambda) -> list[str]:
    """The architecture of $LATEST after it was given x86_64 back."""
    function = LambdaFunction(fake_aws(fake, clock=FakeClock()), FunctionRef(name="fn"))
    code = fake.functions["fn"].configuration["CodeSha256"]
    assert restore_architecture(function, "x86_64", code) == ()
    found: list[str] = fake.functions["fn"].configuration["Architectures"]
    return found


def test_a_change_whose_answer_was_lost_may_be_seen_late() -> None:
    fake = measured_function()
    looks = 0

    def seen_late(name: str, kwargs: dict[str, Any]) -> None:
        nonlocal looks
        looks += name == "get_function"
        if name == "get_function" and looks == 2:
            fake.functions["fn"].configuration |= {"Architectures": ["arm64"], "RevisionId": "late"}

    fake.on_call = seen_late
    assert restored(fake) == ["x86_64"]
    assert fake.calls.count("update_function_code") == 1


def test_what_is_as_it_was_is_looked_at_twice_and_left_alone() -> None:
    fake = measured_function()
    assert restored(fake) == ["x86_64"]
    assert fake.calls == ["get_function"] * 2
