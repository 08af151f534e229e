import os
import signal

import pytest

from powertune.cli.interrupts import interruptible


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


def test_once_the_function_is_restored_an_interrupt_ends_what_is_left_at_once() -> None:
    with interruptible() as interrupts:
        interrupts.restoring = interrupts.restored = True
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        assert interrupts.restored


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
