"""What is said of a failure, and that it does not replace the error that a command is to end with."""

import pytest

from powertune.cli.endings import outranked, show_error
from powertune.errors import Bug, ExitCode, NotRestored, UsageError

PENDING = NotRestored("fn is not restored", hint="powertune restore fn")


def fail(failure: BaseException) -> None:
    raise failure


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (UsageError("cannot write 'r.md'", hint="choose another place"), "error: cannot write 'r.md'\n"),
        (KeyboardInterrupt(), ""),
    ],
)
def test_a_failure_is_said_without_its_next_step_and_an_interruption_is_not(
    failure: BaseException, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with outranked(PENDING):
        fail(failure)
    assert capsys.readouterr().err == said


@pytest.mark.parametrize("failure", [KeyError("x"), Bug(KeyError("x"))])
def test_a_bug_is_shown_whole(failure: Exception, capsys: pytest.CaptureFixture[str]) -> None:
    with outranked(PENDING):
        fail(failure)
    told = capsys.readouterr().err
    assert "KeyError: 'x'" in told
    assert "error: this is a bug in powertune" in told


@pytest.mark.parametrize("failure", [KeyError("x"), UsageError("no"), KeyboardInterrupt()])
def test_where_no_error_is_pending_a_failure_is_raised(failure: BaseException) -> None:
    with pytest.raises(type(failure)), outranked(None):
        fail(failure)


def test_an_error_has_its_hint_and_its_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert show_error(PENDING) is ExitCode.NOT_RESTORED
    assert capsys.readouterr().err == "error: fn is not restored\nhint: powertune restore fn\n"
    assert show_error(Bug(KeyError("x"))) is ExitCode.BUG
