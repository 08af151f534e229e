"""An execution of the state machine, step by step, on the fakes: what it answers, and that nothing is left of it."""

import json
import time
from typing import Any

import pytest
from fakes import FakeClock, FakeLambda, answer, client_error
from inside import Execution
from runs import READING, fail_at_call

from powertune import results
from powertune.aws.journal import JOURNAL_ALIAS, Journal
from powertune.aws.objects import Objects
from powertune.engine.restoring import find_remains
from powertune.engine.steps import ending
from powertune.engine.steps.store import RunStore
from powertune.engine.steps.worker import run_id_of
from powertune.errors import (
    DeployedMeanwhile,
    FunctionBusy,
    FunctionFailed,
    FunctionRefused,
    NotFound,
    NotRestorable,
    NotRestored,
    OutOfTime,
    PowertuneError,
    UsageError,
)
from powertune.model import TuningRun

INPUT: dict[str, Any] = {"lambdaARN": "fn", "powerValues": [128, 1024], "num": 4, "environments": 2}


def make(timeout_s: int = 30, **options: Any) -> FakeLambda:
    fake = FakeLambda(duration_ms=lambda memory_mb: 1769 * 100 / min(memory_mb, 1769), **options)
    fake.add("fn", memory_mb=512, Timeout=timeout_s)
    return fake


def results_of(execution: Execution) -> TuningRun:
    (key,) = (key for key in execution.objects if key.startswith("results/"))
    return results.parse(execution.objects[key])


def test_an_execution_answers_and_leaves_the_function_as_it_was_found() -> None:
    fake = make()
    before, execution = fake.snapshot("fn"), Execution(fake)
    output = execution.run(INPUT)
    assert fake.snapshot("fn") == before
    assert output["power"] in (128, 1024, 512)
    assert output["results"] == f"s3://results/results/fn/{results_of(execution).run_id}.json"
    assert output["stateMachine"]["executionCost"] > 0
    run = results_of(execution)
    assert (run.engine, run.stopped) == ("stepfunctions", "complete")
    assert [len(each.invocations) for each in run.measurements] == [6, 6]
    assert execution.steps == [
        *("prepare", "publish", "measure", "record"),
        *("publish", "measure", "measure", "record"),
        *("restore", "analyze"),
    ]


def test_a_search_chooses_sizes_as_it_goes() -> None:
    fake = make()
    execution = Execution(fake)
    output = execution.run({"lambdaARN": "fn", "strategy": "default"})
    run = results_of(execution)
    assert run.batches
    assert output["samples"]
    assert output["recommendation"] is not None


def test_states_stay_small_with_many_sizes() -> None:
    execution = Execution(make())

    def end(step: str) -> None:
        if execution.steps.count("measure") > 1:
            raise RuntimeError("enough")

    execution.before = end
    with pytest.raises(RuntimeError, match="enough"):
        execution.run({"lambdaARN": "fn", "powerValues": "ALL", "num": 100})
    assert len(execution.states[-2]["turns"]) == 159
    assert max(len(json.dumps(state)) for state in execution.states) < 100_000


def test_a_dry_run_touches_nothing() -> None:
    fake = make()
    execution = Execution(fake)
    plan = execution.run({**INPUT, "dryRun": True})["plan"]
    assert plan["function"]["name"] == "fn"
    assert plan["estimate"]
    assert all(name.startswith(READING) or name == "fetch" for name in fake.calls)
    assert {key for key in execution.objects if not key.endswith("/stopped")} == set()


def test_isolated_runs_and_both_architectures_are_measured_on_copies() -> None:
    fake = make()
    before, execution = fake.snapshot("fn"), Execution(fake)
    execution.run({**INPUT, "isolate": True, "architectures": "both"})
    assert fake.snapshot("fn") == before
    assert len(results_of(execution).measurements) == 4
    assert len(fake.created) == 2


def test_a_version_or_an_alias_may_be_named() -> None:
    fake = make()
    fake.publish_user_version("fn", alias="prod")
    before = fake.snapshot("fn")
    Execution(fake).run({**INPUT, "lambdaARN": "123456789012:function:fn:prod"})
    assert fake.snapshot("fn") == before


def test_a_function_in_another_account_is_reached_by_its_role() -> None:
    fake = make()
    execution = Execution(fake)
    role = "arn:aws:iam::210987654321:role/tuning"
    execution.run({**INPUT, "roleArn": role})
    assert all("sts.assume_role" in execution.called[step] for step in ("prepare", "publish", "measure", "restore"))


