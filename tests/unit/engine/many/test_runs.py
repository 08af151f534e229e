"""Several functions of one account, each measured in a thread of its own."""

import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from fakes import FakeLambda, RecordingObserver, client_error
from many_functions import fake_functions, measured, planned, runs_of

from powertune import results
from powertune.engine.many.runs import PlannedFunction
from powertune.engine.stopping import StopRequest
from powertune.errors import Bug, Inconclusive, Interrupted, NotRestored
from powertune.model import Configuration, Invocation

NAMES = ("one", "two", "three")


def states(fake: FakeLambda) -> dict[str, Any]:
    return {name: fake.snapshot(name) for name in fake.functions}


def test_all_are_measured_saved_and_left_as_found(tmp_path: Path) -> None:
    fake = fake_functions(*NAMES)
    before = states(fake)
    runs = measured(runs_of(planned(fake, tmp_path, *NAMES)))
    assert [(each.function.target, each.error) for each in runs.ended] == [(name, None) for name in NAMES]
    for each in runs.ended:
        assert each.run is not None
        assert results.load(each.function.path).measurements == each.run.measurements
    assert states(fake) == before
    assert 0 < runs.spent < 1.0


def test_each_may_spend_a_part_and_its_results_say_so(tmp_path: Path) -> None:
    runs = measured(runs_of(planned(fake_functions(*NAMES), tmp_path, *NAMES), max_spend=0.9, at_once=3))
    limits = [each.function.plan.max_spend for each in runs.ended]
    assert all(0 < limit < 0.9 for limit in limits)
    assert [each.run.design.max_spend for each in runs.ended if each.run] == limits


class CountingLambda(FakeLambda):
    """Notes how many functions are measured at the same time."""

    def __init__(self) -> None:
        super().__init__()
        self.open: set[str] = set()
        self.most = 0
        self.counting = threading.Lock()
        self.on_call = self._count

    def _count(self, name: str, kwargs: Any) -> None:
        journal = str(kwargs.get("Name", "")).endswith("journal")
        with self.counting:
            if name == "create_alias" and journal:
                self.open.add(kwargs["FunctionName"])
                self.most = max(self.most, len(self.open))
            if name == "delete_alias" and journal:
                self.open.discard(kwargs["FunctionName"])


@pytest.mark.parametrize(("concurrency", "at_once", "most"), [(1000, 1, 1), (10, 4, 1)])
def test_no_more_at_a_time_than_asked_and_than_the_account_has_room_for(
    concurrency: int, at_once: int, most: int, tmp_path: Path
) -> None:
    fake = CountingLambda()
    fake.concurrency = concurrency
    for name in NAMES:
        fake.add(name, memory_mb=512)
    runs = measured(runs_of(planned(fake, tmp_path, *NAMES), at_once=at_once))
    assert [each.error for each in runs.ended] == [None] * 3
    assert fake.most == most


def test_side_by_side_they_overlap(tmp_path: Path) -> None:
    """Each waits in its first invocation until the others have come as far."""
    fake = fake_functions(*NAMES)
    together, seen = threading.Barrier(3, timeout=30), Counter[str]()
    lock = threading.Lock()

    def meet(call: dict[str, Any]) -> None:
        name = call["configuration"]["FunctionName"]
        with lock:
            seen[name] += 1
            first = seen[name] == 1
        if first:
            together.wait()

    fake.answer = meet
    runs = measured(runs_of(planned(fake, tmp_path, *NAMES), at_once=3))
    assert [each.error for each in runs.ended] == [None] * 3


def test_one_that_fails_ends_no_other(tmp_path: Path) -> None:
    fake = fake_functions(*NAMES)
    before = states(fake)

    def deny(name: str, kwargs: Any) -> None:
        if name == "publish_version" and kwargs["FunctionName"].endswith(":two"):
            raise client_error("AccessDeniedException", "not authorized to perform: lambda:PublishVersion", 403)

    functions = planned(fake, tmp_path, *NAMES)
    fake.on_call = deny
    one, two, three = measured(runs_of(functions)).ended
    assert (one.error, three.error) == (None, None)
    assert two.error is not None
    assert "lambda:PublishVersion" in two.error.message
    assert states(fake) == before


