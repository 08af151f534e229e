import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest
from fakes import FakeClock
from many_functions import fake_functions, planned
from runs import make_fake, plan_for, tune

from powertune.cli.console import confirmed, on_terminal, say
from powertune.cli.interrupts import interruptible
from powertune.cli.progress import RunObserver
from powertune.engine.direct import measure_plan
from powertune.engine.saving import Saver
from powertune.engine.stopping import StopRequest
from powertune.measure import Nobody
from powertune.model import Configuration, Invocation


def test_the_first_interrupt_ends_the_measuring_and_ctrl_c_again_and_again_insists(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with interruptible(keyboard=lambda: True) as interrupts:
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        assert interrupts.restoring
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        assert (interrupts.insisted, interrupts.restored) == (True, False)
    assert capfd.readouterr().err.count("press Ctrl-C once more to leave it as it is") == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("at_keyboard", [True, False])
def test_a_repeated_hangup_or_termination_never_insists(
    number: signal.Signals, at_keyboard: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    with interruptible(keyboard=lambda: at_keyboard) as interrupts:
        interrupts.restoring = True
        for _ in range(5):
            os.kill(os.getpid(), number)
        assert not interrupts.insisted
    assert capfd.readouterr().err == "restoring the function\n"


def test_an_interrupt_without_a_terminal_never_insists(capfd: pytest.CaptureFixture[str]) -> None:
    with interruptible(keyboard=lambda: False) as interrupts:
        interrupts.restoring = True
        for _ in range(5):
            os.kill(os.getpid(), signal.SIGINT)
        assert not interrupts.insisted
    assert capfd.readouterr().err == "restoring the function\n"


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_second_signal_of_any_kind_ends_the_reports(
    second: signal.Signals, capfd: pytest.CaptureFixture[str]
) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests may run under nohup
    try:
        with interruptible(keyboard=lambda: False) as interrupts:
            interrupts.restoring = True
            os.kill(os.getpid(), signal.SIGTERM)
            interrupts.writing()
            os.kill(os.getpid(), signal.SIGTERM)
            with pytest.raises(KeyboardInterrupt):
                os.kill(os.getpid(), second)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert capfd.readouterr().err == "restoring the function\nwriting the reports\n"


UNREAD = """
from powertune.cli.console import write_stdout
from powertune.cli.interrupts import interruptible

with interruptible() as interrupts:
    interrupts.writing()
    try:
        write_stdout(bytes(1_000_000))
    except KeyboardInterrupt:
        raise SystemExit(130)
"""


@pytest.fixture(params=["", "1"], ids=["buffered", "unbuffered"])
def unread(request: pytest.FixtureRequest) -> Iterator[tuple[subprocess.Popen[bytes], IO[bytes]]]:
    """A process that writes more than its pipe takes, and has had one signal; and its stdout."""
    environment = {**os.environ, "PYTHONUNBUFFERED": request.param}
    with subprocess.Popen(
        [sys.executable, "-c", UNREAD], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            assert select.select([process.stdout], [], [], 60)[0]  # the pipe is being filled
            process.send_signal(signal.SIGTERM)
            assert process.stderr.readline() == b"writing the reports\n"
            yield process, process.stdout
        finally:
            process.kill()


def test_a_reader_who_does_not_read_cannot_keep_a_second_termination_from_ending_the_report(
    unread: tuple[subprocess.Popen[bytes], IO[bytes]],
) -> None:
    process, _ = unread
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 130


def test_one_signal_does_not_cut_a_report_short(
    unread: tuple[subprocess.Popen[bytes], IO[bytes]],
) -> None:
    process, stdout = unread
    assert len(stdout.read()) == 1_000_000
    assert process.wait(30) == 0


class Gone:
    """A stderr whose window was closed."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.encoding = "utf-8"

    def write(self, text: str) -> int:
        raise self.error

    def flush(self) -> None:
        raise self.error

    def isatty(self) -> bool:
        if isinstance(self.error, ValueError):
            raise self.error
        return True


@pytest.mark.parametrize(
    "error", [OSError(5, "Input/output error"), BrokenPipeError(), ValueError("I/O operation on closed file")]
)
def test_handlers_and_messages_never_raise_when_stderr_is_gone(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", Gone(error))
    with interruptible(keyboard=lambda: True) as interrupts:
        interrupts.restoring = True
        os.kill(os.getpid(), signal.SIGHUP)
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)
    say("anything")
    assert not confirmed("anything?")
    monkeypatch.setattr(sys, "stdin", Gone(error))
    assert on_terminal() is not isinstance(error, ValueError)


def test_once_the_function_is_restored_and_the_run_is_saved_an_interrupt_ends_what_is_left(tmp_path: Path) -> None:
    plan = plan_for(make_fake())
    run = tune(make_fake())
    with (
        interruptible() as interrupts,
        RunObserver(plan, Saver(tmp_path / "run.json", timer=time.monotonic), interrupts, quiet=True) as observer,
    ):
        observer.restoring()
        observer.restored()
        observer.saved(run)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        assert interrupts.restored
    assert (tmp_path / "run.json").exists()


class Signals:
    """Sends this process a signal when it is thrown away, where Python drops what the handler raises."""

    def __del__(self) -> None:
        os.kill(os.getpid(), signal.SIGTERM)


class Signaled(Nobody):
    """Has a signal arrive in a finalizer, at the third invocation."""

    invocations = 0

    def invoked(self, configuration: Configuration, invocation: Invocation, spent: float) -> None:
        self.invocations += 1
        if self.invocations == 3:
            Signals()


def test_a_signal_ends_a_run_also_where_python_drops_the_exception(tmp_path: Path) -> None:
    fake, observer, clock = fake_functions("fn"), Signaled(), FakeClock()
    before = fake.snapshot("fn")
    (run,) = planned(fake, tmp_path, "fn")
    with interruptible() as interrupts:
        interrupts.end_by(request := StopRequest())
        with pytest.raises(KeyboardInterrupt):
            measure_plan(run.subject, run.options, run.plan, observer, request, clock=clock, sleep=clock.sleep)
    assert observer.invocations < 10
    assert request.restored
    assert fake.snapshot("fn") == before


def test_a_signal_before_the_run_begins_changes_nothing(tmp_path: Path) -> None:
    fake, observer, clock = fake_functions("fn"), Signaled(), FakeClock()
    before = fake.snapshot("fn")
    (run,) = planned(fake, tmp_path, "fn")
    (request := StopRequest()).ask()
    with pytest.raises(KeyboardInterrupt):
        measure_plan(run.subject, run.options, run.plan, observer, request, clock=clock, sleep=clock.sleep)
    assert observer.invocations == 0
    assert request.restored
    assert fake.snapshot("fn") == before


def test_who_insists_while_a_run_is_restored_has_its_function_left_as_it_is() -> None:
    with interruptible(keyboard=lambda: True) as interrupts:
        interrupts.end_by(request := StopRequest())
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGINT)
        assert not request.insisted
        with pytest.raises(KeyboardInterrupt):
            request.check()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        assert request.insisted


def test_outside_of_the_block_signals_are_as_before() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with interruptible():
        assert signal.getsignal(signal.SIGINT) != before[0]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interruptible():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        with interruptible(), pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)