@pytest.mark.parametrize("alias", [None, "prod"])
def test_the_recommendation_is_applied_where_that_is_asked_for(alias: str | None) -> None:
    fake = make()
    given = {**INPUT, "strategy": "speed", "autoOptimize": True}
    output = Execution(fake).run(given if alias is None else {**given, "autoOptimizeAlias": alias})
    function = fake.functions["fn"]
    assert output["applied"]["memory"] == output["power"] == function.configuration["MemorySize"] == 1024
    if alias is None:
        assert (function.versions, function.aliases) == ({}, {})
    else:
        number = function.aliases[alias]["FunctionVersion"]
        assert output["applied"]["version"] == number
        assert function.versions[number]["MemorySize"] == 1024


def test_no_version_is_published_where_the_alias_leads_to_the_recommendation() -> None:
    fake = make()
    given = {**INPUT, "strategy": "speed", "autoOptimize": True, "autoOptimizeAlias": "prod"}
    first = Execution(fake).run(given)["applied"]
    before = fake.snapshot("fn")
    again = Execution(fake, arn="arn:aws:states:us-east-1:123456789012:execution:powertune:two").run(given)
    assert again["applied"] == first
    assert fake.snapshot("fn") == before


def test_what_somebody_has_changed_meanwhile_is_not_overwritten() -> None:
    fake = make()

    def deploy(step: str) -> None:
        if step == "apply":
            fake.functions["fn"].configuration["CodeSha256"] = "another"

    execution = Execution(fake, before=deploy)
    with pytest.raises(FunctionBusy, match="changed by somebody else since it was measured"):
        execution.run({**INPUT, "strategy": "speed", "autoOptimize": True})
    assert fake.functions["fn"].configuration["MemorySize"] == 512
    assert results_of(execution).stopped == "complete"


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ([], UsageError, "is not an object"),
        ({}, UsageError, "lambdaARN"),
        ({"lambdaARN": "arn:aws:s3:::x"}, UsageError, "not the name or ARN"),
        ({**INPUT, "powerValues": []}, UsageError, "powerValues"),
        ({**INPUT, "powerValues": [64]}, UsageError, "powerValues"),
        ({**INPUT, "num": 0}, UsageError, "num"),
        ({**INPUT, "strategy": "best"}, UsageError, "strategy"),
        ({**INPUT, "payloadS3": "s3://payloads/none.json"}, NotFound, "none.json|NoSuchKey|does not exist"),
        ({**INPUT, "payloadS3": "s3://results/results/fn/1.json"}, UsageError, "is in the results bucket"),
        ({**INPUT, "lambdaARN": "another"}, NotFound, "does not exist"),
        ({**INPUT, "preProcessorARN": "none"}, NotFound, "does not exist"),
    ],
)
def test_wrong_input_fails_before_anything_is_touched(given: Any, error: type[PowertuneError], words: str) -> None:
    fake = make()
    execution = Execution(fake)
    with pytest.raises(error, match=words):
        execution.run(given)
    assert all(name.startswith((*READING, "put_object")) for name in fake.calls)
    assert {key for key in execution.objects if not key.endswith("/stopped")} == set()


def test_results_of_others_are_not_read_as_events() -> None:
    """Who may only start executions cannot read the bucket."""
    execution = Execution(make())
    execution.objects["results/other/1.json"] = b'{"secret": 1}'
    with pytest.raises(UsageError) as refused:
        execution.run({**INPUT, "payloadS3": "s3://results/results/other/1.json"})
    assert "--payload-bucket" in (refused.value.hint or "")
    assert "s3.get_object" not in execution.called["prepare"]


@pytest.mark.parametrize("setting", ["CapacityProviderConfig", "DurableConfig"])
def test_functions_that_cannot_be_tuned_are_refused(setting: str) -> None:
    fake = make()
    fake.functions["fn"].configuration[setting] = {"x": 1}
    with pytest.raises(FunctionRefused):
        Execution(fake).run(INPUT)


def test_another_run_on_the_function_is_left_alone() -> None:
    fake = make()
    journal = Journal(run_id="0badcafe", started_at=1, memory_mb=256, code_sha256="sha-of-the-code")
    fake.create_alias(FunctionName="fn", Name=JOURNAL_ALIAS, FunctionVersion="$LATEST", Description=journal.encode())
    before = fake.snapshot("fn")
    with pytest.raises(FunctionBusy, match="0badcafe"):
        Execution(fake).run(INPUT)
    assert fake.snapshot("fn") == before


