"""The other engine: an execution is followed to each of its endings. Its steps are the real ones, over the fakes."""

import uuid
from dataclasses import dataclass, field
from typing import Any

import pytest
from fakes import (
    BUCKET,
    MACHINE,
    FakeClock,
    FakeLambda,
    FakeStepFunctions,
    RecordingObserver,
    answer,
    client_error,
)
from runs import make_fake, tune

from powertune.aws.executions import Execution, ExecutionArn, Executions, MachineArn
from powertune.aws.identity import ConnectionOptions
from powertune.aws.objects import Objects
from powertune.engine.state_machine import TuningMachine
from powertune.engine.stepfunctions import RESTORE_S, Ending, Followed
from powertune.engine.steps.store import RunStore
from powertune.errors import (
    DeployedMeanwhile,
    FunctionBusy,
    FunctionFailed,
    Inconclusive,
    NotFound,
    NotRestored,
    Unavailable,
    UsageError,
)
from powertune.model import FunctionRef
from powertune.plan import Plan

GIVEN = {"lambdaARN": "fn", "powerValues": [128, 1024], "num": 6, "environments": 2, "strategy": "speed"}
MACHINE_ARN = MachineArn.parse(MACHINE)


@dataclass
class Watching(RecordingObserver):
    """A `following.Watcher` that is its own observer."""

    states: list[str] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)

    def entered(self, state: str) -> None:
        self.states.append(state)

    def planned(self, plan: Plan) -> RecordingObserver:
        self.plans.append(plan)
        return self

    def unseen(self, why: str) -> None:
        self.hidden.append(why)


class Account:
    """An account with a function and a state machine, and an execution in it that is followed."""

    def __init__(self, given: dict[str, Any] | None = None, *, bucket: str | None = BUCKET, **options: Any) -> None:
        self.fake: FakeLambda = make_fake(**options)
        self.clock = FakeClock()
        self.states = FakeStepFunctions(self.fake, self.clock)
        self.aws = self.states.connection().aws()
        self.before = self.fake.snapshot("fn")
        self.arn = MACHINE_ARN.execution("one")
        self.watching = Watching()
        document = GIVEN if given is None else given
        Executions(aws=self.aws).start(MACHINE_ARN, "one", document)
        self.followed = Followed(
            self.aws,
            self.arn,
            TuningMachine(arn=MACHINE_ARN, bucket=bucket),
            place=ConnectionOptions(region="us-east-1"),
            clock=self.clock,
            sleep=self.clock.sleep,
        )

    def follow(self) -> Execution:
        return self.followed.follow(self.watching)

    def end(self) -> Ending:
        return self.followed.end(self.follow())

    def interrupt_at(self, state: str) -> None:
        """Follow until a state, and no longer."""

        def interrupt(entered: str) -> None:
            if entered == state:
                raise KeyboardInterrupt

        self.states.before = interrupt
        with pytest.raises(KeyboardInterrupt):
            self.follow()
        self.states.before = lambda entered: None


def test_an_execution_ends_with_its_results_file_and_has_told_all_that_a_run_here_tells() -> None:
    account = Account()
    ending = account.end()
    assert ending.error is None
    assert ending.judged
    run = ending.run
    assert run is not None
    assert (run.engine, run.run_id) == ("stepfunctions", account.followed.run_id)
    assert [(m.configuration.memory_mb, len(m.invocations)) for m in run.measurements] == [(128, 8), (1024, 8)]
    assert account.fake.snapshot("fn") == account.before
    watching = account.watching
    assert watching.states == ["Prepare", "Publish", "Measure", "Record"] * 1 + [
        "Publish",
        "Measure",
        "Record",
        "Restore",
        "Analyze",
    ]
    assert watching.events == ["published 128", "published 1024", "restoring", "restored"]
    assert sum(len(m.invocations) for m in watching.runs[-1].measurements) == 16
    assert watching.spent > 0
    assert watching.plans[0].run_id == run.run_id


