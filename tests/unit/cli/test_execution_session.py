"""An execution at a terminal and without one: what a signal does to it, and what the person is told."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fakes import BUCKET, MACHINE, FakeClock, FakeStepFunctions, answer, client_error
from runs import make_fake

from powertune import results
from powertune.aws.executions import Executions, MachineArn
from powertune.aws.identity import ConnectionOptions
from powertune.cli.executing import RunOutputs, show
from powertune.cli.execution_session import ExecutionSession
from powertune.cli.outputs import Output
from powertune.engine.state_machine import TuningMachine
from powertune.engine.stepfunctions import Ending, Followed
from powertune.engine.steps.worker import run_id_of
from powertune.errors import FunctionFailed, IdentityError, Interrupted, NotRestored
from powertune.model import FunctionRef
from powertune.prices import PriceTable

GIVEN = {"lambdaARN": "fn", "powerValues": [128, 1024], "num": 4, "environments": 2}
MACHINE_ARN = MachineArn.parse(MACHINE)


def reported_as(format_: str) -> Callable[[Ending], None]:
    """Report on stdout, as a command does."""
    wishes = RunOutputs(outputs=(Output(format=format_, path=None),), save=None, quiet=True)
    return lambda ending: show(ending, PriceTable.bundled(), None, wishes)


class Desk:
    """An execution that one person follows, at a keyboard or not, with an answer to what they may be asked."""

    def __init__(self, path: Path, *, keyboard: bool = False, ask: Callable[[str], bool] | None = None) -> None:
        self.fake = make_fake()
        self.before = self.fake.snapshot("fn")
        self.clock = FakeClock()
        self.states = FakeStepFunctions(self.fake, self.clock)
        self.aws = self.states.connection().aws()
        self.path = path / "run.json"
        self.asked: list[str] = []
        self._keyboard, self._ask = keyboard, ask

    @property
    def status(self) -> str:
        (execution,) = self.states.executions.values()
        return execution.status

    def signal_at(self, state: str, number: signal.Signals) -> None:
        """Send a signal to this process when the execution enters a state, once."""
        sent: list[str] = []

        def send(entered: str) -> None:
            if entered == state and not sent:
                sent.append(entered)
                os.kill(os.getpid(), number)

        self.states.before = send

    def run(self, report: Callable[[Ending], None] = lambda _: None) -> Ending:
        """Follow the execution; returns what there is to report, which is reported."""
        endings: list[Ending] = []

        def reported(ending: Ending) -> None:
            endings.append(ending)
            report(ending)

        followed = Followed(
            self.aws,
            MACHINE_ARN.execution("one"),
            TuningMachine(arn=MACHINE_ARN, bucket=BUCKET),
            place=ConnectionOptions(region="us-east-1", profile="mine"),
            ref=FunctionRef.parse("fn"),
            clock=self.clock,
            sleep=self.clock.sleep,
        )

        def ask(question: str) -> bool:
            self.asked.append(question)
            return self._ask is not None and self._ask(question)

        session = ExecutionSession(followed, self.path, quiet=False, ask=ask, keyboard=lambda: self._keyboard)
        session.run(lambda: Executions(aws=self.aws).start(MACHINE_ARN, "one", GIVEN), reported)
        return endings[0]


def test_a_run_is_saved_and_its_states_are_lines_where_there_is_no_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = Desk(tmp_path)
    ending = desk.run()
    assert ending.error is None
    assert results.load(desk.path) == ending.run
    told = capsys.readouterr().err.splitlines()
    arn = MACHINE_ARN.execution("one")
    assert told[:2] == [f"execution {arn}", f"run {run_id_of(arn.text)}"]
    assert "state Measure" in told
    assert told[-1] == f"saved {desk.path}"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_without_a_keyboard_a_signal_stops_the_execution_and_waits_for_the_function(
    number: signal.Signals, tmp_path: Path
) -> None:
    desk = Desk(tmp_path)
    desk.signal_at("Record", number)
    ending = desk.run()
    assert desk.asked == []
    assert desk.status == "ABORTED"
    assert isinstance(ending.error, Interrupted)
    assert ending.error.message == f"execution one is stopped; fn is restored; what was measured is in {desk.path}"
    assert ending.error.hint == f"powertune report {desk.path}"
    assert results.load(desk.path).measurements
    assert desk.fake.snapshot("fn") == desk.before


def test_a_person_is_asked_and_no_leaves_the_execution_running(tmp_path: Path) -> None:
    desk = Desk(tmp_path, keyboard=True)
    desk.signal_at("Record", signal.SIGINT)
    with pytest.raises(Interrupted) as caught:
        desk.run()
    assert desk.asked == ["stop the execution? Answering no leaves it running."]
    assert desk.status == "RUNNING"
    assert caught.value.message == "detached: execution one goes on, and restores fn when it ends"
    assert caught.value.hint == f"powertune run --attach {MACHINE_ARN.execution('one')} --profile mine"
    assert not desk.path.exists()


def test_who_detaches_later_is_told_what_is_in_the_results_file(tmp_path: Path) -> None:
    desk = Desk(tmp_path, keyboard=True)
    desk.signal_at("Restore", signal.SIGINT)
    with pytest.raises(Interrupted) as caught:
        desk.run()
    assert caught.value.message == (
        f"detached: execution one goes on, and restores fn when it ends; {desk.path} holds what was measured so far"
    )
    attach = f"powertune run --attach {MACHINE_ARN.execution('one')} --profile mine"
    assert caught.value.hint == f"to get the whole: {attach}"
    assert results.load(desk.path).stopped == "under way"


def test_a_person_who_says_yes_stops_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path, keyboard=True, ask=lambda question: True)
    desk.signal_at("Record", signal.SIGINT)
    assert isinstance(desk.run().error, Interrupted)
    assert desk.status == "ABORTED"
    assert desk.fake.snapshot("fn") == desk.before


def test_a_second_ctrl_c_leaves_it_running_at_once(tmp_path: Path) -> None:
    def again(question: str) -> bool:
        os.kill(os.getpid(), signal.SIGINT)
        return True

    desk = Desk(tmp_path, keyboard=True, ask=again)
    desk.signal_at("Record", signal.SIGINT)
    with pytest.raises(Interrupted, match="goes on"):
        desk.run()
    assert desk.status == "RUNNING"


def test_a_terminal_that_is_closed_leaves_it_running(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.signal_at("Record", signal.SIGHUP)
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests may run under nohup
    try:
        with pytest.raises(Interrupted, match="goes on"):
            desk.run()
    finally:
        signal.signal(signal.SIGHUP, before)
    assert desk.status == "RUNNING"


def test_sigterm_stops_it_even_where_somebody_could_be_asked(tmp_path: Path) -> None:
    desk = Desk(tmp_path, keyboard=True)
    desk.signal_at("Record", signal.SIGTERM)
    assert isinstance(desk.run().error, Interrupted)
    assert desk.asked == []
    assert desk.status == "ABORTED"


def test_who_does_not_wait_for_restoring_is_told_what_restores(tmp_path: Path) -> None:
    desk = Desk(tmp_path, keyboard=True, ask=lambda question: True)
    desk.states.restores = False
    desk.signal_at("Record", signal.SIGINT)

    def impatient(name: str, kwargs: dict[str, Any]) -> None:
        if name == "list_objects_v2" and desk.status == "ABORTED":
            os.kill(os.getpid(), signal.SIGINT)

    desk.fake.on_call = impatient
    with pytest.raises(NotRestored, match="is stopped, and restoring was not waited for") as caught:
        desk.run()
    assert caught.value.hint == "powertune restore fn --region us-east-1 --profile mine"


def test_a_signal_before_the_start_changes_nothing(tmp_path: Path) -> None:
    desk = Desk(tmp_path, keyboard=True)

    def interrupt(name: str, kwargs: dict[str, Any]) -> None:
        if name == "start_execution":
            os.kill(os.getpid(), signal.SIGINT)

    desk.fake.on_call = interrupt
    with pytest.raises(Interrupted, match="interrupted before the execution was started"):
        desk.run()
    assert desk.asked == []
    assert desk.states.executions == {}


def test_a_follower_whose_session_ends_says_that_the_execution_goes_on(tmp_path: Path) -> None:
    desk = Desk(tmp_path)

    def expire(name: str, kwargs: dict[str, Any]) -> None:
        if name == "describe_execution" and desk.states.executions[str(MACHINE_ARN.execution("one"))].states:
            raise client_error("ExpiredTokenException", "the session has ended")

    desk.fake.on_call = expire
    with pytest.raises(IdentityError, match="execution one goes on without being followed") as caught:
        desk.run()
    assert "--attach" in str(caught.value.hint)


def test_a_stop_that_is_denied_says_that_the_execution_goes_on(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.signal_at("Record", signal.SIGTERM)

    def deny(name: str, kwargs: dict[str, Any]) -> None:
        if name == "stop_execution":
            raise client_error("AccessDeniedException", "no")

    desk.fake.on_call = deny
    with pytest.raises(Exception, match=r"states:StopExecution: no; execution one goes on"):
        desk.run()


def test_a_function_that_fails_everywhere_is_reported_before_the_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = Desk(tmp_path)
    numbers = iter(range(10_000))
    desk.fake.answer = lambda call: answer(
        f"id-{next(numbers)}", None, payload=b'{"errorType": "Broken"}', error="Unhandled"
    )
    with pytest.raises(FunctionFailed):
        desk.run(reported_as("table"))
    assert "128 MB" in capsys.readouterr().out


def test_what_was_measured_of_a_stopped_execution_is_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = Desk(tmp_path)
    desk.signal_at("Record", signal.SIGTERM)
    with pytest.raises(Interrupted):
        desk.run(reported_as("table"))
    assert "128 MB" in capsys.readouterr().out


def not_restored(desk: Desk) -> None:
    """Have the execution stopped, and let the function stay as it is."""
    desk.states.restores = False
    desk.signal_at("Record", signal.SIGTERM)


@pytest.mark.parametrize("bug", [ValueError("no such axis"), KeyboardInterrupt()])
def test_a_bug_in_a_report_or_who_does_not_wait_for_it_does_not_hide_that_the_function_is_not_restored(
    bug: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: Any) -> bytes:
        raise bug

    monkeypatch.setattr("powertune.report.json_report.render_json", broken)
    desk = Desk(tmp_path)
    not_restored(desk)
    with pytest.raises(NotRestored) as caught:
        desk.run(reported_as("json"))
    assert caught.value.hint == "powertune restore fn --region us-east-1 --profile mine"
    assert ("ValueError: no such axis" in capsys.readouterr().err) is isinstance(bug, ValueError)


def test_signals_during_the_report_end_it_and_do_not_hide_that_the_function_is_not_restored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: Any) -> bytes:
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)
        return b"not reached"

    monkeypatch.setattr("powertune.report.json_report.render_json", interrupted)
    desk = Desk(tmp_path)
    not_restored(desk)
    with pytest.raises(NotRestored):
        desk.run(reported_as("json"))
    told = capsys.readouterr()
    assert "not reached" not in told.out
    assert "writing the reports" in told.err


def test_one_signal_during_the_report_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: Any) -> bytes:
        os.kill(os.getpid(), signal.SIGINT)
        return b"reached"

    monkeypatch.setattr("powertune.report.json_report.render_json", interrupted)
    Desk(tmp_path).run(reported_as("json"))
    assert capsys.readouterr().out == "reached"


def test_a_results_file_that_cannot_be_saved_does_not_hide_that_the_function_is_not_restored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = Desk(tmp_path)
    not_restored(desk)

    def blocked(name: str, kwargs: dict[str, Any]) -> None:
        if name == "stop_execution":
            desk.path.unlink(missing_ok=True)
            desk.path.mkdir()

    desk.fake.on_call = blocked
    with pytest.raises(NotRestored):
        desk.run(reported_as("json"))
    told = capsys.readouterr()
    assert "error: cannot write" in told.err
    assert '"profiles"' in told.out