@pytest.mark.parametrize("given", [{}, {"isolate": True}, {"dryRun": True}], ids=["in place", "copy", "plan"])
@pytest.mark.parametrize("description", ["mine", '{"v": 99}'])
def test_an_alias_that_only_looks_like_a_journal_is_found_before_anything_is_made(
    given: dict[str, Any], description: str
) -> None:
    fake = make()
    fake.create_alias(FunctionName="fn", Name=JOURNAL_ALIAS, FunctionVersion="$LATEST", Description=description)
    before, execution = fake.snapshot("fn"), Execution(fake)
    with pytest.raises(FunctionBusy, match=JOURNAL_ALIAS):
        execution.run({**INPUT, **given})
    assert (fake.snapshot("fn"), fake.created) == (before, [])
    assert {key for key in execution.objects if not key.endswith("/stopped")} == set()


def test_copies_are_deleted_although_a_foreign_alias_has_come_meanwhile() -> None:
    fake = make()

    def meddle(step: str) -> None:
        if step == "record":
            fake.create_alias(FunctionName="fn", Name=JOURNAL_ALIAS, FunctionVersion="$LATEST", Description="mine")
            raise RuntimeError("the worker is gone")

    execution = Execution(fake, before=meddle)
    with pytest.raises(RuntimeError, match="the worker is gone"):
        execution.run({**INPUT, "isolate": True})
    assert list(fake.functions) == ["fn"]
    assert list(fake.functions["fn"].aliases) == [JOURNAL_ALIAS]


def test_a_function_whose_journal_cannot_be_read_any_more_is_not_called_restored() -> None:
    """$LATEST may hold a trial size, and nothing says which one it had."""
    fake = make()

    def meddle(step: str) -> None:
        if step == "record":
            fake.update_alias(FunctionName="fn", Name=JOURNAL_ALIAS, Description="mine")
            raise RuntimeError("the worker is gone")

    execution = Execution(fake, before=meddle)
    with pytest.raises(NotRestorable, match="is not a journal: 'mine'"):
        execution.run(INPUT)
    assert not [key for key in execution.objects if key.endswith("/restored")]


@pytest.mark.parametrize("given", [{}, {"isolate": True}], ids=["in place", "copy"])
def test_restoring_that_is_refused_is_not_tried_again_and_names_the_copies_that_are_left(
    given: dict[str, Any],
) -> None:
    fake = make()

    def deny(name: str, kwargs: dict[str, Any]) -> None:
        if name in ("delete_function", "delete_alias"):
            raise client_error("AccessDeniedException", "no", 403)

    fake.on_call = deny
    execution = Execution(fake)
    with pytest.raises(NotRestorable, match="not allowed to call") as failed:
        execution.run({**INPUT, **given})
    copy = f"fn-powertune-{run_id_of(execution.arn)}"
    assert failed.value.message.endswith(f"; left behind: {copy}") == bool(given)
    assert (
        failed.value.hint == "powertune restore arn:aws:lambda:us-east-1:123456789012:function:fn --region us-east-1"
    )


def test_restoring_that_may_succeed_later_is_tried_again() -> None:
    fake = make()

    def busy(name: str, kwargs: dict[str, Any]) -> None:
        if name == "delete_alias":
            raise client_error("ResourceConflictException", "in progress", 409)

    fake.on_call = busy
    with pytest.raises(NotRestored) as failed:
        Execution(fake).run(INPUT)
    assert type(failed.value) is NotRestored


@pytest.mark.parametrize("step", ["publish", "measure", "record"])
@pytest.mark.parametrize("turn", [0, 1])
def test_a_step_that_fails_leaves_the_function_as_found_and_what_was_measured(step: str, turn: int) -> None:
    fake = make()
    before, taken = fake.snapshot("fn"), [0]

    def fail(name: str) -> None:
        if name == step:
            taken[0] += 1
            if taken[0] > turn:
                raise RuntimeError("the worker is gone")

    execution = Execution(fake, before=fail)
    with pytest.raises(RuntimeError, match="the worker is gone"):
        execution.run(INPUT)
    assert fake.snapshot("fn") == before
    assert execution.steps.count("restore") == 1
    if turn or step == "record":
        run = results_of(execution)
        assert sum(len(each.invocations) for each in run.measurements) > 0
        assert run.stopped == "RuntimeError: the worker is gone"