def test_after_one_that_is_not_restored_no_other_is_begun(tmp_path: Path) -> None:
    fake = fake_functions(*NAMES)
    functions = planned(fake, tmp_path, *NAMES)

    def deny(name: str, kwargs: Any) -> None:
        if name == "delete_alias" and kwargs["FunctionName"].endswith(":one"):
            raise client_error("AccessDeniedException", "not authorized to perform: lambda:DeleteAlias", 403)

    fake.on_call = deny
    one, two, three = measured(runs_of(functions, at_once=1)).ended
    assert isinstance(one.error, NotRestored)
    assert one.run is not None
    assert [(each.begun, str(each.error)) for each in (two, three)] == [(False, "not begun: one is not restored")] * 2


def test_the_budget_runs_out_and_those_not_reached_are_named(tmp_path: Path) -> None:
    fake = fake_functions(*NAMES, duration_ms=lambda memory_mb: 2_900.0)
    functions = planned(fake, tmp_path, *NAMES, memory=(1024,), invocations=20)
    need = min(f.plan.worst_cost(c) for f in functions for c in f.plan.design.configurations)
    one, two, three = measured(runs_of(functions, max_spend=1.1 * need, at_once=1)).ended
    assert (one.begun, two.begun, three.begun) == (True, False, False)
    assert isinstance(two.error, Inconclusive)
    assert "of the $" in two.error.message
    assert two.error.hint == "raise --max-spend"


def test_a_function_waits_for_what_others_hand_back_and_takes_what_is_left_in_the_end(tmp_path: Path) -> None:
    fake = fake_functions(*NAMES)
    functions = planned(fake, tmp_path, *NAMES)
    costs = sorted(f.plan.worst_cost(c) for f in functions for c in f.plan.design.configurations)
    # Enough for the larger size of one function at a time, and no more.
    runs = measured(runs_of(functions, max_spend=1.5 * costs[-1], at_once=3))
    assert [each.begun for each in runs.ended] == [True] * 3
    limits = [each.function.plan.max_spend for each in runs.ended]
    assert all(limit >= costs[-1] for limit in limits)
    assert runs.spent <= 1.5 * costs[-1]
    # Not even enough for the larger size: the smaller one can be measured all the same.
    (one,) = measured(runs_of(functions[:1], max_spend=costs[-1] / 2)).ended
    assert one.begun
    assert one.function.plan.max_spend == costs[-1] / 2


def test_what_may_be_under_way_when_a_run_fails_is_not_handed_back(tmp_path: Path) -> None:
    names = ("one", "two", "three")
    fake = fake_functions(*names)
    counts = dict.fromkeys(names, 0)

    def answer(call: Any) -> None:
        name = call["configuration"]["FunctionName"]
        counts[name] += 1
        if counts[name] == 3:
            raise client_error("AccessDeniedException", "not authorized to perform: lambda:InvokeFunction", 403)

    fake.answer = answer
    functions = planned(fake, tmp_path, *names, memory=(1024,), invocations=10)
    worst = functions[0].plan.worst_cost(functions[0].plan.design.configurations[0])
    runs = measured(runs_of(functions, max_spend=10.5 * worst, at_once=1))
    concurrency = functions[0].plan.design.concurrency
    assert runs.spent >= min(concurrency, 10) * worst
    assert runs.spent <= 10.5 * worst
    assert [each.begun for each in runs.ended] == [True, False, False]
    assert isinstance(runs.ended[1].error, Inconclusive)


class StoppingObserver(RecordingObserver):
    """Has all runs end at the first invocation of its function."""

    def __init__(self, stop: Any) -> None:
        super().__init__()
        self.stop = stop

    def invoked(self, configuration: Configuration, invocation: Invocation, spent: float) -> None:
        super().invoked(configuration, invocation, spent)
        self.stop()


def test_an_interruption_restores_all_that_were_touched_and_keeps_what_was_measured(tmp_path: Path) -> None:
    fake = fake_functions(*NAMES)
    before = states(fake)

    def observe(function: PlannedFunction) -> RecordingObserver:
        return StoppingObserver(runs.stop) if function.target == "two" else RecordingObserver()

    runs = runs_of(planned(fake, tmp_path, *NAMES), at_once=1, observe=observe)
    one, two, three = measured(runs).ended
    assert one.error is None
    assert isinstance(two.error, Interrupted)
    assert two.error.hint == f"powertune report {tmp_path / 'two.json'}"
    assert two.run is not None
    assert isinstance(three.error, Interrupted)
    assert not three.begun
    assert states(fake) == before


