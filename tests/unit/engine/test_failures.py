import pytest

from powertune.aws.executions import Execution, MachineArn
from powertune.engine.failures import failure_of, why_ended
from powertune.errors import (
    FunctionBusy,
    FunctionFailed,
    Inconclusive,
    NotRestored,
    PowertuneError,
    SizeRefused,
    Unavailable,
    UsageError,
)

ARN = MachineArn.parse("arn:aws:states:us-east-1:123456789012:stateMachine:powertune").execution("one")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("UsageError", UsageError),
        ("FunctionBusy", FunctionBusy),
        ("FunctionFailed", FunctionFailed),
        ("NotRestored", NotRestored),
        # These are made of more than a text.
        ("MemorySizeRefused", SizeRefused),
        ("LibraryMissing", UsageError),
        ("States.Timeout", Unavailable),
        ("Lambda.Unknown", Unavailable),
        ("Sandbox.Timedout", Unavailable),
        (None, Unavailable),
        # A bug in a worker is a bug.
        ("KeyError", PowertuneError),
    ],
)
def test_an_error_is_the_class_of_its_name(error: str | None, kind: type[PowertuneError]) -> None:
    found = failure_of(error, "what happened; what to do")
    assert type(found) is kind
    assert "what happened" in found.message
    assert found.hint


def test_message_and_hint_are_told_apart() -> None:
    found = failure_of("UsageError", "num 0 is too few; for example 20")
    assert (found.message, found.hint) == ("num 0 is too few", "for example 20")
    assert failure_of("UsageError", "no more").hint is None
    assert failure_of("UsageError", None).message == "no cause is given"


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("ABORTED", "was stopped: by hand"),
        ("TIMED_OUT", "has run into its timeout: by hand"),
        ("X", "has ended as X"),
    ],
)
def test_an_execution_that_did_not_fail_by_itself_has_no_answer(status: str, words: str) -> None:
    found = why_ended(Execution(arn=ARN, status=status, cause="by hand"))
    assert type(found) is Inconclusive
    assert words in found.message