KINDS: list[dict[str, Any]] = [{}, {"isolate": True}, {"architectures": "both"}]


@pytest.mark.long
@pytest.mark.parametrize("given", KINDS, ids=["in place", "copy", "both"])
@pytest.mark.parametrize("lost", [False, True], ids=["refused", "lost"])
def test_every_call_of_every_step_may_fail(given: dict[str, Any], lost: bool) -> None:
    number, happened = 0, True
    while happened:
        fake = make()
        before, execution = fake.snapshot("fn"), Execution(fake)
        occurred = fail_at_call(fake, number, lambda: client_error("AccessDeniedException", "no", 403), lost=lost)
        try:
            execution.run({**INPUT, **given, "num": 1, "environments": 1, "powerValues": [128]})
        except PowertuneError:
            if execution.steps[-1] == "restore":
                # Step Functions takes the restoring step again.
                execution.take("restore", {"execution": execution.arn})
        happened = occurred()
        assert fake.snapshot("fn") == before, number
        number += 1
    assert number > 8


def test_a_turn_goes_on_in_another_worker() -> None:
    fake = make()
    clock = FakeClock()
    execution = Execution(fake)
    execution.clock = clock

    def slow(call: dict[str, Any]) -> None:
        clock.now += 20.0

    fake.answer = slow
    tries = [0]
    take = execution.take

    def again(step: str, event: Any) -> Any:
        while True:
            try:
                return take(step, event)
            except OutOfTime:
                tries[0] += 1

    execution.take = again  # type: ignore[method-assign]
    execution.ends_in_s = 100.0
    execution.run({**INPUT, "environments": 1})
    assert tries[0] > 1
    assert [len(each.invocations) for each in results_of(execution).measurements] == [5, 5]


def test_a_size_that_the_account_may_not_use_is_left_out() -> None:
    fake = make(memory_limit_mb=3008)
    execution = Execution(fake)
    output = execution.run({**INPUT, "powerValues": [512, 4096]})
    assert [each["status"] for each in output["failedSizes"]] == ["unmeasured"]
    run = results_of(execution)
    assert [each.unmeasured is None for each in run.measurements] == [True, False]


def test_a_function_that_fails_everywhere_fails_the_execution() -> None:
    fake = make()
    words = b'{"errorType": "KeyError", "errorMessage": "x"}'
    fake.answer = lambda call: answer(call["request_id"], None, error="Unhandled", payload=words)
    before, execution = fake.snapshot("fn"), Execution(fake)
    with pytest.raises(FunctionFailed, match="results: s3://results/results/fn/"):
        execution.run(INPUT)
    assert fake.snapshot("fn") == before
    assert execution.steps.count("measure") == 1


@pytest.mark.parametrize("given", KINDS, ids=["in place", "copy", "both"])
def test_long_functions_are_invoked_by_step_functions_wherever_their_sizes_are(given: dict[str, Any]) -> None:
    fake = make(timeout_s=900)
    before, execution = fake.snapshot("fn"), Execution(fake)
    output = execution.run({**INPUT, **given, "maxSpend": 50})
    assert fake.snapshot("fn") == before
    assert output["power"] in (128, 512, 1024)
    run = results_of(execution)
    assert all(each.invocations.column("duration_ms").count(None) == 0 for each in run.measurements)
    assert [len(each.invocations) for each in run.measurements] == [6] * len(run.measurements)


def test_long_invocations_are_no_more_than_the_budget_pays_for() -> None:
    fake = make(timeout_s=900)
    worst = 900 * 128 / 1024 * 0.0000166667
    execution = Execution(fake)
    execution.run({**INPUT, "powerValues": [128], "environments": 4, "maxSpend": 2.5 * worst})
    assert len(execution.states[0]["state"]["turns"][0]["payloads"]) == 2


@pytest.mark.parametrize("obstacle", [{"preProcessorARN": "fn"}, {"roleArn": "arn:aws:iam::210987654321:role/t"}])
def test_long_functions_that_step_functions_cannot_invoke_are_refused(obstacle: dict[str, Any]) -> None:
    fake = make(timeout_s=900)
    with pytest.raises(FunctionRefused, match="Step Functions has to invoke it itself, which it cannot"):
        Execution(fake).run({**INPUT, **obstacle})
    assert fake.functions["fn"].aliases == {}