def test_an_interruption_does_not_wait_for_a_long_invocation(tmp_path: Path) -> None:
    fake = fake_functions("one")
    before = states(fake)
    invoked, go_on = threading.Event(), threading.Event()

    def hang(call: dict[str, Any]) -> None:
        invoked.set()
        go_on.wait(60)

    fake.answer = hang
    runs = runs_of(planned(fake, tmp_path, "one"))
    runs.start()
    assert invoked.wait(30)
    runs.stop()
    try:
        runs.wait()  # the invocation still hangs
        (one,) = runs.ended
        assert isinstance(one.error, Interrupted)
        assert one.error.message == "interrupted; one is restored"
        assert states(fake) == before
    finally:
        go_on.set()


def test_the_thread_that_waits_looks_whether_it_is_to_end(tmp_path: Path) -> None:
    fake, request = fake_functions("one"), StopRequest()
    before, go_on = states(fake), threading.Event()

    def ask(call: dict[str, Any]) -> None:
        request.ask()
        go_on.wait(60)

    fake.answer = ask
    runs = runs_of(planned(fake, tmp_path, "one"))
    runs.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            runs.wait(request.check)
        runs.stop()
        runs.wait()
        assert states(fake) == before
    finally:
        go_on.set()


def test_whoever_insists_is_told_which_function_may_hold_a_trial_size(tmp_path: Path) -> None:
    fake = fake_functions("one", "two")
    functions = planned(fake, tmp_path, "one", "two")
    undoing, go_on = threading.Event(), threading.Event()

    def hold(name: str, kwargs: Any) -> None:
        if name == "delete_alias":
            undoing.set()
            go_on.wait(60)

    fake.on_call = hold
    runs = runs_of(functions, at_once=1)
    runs.start()
    try:
        assert undoing.wait(30)
        runs.stop()
        runs.abandon()
        one, two = runs.ended
        assert isinstance(one.error, NotRestored)
        assert one.error.hint == "powertune restore one"
        assert not two.begun
    finally:
        go_on.set()
        runs.wait()


def test_a_bug_does_not_hide_that_a_function_is_not_restored(tmp_path: Path) -> None:
    fake = fake_functions("one", "two")
    functions = planned(fake, tmp_path, "one", "two")
    together = threading.Barrier(2, timeout=30)

    def deny(name: str, kwargs: Any) -> None:
        if name == "delete_alias" and kwargs["FunctionName"].endswith(":one"):
            raise client_error("AccessDeniedException", "not authorized to perform: lambda:DeleteAlias", 403)

    class BrokenAfterAll(RecordingObserver):
        def chosen(self, batch: Any) -> None: ...

        def published(self, configuration: Configuration) -> None:
            if configuration.memory_mb == 1024:
                together.wait()
                raise ZeroDivisionError

    class Waiting(RecordingObserver):
        def published(self, configuration: Configuration) -> None:
            if configuration.memory_mb == 1024:
                together.wait()

    fake.on_call = deny
    observers = {"one": Waiting(), "two": BrokenAfterAll()}
    one, two = measured(runs_of(functions, observe=lambda function: observers[function.target])).ended
    assert isinstance(one.error, NotRestored)
    assert two.error is not None
    assert "a bug in powertune: ZeroDivisionError()" in two.error.message


def test_a_bug_ends_all_runs_once_they_are_restored(tmp_path: Path) -> None:
    fake = fake_functions(*NAMES)
    before = states(fake)

    class BrokenObserver(RecordingObserver):
        def published(self, configuration: Configuration) -> None:
            raise ZeroDivisionError

    runs = runs_of(planned(fake, tmp_path, *NAMES), at_once=1, observe=lambda _: BrokenObserver())
    one, *others = measured(runs).ended
    assert states(fake) == before
    assert isinstance(one.error, Bug)
    assert isinstance(one.error.exception, ZeroDivisionError)
    assert [each.begun for each in others] == [False, False]
    assert {str(each.error) for each in others} == {"not begun: a bug in powertune ended the runs"}