def test_the_results_files_of_both_engines_hold_the_same() -> None:
    there = Account().end().run
    assert there is not None
    here = tune(make_fake())
    assert {m.configuration for m in there.measurements} == {m.configuration for m in here.measurements}
    assert there.function == here.function
    assert type(there.design) is type(here.design)


def test_a_search_tells_what_it_chooses() -> None:
    account = Account({"lambdaARN": "fn", "strategy": "cost", "maxMemory": 1024}, duration_ms=lambda mb: 51200 / mb)
    ending = account.end()
    assert ending.error is None
    assert ending.run is not None
    chosen = [event for event in account.watching.events if event.startswith("chosen")]
    assert chosen == [f"chosen {batch.why}" for batch in ending.run.batches]


def test_looks_become_rarer_while_nothing_happens_and_stay_gentle() -> None:
    account = Account()
    account.states.executions[account.arn.text].steps = iter(["Prepare"] * 12)

    def end_at_last(name: str, kwargs: dict[str, Any]) -> None:
        if name == "describe_execution" and account.fake.calls.count(name) == 13:
            account.states.end(account.arn.text, "TIMED_OUT")

    account.fake.on_call = end_at_last
    account.follow()
    assert account.clock.slept[0] == 2.0
    assert max(account.clock.slept) == 5.0
    assert account.clock.slept == sorted(account.clock.slept)


def test_what_the_function_fails_with_is_told_with_what_was_measured() -> None:
    account = Account()
    account.fake.answer = lambda call: answer(
        str(uuid.uuid4()), None, payload=b'{"errorType": "Broken"}', error="Unhandled"
    )
    ending = account.end()
    assert isinstance(ending.error, FunctionFailed)
    assert ending.judged
    assert ending.run is not None
    assert account.fake.snapshot("fn") == account.before


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"lambdaARN": "fn", "num": "x"}, UsageError),
        ({"lambdaARN": "none"}, NotFound),
        ({}, UsageError),
    ],
)
def test_an_input_that_is_refused_ends_in_the_same_error_as_here(
    given: dict[str, Any], error: type[Exception]
) -> None:
    account = Account(given)
    ending = account.end()
    assert type(ending.error) is error
    assert ending.run is None
    assert not ending.judged
    # Nothing was touched, so there is nothing to wait for.
    assert sum(account.clock.slept) < RESTORE_S / 2


def test_a_failure_in_between_keeps_what_was_measured() -> None:
    account = Account()

    def fail(state: str) -> None:
        if account.watching.states.count("Publish") == 2 and state == "Record":
            raise FunctionBusy("somebody deploys", hint="run again")

    account.states.before = fail
    ending = account.end()
    assert ending.error is not None
    assert (type(ending.error), ending.error.message, ending.error.hint) == (
        FunctionBusy,
        "somebody deploys",
        "run again",
    )
    assert ending.run is not None
    assert sum(len(m.invocations) for m in ending.run.measurements) == 16
    assert not ending.judged


def test_a_stop_by_this_person_waits_until_the_function_is_restored() -> None:
    account = Account()
    account.interrupt_at("Record")
    assert account.fake.snapshot("fn") != account.before
    execution = account.followed.stop()
    assert execution.status == "ABORTED"
    ending = account.followed.end(execution)
    assert isinstance(ending.error, Inconclusive)
    assert account.fake.snapshot("fn") == account.before
    assert ending.run is not None
    assert ending.run.stopped == "the execution has ended as ABORTED"


def test_what_is_not_restored_is_not_said_to_be() -> None:
    account = Account()
    account.states.restores = False
    account.interrupt_at("Record")
    ending = account.followed.end(account.followed.stop())
    assert isinstance(ending.error, NotRestored)
    assert ending.error.hint == "powertune restore fn --region us-east-1"
    assert sum(account.clock.slept) >= RESTORE_S
    assert ending.run is not None