def test_a_pause_that_no_worker_can_make_is_refused() -> None:
    with pytest.raises(UsageError, match="sleepBetweenRunsMs 1,200,000 is longer than a worker can wait"):
        Execution(make()).run({**INPUT, "sleepBetweenRunsMs": 1_200_000})


def test_a_pause_does_not_outlast_its_worker() -> None:
    fake = make()
    execution = Execution(fake)
    take = execution.take

    def again(step: str, event: Any) -> Any:
        while True:
            began = execution.clock()
            try:
                return take(step, event)
            except OutOfTime:
                pass
            finally:
                assert execution.clock() - began <= 900

    execution.take = again  # type: ignore[method-assign]
    execution.run({**INPUT, "environments": 1, "sleepBetweenRunsMs": 400_000})
    assert [len(each.invocations) for each in results_of(execution).measurements] == [5, 5]


def test_what_the_execution_costs_may_stay_unknown() -> None:
    fake = make()

    def deny(name: str, kwargs: dict[str, Any]) -> None:
        if name == "get_execution_history":
            raise client_error("AccessDeniedException", "no", 403)

    fake.on_call = deny
    assert Execution(fake).run(INPUT)["stateMachine"]["executionCost"] is None


def test_cold_starts_alone_are_cold_at_every_size() -> None:
    fake = make(sleep=time.sleep, latency={"running": 0.05})
    execution = Execution(fake)
    execution.run({"lambdaARN": "fn", "powerValues": [128, 512, 1024], "num": 4, "onlyColdStarts": True})
    for measurement in results_of(execution).measurements:
        assert len(measurement.invocations) == 4
        assert None not in measurement.invocations.column("init_ms")


def test_a_step_whose_answer_is_lost_is_taken_again() -> None:
    """Step Functions invokes the worker again: it finds its own lock, and its own change."""
    fake = make()
    execution = Execution(fake)
    take = execution.take

    def twice(step: str, event: Any) -> Any:
        if step in ("prepare", "publish", "record", "apply"):
            take(step, event)
            execution.clock.now += 5
        return take(step, event)

    execution.take = twice  # type: ignore[method-assign]
    output = execution.run({**INPUT, "strategy": "speed", "autoOptimize": True})
    assert output["applied"]["memory"] == 1024
    assert [len(each.invocations) for each in results_of(execution).measurements] == [6, 6]
    assert (fake.functions["fn"].versions, fake.functions["fn"].aliases) == ({}, {})


def test_an_execution_that_is_stopped_while_it_prepares_takes_no_lock() -> None:
    fake = make()
    execution = Execution(fake)
    stopped: list[bool] = []

    def stop_before_the_lock(name: str, kwargs: dict[str, Any]) -> None:
        if name == "get_account_settings" and not stopped:
            stopped.append(True)
            ending.restore_stopped(execution.worker(), stop(execution))

    fake.on_call = stop_before_the_lock
    with pytest.raises(FunctionBusy, match="was stopped"):
        execution.run(INPUT)
    assert stopped
    assert fake.functions["fn"].aliases == {}


def stop(execution: Execution) -> Any:
    """What EventBridge tells when an execution was stopped."""
    return {"detail": {"executionArn": execution.arn, "status": "ABORTED", "input": json.dumps(INPUT)}}


@pytest.mark.parametrize("at", ["publish", "measure", "record", "analyze"])
def test_a_stopped_execution_is_restored(at: str) -> None:
    fake = make()

    class Stopped(BaseException):
        pass

    def end(step: str) -> None:
        if step == at:
            raise Stopped

    before, execution = fake.snapshot("fn"), Execution(fake, before=end)
    with pytest.raises(Stopped):
        execution.run(INPUT)
    ending.restore_stopped(execution.worker(), stop(execution))
    ending.restore_stopped(execution.worker(), stop(execution))
    assert fake.snapshot("fn") == before
    if at in ("record", "analyze"):
        assert results_of(execution).run_id


