import os
import signal
from pathlib import Path

import pytest
from runs import make_fake, plan_for, tune

from powertune.cli.interrupts import interruptible
from powertune.cli.progress import RunObserver


def test_the_first_interrupt_ends_the_measuring_and_the_next_only_gives_notice(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with interruptible() as interrupts:
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        assert interrupts.restoring
        os.kill(os.getpid(), signal.SIGTERM)
        assert "interrupt once more to leave it as it is" in capfd.readouterr().err
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        assert not interrupts.restored


def test_once_the_function_is_restored_and_the_run_is_saved_an_interrupt_ends_what_is_left(tmp_path: Path) -> None:
    plan = plan_for(make_fake())
    run = tune(make_fake())
    with interruptible() as interrupts, RunObserver(plan, tmp_path / "run.json", interrupts, quiet=True) as observer:
        observer.restoring()
        observer.restored()
        observer.saved(run)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        assert interrupts.restored
    assert (tmp_path / "run.json").exists()


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