def test_new_code_at_a_trial_size_is_not_restored_although_no_journal_is_left() -> None:
    account = Account()
    account.interrupt_at("Record")
    execution = account.followed.stop()
    # What the worker leaves that has found the new code: the journal is gone, and so looks the run.
    store = RunStore(objects=Objects(aws=account.aws, bucket=BUCKET), run_id=account.followed.run_id)
    store.objects.delete(f"runs/{store.run_id}/restored")
    store.leave(DeployedMeanwhile("before the run it had 512 MB", hint="set it by hand"))
    ending = account.followed.end(execution)
    assert isinstance(ending.error, NotRestored)
    assert ending.error.message == "before the run it had 512 MB"
    assert ending.error.hint == "set it by hand"
    assert sum(account.clock.slept) < RESTORE_S


def test_a_failure_whose_restoring_has_failed_is_not_restored() -> None:
    account = Account()
    account.states.restores = False

    def fail(state: str) -> None:
        if state == "Record":
            raise Unavailable("AWS is away", hint="later")

    account.states.before = fail
    ending = account.end()
    assert isinstance(ending.error, NotRestored)
    assert "AWS is away" in ending.error.message


def test_a_stop_before_anything_was_touched_is_restored() -> None:
    account = Account()
    execution = account.followed.stop()
    assert not isinstance(account.followed.end(execution).error, NotRestored)


def test_an_execution_that_was_never_started_cannot_be_stopped() -> None:
    account = Account()
    account.states.executions.clear()
    with pytest.raises(NotFound):
        account.followed.stop()


def test_without_a_bucket_states_are_told_and_the_journal_tells_what_is_restored() -> None:
    account = Account(bucket=None)
    account.interrupt_at("Record")
    assert account.watching.hidden == ["its bucket is not known"]
    assert account.watching.plans == []
    ending = account.followed.end(account.followed.stop())
    assert isinstance(ending.error, Inconclusive)
    assert ending.run is None


def test_without_a_bucket_the_output_tells_where_the_results_are() -> None:
    ending = Account(bucket=None).end()
    assert ending.error is None
    assert ending.run is not None


def test_progress_that_may_not_be_read_is_left_out_and_the_results_are_read() -> None:
    account = Account()

    def deny(name: str, kwargs: dict[str, Any]) -> None:
        if name == "list_objects_v2" and not account.watching.hidden:
            raise client_error("AccessDenied", "no", 403)

    account.fake.on_call = deny
    ending = account.end()
    assert len(account.watching.hidden) == 1
    assert ending.run is not None


def test_states_that_may_not_be_read_are_left_out() -> None:
    account = Account()
    calls: list[str] = []

    def deny(name: str, kwargs: dict[str, Any]) -> None:
        if name == "get_execution_history" and kwargs.get("reverseOrder"):
            calls.append(name)
            raise client_error("AccessDeniedException", "no", 400)

    account.fake.on_call = deny
    assert account.end().error is None
    assert account.watching.states == []
    assert calls == ["get_execution_history"]


def test_a_dry_run_has_no_results() -> None:
    account = Account({**GIVEN, "dryRun": True})
    with pytest.raises(UsageError, match="dry run"):
        account.end()


def test_a_start_whose_answer_is_lost_starts_one_execution() -> None:
    account = Account()
    lost = iter([True])

    def lose(name: str, kwargs: dict[str, Any]) -> None:
        if next(lost, False):
            raise client_error("InternalServerError", "lost", 500)

    account.fake.after_call = lose
    arn = Executions(aws=account.aws).start(MACHINE_ARN, "two", GIVEN)
    assert arn == MACHINE_ARN.execution("two")
    assert len(account.states.executions) == 2
    account.states.executions[arn.text].status = "SUCCEEDED"
    assert Executions(aws=account.aws).start(MACHINE_ARN, "two", GIVEN) == arn


def test_the_function_is_known_from_the_input() -> None:
    account = Account()
    assert account.followed.name == "function"
    account.followed.know(Executions(aws=account.aws).read(account.arn))
    assert account.followed.name == "fn"
    assert ExecutionArn.parse(account.arn.text) == account.arn
    assert FunctionRef.parse("fn").name == account.followed.name
