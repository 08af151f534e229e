"""A run that another thread asks to end: it looks at once, and never while its function is restored."""

from collections.abc import Callable

import pytest
from factories import make_configuration, make_invocation, make_run
from fakes import FakeTarget, RecordingObserver
from many_functions import fake_functions
from runs import PublishingLog

from powertune.engine.stopping import StoppableAccess, StoppableObserver, StoppableTarget, StopRequest
from powertune.model import Batch

SIZE = make_configuration()


def test_a_sleep_ends_soon_after_the_request() -> None:
    request, slept = StopRequest(), []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            request.ask()

    with pytest.raises(KeyboardInterrupt):
        request.sleeping(sleep)(60.0)
    assert slept == [0.5, 0.5, 0.5]
    request.restoring(True)
    request.sleeping(slept.append)(0.75)
    assert slept[3:] == [0.5, 0.25]


def observed() -> tuple[StoppableObserver, StopRequest, RecordingObserver]:
    request, inner = StopRequest(), RecordingObserver()
    return StoppableObserver(inner, request), request, inner


TOLD: list[Callable[[StoppableObserver], None]] = [
    lambda observer: observer.chosen(Batch(trials=(), why="enough")),
    lambda observer: observer.waiting(SIZE, "publishing"),
    lambda observer: observer.published(SIZE),
    lambda observer: observer.invoked(SIZE, make_invocation(), 0.1),
]


@pytest.mark.parametrize("tell", TOLD)
def test_whatever_the_run_tells_ends_it_unless_it_is_restoring(tell: Callable[[StoppableObserver], None]) -> None:
    observer, request, _ = observed()
    tell(observer)
    request.ask()
    with pytest.raises(KeyboardInterrupt):
        tell(observer)
    observer.restoring()
    tell(observer)


def test_what_is_left_after_restoring_and_saving_may_end_at_once() -> None:
    observer, request, inner = observed()
    request.ask()
    observer.restoring()
    observer.saved(make_run())
    request.check()  # it is not restored yet
    observer.restored()
    observer.saved(make_run())
    assert request.restored
    with pytest.raises(KeyboardInterrupt):
        request.check()
    assert len(inner.runs) == 2


def test_a_run_that_waits_for_invocations_is_woken() -> None:
    request, log = StopRequest(), PublishingLog()
    target = StoppableTarget(FakeTarget(), request)
    target.publish([SIZE], log)
    before = list(log.waits)
    request.ask()
    assert log.waits == [*before, "512 stopping"]
    # A size that is published after the request wakes it as well.
    target.publish([make_configuration(1024)], log)
    assert "1024 stopping" in log.waits


def test_who_insists_before_undoing_begins_has_the_function_left_as_it_is() -> None:
    inner, request = FakeTarget(), StopRequest()
    request.insisted = True
    with pytest.raises(KeyboardInterrupt):
        StoppableTarget(inner, request).undo()
    assert inner.events == []


def test_a_target_is_otherwise_as_it_is() -> None:
    inner = FakeTarget()
    target = StoppableTarget(inner, StopRequest())
    target.open()
    target.undo()
    assert inner.events == ["open", "undo"]


def test_calls_to_aws_give_up_and_those_that_undo_do_not() -> None:
    from fakes import FakeClock, FakeConnection

    request = StopRequest()
    fake = fake_functions("fn")
    aws = StoppableAccess(access=FakeConnection(fake, FakeClock()), request=request).aws()
    aws.call(aws.clients.control.get_account_settings)
    request.ask()
    with pytest.raises(KeyboardInterrupt):
        aws.call(aws.clients.control.get_account_settings)
    assert fake.calls == ["get_account_settings"]
    request.restoring(True)
    aws.patient().call(aws.clients.control.get_account_settings)