def test_a_worker_that_publishes_when_its_execution_is_stopped_changes_nothing_more() -> None:
    """The worker outlives its execution: Lambda does not end it."""
    fake = make()
    before, execution = fake.snapshot("fn"), Execution(fake)
    restored: list[bool] = []

    def stop_midway(name: str, kwargs: dict[str, Any]) -> None:
        if name == "publish_version" and not restored:
            restored.append(True)
            ending.restore_stopped(execution.worker(), stop(execution))

    fake.on_call = stop_midway
    with pytest.raises(PowertuneError):
        execution.run(INPUT)
    assert restored
    assert max(execution.clock.slept) >= 40
    ending.restore_stopped(execution.worker(), stop(execution))
    assert fake.functions["fn"].configuration["MemorySize"] == 512
    assert fake.snapshot("fn")[2] == before[2]


def test_new_code_at_a_trial_size_is_never_called_restored() -> None:
    """The journal is gone after the first attempt; Step Functions, Lambda and EventBridge may all try again."""
    fake = make()
    execution = Execution(fake)

    def deploy(name: str, kwargs: dict[str, Any]) -> None:
        if name == "publish_version":
            fake.functions["fn"].configuration["CodeSha256"] = "another"
            raise client_error("AccessDeniedException", "no", 403)

    fake.on_call = deploy
    with pytest.raises(DeployedMeanwhile, match="before the run it had 512 MB"):
        execution.run({**INPUT, "powerValues": [128]})
    assert fake.functions["fn"].aliases == {}
    for again in (lambda: execution.take("restore", {"execution": execution.arn}), lambda: restore_again(execution)):
        with pytest.raises(DeployedMeanwhile, match="before the run it had 512 MB"):
            again()
    assert not any(key.endswith("/restored") for key in execution.objects)


def restore_again(execution: Execution) -> None:
    ending.restore_stopped(execution.worker(), stop(execution))


def measured_for(seconds: float, *, stops_at: int | None = None) -> tuple[Execution, FakeLambda, int]:
    """An execution whose rounds take so long; it is stopped while an invocation is made, and not restored yet.

    Returns how many looks the workers have taken, too.
    """
    fake = make()
    execution = Execution(fake)
    invocations: list[float] = []

    def pass_time(name: str, _: dict[str, Any]) -> None:
        if name == "invoke":
            invocations.append(execution.clock())
            execution.clock.now += seconds
            if len(invocations) == stops_at:
                RunStore(objects=own_objects(execution), run_id=run_id_of(execution.arn)).stop()

    fake.on_call = pass_time
    given = {**INPUT, "powerValues": [512], "num": 40, "environments": 1}
    if stops_at is None:
        execution.run(given)
    else:
        with pytest.raises(FunctionBusy, match="was stopped"):
            execution.run(given)
    looks = [key for name, sent in execution.sent["measure"] if (key := str(sent.get("Key"))).endswith("/stopped")]
    return execution, fake, len(looks)


def own_objects(execution: Execution) -> Objects:
    with execution.worker().run("any") as store:
        return store.objects


def test_a_worker_that_measures_ends_soon_after_its_execution_was_stopped() -> None:
    execution, fake, looks = measured_for(2.0, stops_at=7)
    # The rest of what it had under way: at most 5 s, in rounds of 2 s.
    assert 7 <= fake.calls.count("invoke") <= 7 + 3
    assert looks <= 1 + fake.calls.count("invoke") * 2.0 / 5
    # What it had measured until then is kept.
    run = results_of(execution)
    assert sum(len(each.invocations) for each in run.measurements) == fake.calls.count("invoke")


@pytest.mark.parametrize("seconds", [0.01, 1.0, 10.0])
def test_looking_costs_at_most_a_request_in_five_seconds(seconds: float) -> None:
    _, fake, looks = measured_for(seconds)
    assert looks <= fake.calls.count("invoke") * seconds / 5
    assert bool(looks) == (seconds >= 1)


def test_an_execution_that_was_stopped_before_it_began_leaves_nothing_to_restore() -> None:
    fake = make()
    execution = Execution(fake)
    assert ending.restore_stopped(execution.worker(), stop(execution)) == {"notes": []}
    assert {name for name in fake.calls if not name.endswith("_object")} == {"list_objects_v2"}
    with pytest.raises(FunctionBusy, match="was stopped"):
        execution.run(INPUT)


def test_no_remains_are_found_after_an_execution() -> None:
    from powertune.aws.lambda_function import LambdaFunction
    from powertune.model import FunctionRef

    fake = make()
    execution = Execution(fake)
    execution.run(INPUT)
    remains = find_remains(LambdaFunction(execution._aws(), FunctionRef(name="fn")))
    assert (remains.journal, remains.copies) == (None, ())
