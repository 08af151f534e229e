"""The direct engine against the fake Lambda: from options to a measured run, and back to what was found."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from fakes import FakeClock, FakeLambda, RecordingObserver, fake_aws
from runs import make_fake, tune

from powertune.aws.client import Aws
from powertune.config import RunOptions
from powertune.engine.access import TunedFunction
from powertune.engine.direct import LONGEST_TIMEOUT_S, measure_plan, plan_run, undo_once_more
from powertune.engine.stopping import StopRequest
from powertune.errors import NotFound, NotRestored, UsageError
from powertune.model import FunctionRef, Invocation, TuningRun
from powertune.plan import Plan
from powertune.prices import PriceTable

PRICES = PriceTable.bundled().region("us-east-1")
GRID = RunOptions(memory=(128, 1024), invocations=4, environments=2)


@dataclass
class FakeAccess:
    """An `engine.access.Access` that leads to a fake, and keeps what it was asked for."""

    fake: FakeLambda
    ends_at: float | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)

    def aws(self, **options: Any) -> Aws:
        self.asked.append(options)
        return fake_aws(self.fake)


def subject_of(access: FakeAccess, name: str = "fn") -> TunedFunction:
    return TunedFunction(access=access, ref=FunctionRef.parse(name), restore_command=f"powertune restore {name}")


def plan(access: FakeAccess, options: RunOptions = GRID, *, earlier: TuningRun | None = None) -> Plan:
    return plan_run(subject_of(access), options, PRICES, run_id="abcd1234", now=0.0, earlier=earlier)


def measured(
    access: FakeAccess, made: Plan, observer: RecordingObserver, stopping: StopRequest, options: RunOptions = GRID
) -> TuningRun:
    clock = FakeClock()
    return measure_plan(subject_of(access), options, made, observer, stopping, clock=clock, sleep=clock.sleep)


def test_a_run_measures_what_was_planned_and_leaves_the_function_as_found() -> None:
    access, observer = FakeAccess(make_fake()), RecordingObserver()
    before = access.fake.snapshot("fn")
    run = measured(access, plan(access), observer, StopRequest())
    assert run.stopped == "complete"
    assert {m.configuration.memory_mb: len(m.invocations) for m in run.measurements} == {128: 6, 1024: 6}
    assert observer.events[-2:] == ["restoring", "restored"]
    assert access.fake.snapshot("fn") == before


def test_planning_changes_nothing() -> None:
    access = FakeAccess(make_fake())
    before = access.fake.snapshot("fn")
    plan(access)
    assert access.fake.snapshot("fn") == before
    assert not {"create_alias", "update_function_configuration", "publish_version"} & set(access.fake.calls)


def test_a_search_starts_from_an_earlier_run_and_a_grid_does_not() -> None:
    earlier, access = tune(make_fake()), FakeAccess(make_fake())
    with pytest.raises(UsageError, match="--start-from is not for the grid search"):
        plan(access, earlier=earlier)
    assert not any(
        advisory.code == "another-function" for advisory in plan(access, RunOptions(), earlier=earlier).advisories
    )
    other = replace(earlier, function=replace(earlier.function, name="other"))
    (advisory,) = [a for a in plan(access, RunOptions(), earlier=other).advisories if a.code == "another-function"]
    assert "a run of other was best" in advisory.message


def test_that_the_session_ends_is_said_before_the_run_and_not_in_its_report() -> None:
    access = FakeAccess(make_fake(), ends_at=1.0)
    made = plan(access)
    assert "credentials-end" in [advisory.code for advisory in made.advisories]
    run = measured(access, made, RecordingObserver(), StopRequest())
    assert "credentials-end" not in [advisory.code for advisory in run.advisories]


def test_a_processor_exists_and_may_run_for_as_long_as_any_function() -> None:
    access = FakeAccess(make_fake())
    options = replace(GRID, pre_processor=FunctionRef(name="before"))
    with pytest.raises(NotFound, match="before"):
        plan(access, options)
    access.fake.add("before")
    made = plan(access, options)
    measured(access, made, RecordingObserver(), StopRequest(), options)
    assert access.asked[-1]["function_timeout_s"] == LONGEST_TIMEOUT_S
    measured(access, plan(access), RecordingObserver(), StopRequest())
    assert access.asked[-1]["function_timeout_s"] == made.function.timeout_s


class Impatient(RecordingObserver):
    """Presses Ctrl-C at the first invocation."""

    def invoked(self, configuration: Any, invocation: Invocation, spent: float) -> None:
        raise KeyboardInterrupt


def test_an_interrupted_run_is_undone_and_says_so() -> None:
    access, stopping = FakeAccess(make_fake()), StopRequest()
    before = access.fake.snapshot("fn")
    with pytest.raises(KeyboardInterrupt):
        measured(access, plan(access), Impatient(), stopping)
    assert stopping.restored
    assert access.fake.snapshot("fn") == before


class Undone:
    """A target that counts how often it is undone."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.times = 0
        self.error = error

    def undo(self) -> None:
        self.times += 1
        if self.error is not None:
            raise self.error


def test_an_interrupt_in_the_instant_before_undoing_begins_is_made_up_for() -> None:
    stopping, target = StopRequest(), Undone()
    undo_once_more(target.undo, stopping)
    assert target.times == 1
    assert stopping.restored
    undo_once_more(target.undo, stopping)
    assert target.times == 1


def test_who_insists_is_not_undone_once_more() -> None:
    stopping, target = StopRequest(), Undone()
    stopping.insisted = True
    undo_once_more(target.undo, stopping)
    assert (target.times, stopping.restored) == (0, False)
    undo_once_more(Undone(KeyboardInterrupt()).undo, stopping := StopRequest())
    assert not stopping.restored
    with pytest.raises(NotRestored):
        undo_once_more(Undone(NotRestored("not restored")).undo, StopRequest())
