from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from fakes import FakeClock, RecordingObserver, answer, client_error, fake_aws, report_text
from runs import READING, PublishingLog, fail_at_call, make_fake, plan_for, target_for, tune

from powertune.aws.journal import JOURNAL_ALIAS, Journal
from powertune.aws.target import AwsTarget
from powertune.errors import FunctionBusy, MemorySizeRefused, NotRestored, PowertuneError, UsageError
from powertune.measure import measure
from powertune.model import Configuration, FunctionRef, Population, Status

OTHERS = Journal(run_id="other123", started_at=1, memory_mb=256).encode()


def test_a_run_measures_every_size_and_leaves_the_function_as_found() -> None:
    fake = make_fake(duration_ms=lambda mb: 12_800 / mb)
    fake.publish_user_version("fn", alias="prod")
    before = fake.snapshot("fn")
    run = tune(fake)
    assert fake.snapshot("fn") == before
    assert [m.configuration.memory_mb for m in run.measurements] == [128, 1024]
    for measurement in run.measurements:
        assert measurement.invocations.count(Population.WARM) >= 4
        known = (Population.WARM, Population.COLD, Population.SET_ASIDE)
        assert len(measurement.invocations) == sum(map(measurement.invocations.count, known)) == 6
    assert {q for q, _ in fake.invoked} == {"powertune-abcd1234-128", "powertune-abcd1234-1024"}
    assert len(fake.invoked) == sum(len(m.invocations) for m in run.measurements)


def test_the_journal_comes_before_the_first_change_and_goes_last() -> None:
    fake = make_fake()
    tune(fake)
    changes = [name for name in fake.calls if not name.startswith(READING)]
    assert changes[0] == "create_alias"
    assert changes[-1] == "delete_alias"


@pytest.mark.parametrize("description", [OTHERS, "something else"])
def test_a_second_run_on_the_same_function_changes_nothing(description: str) -> None:
    fake = make_fake()
    fake.create_alias(FunctionName="fn", Name=JOURNAL_ALIAS, FunctionVersion="$LATEST", Description=description)
    before = fake.snapshot("fn")
    with pytest.raises(FunctionBusy) as caught:
        tune(fake)
    assert caught.value.hint
    assert fake.snapshot("fn") == before


def test_somebody_deploys_between_preflight_and_lock() -> None:
    fake = make_fake()
    plan = plan_for(fake)
    fake.functions["fn"].configuration["Handler"] = "new.handler"
    before = fake.snapshot("fn")
    with pytest.raises(FunctionBusy, match="changed by somebody else"):
        tune(fake, plan)
    assert fake.snapshot("fn") == before


def test_another_run_ends_between_look_and_lock() -> None:
    fake = make_fake()
    plan = plan_for(fake)
    fake.functions["fn"].configuration["MemorySize"] = 256

    def finish(name: str, kwargs: dict[str, Any]) -> None:
        if name == "create_alias" and kwargs["Name"] == JOURNAL_ALIAS:
            fake.functions["fn"].configuration["MemorySize"] = 512

    fake.after_call = finish
    with pytest.raises(FunctionBusy, match="changed by somebody else"):
        tune(fake, plan)
    assert fake.functions["fn"].configuration["MemorySize"] == 512
    assert fake.functions["fn"].aliases == {}


def test_a_version_of_the_wrong_size_is_not_measured() -> None:
    fake = make_fake()

    def swap(name: str, kwargs: dict[str, Any]) -> None:
        if name == "publish_version":
            fake.functions["fn"].configuration["MemorySize"] = 333

    fake.on_call = swap
    with pytest.raises(FunctionBusy, match="333 MB instead of 128 MB"):
        tune(fake)
    assert fake.functions["fn"].versions == {}


def test_an_account_capped_at_3008_mb_measures_the_rest() -> None:
    fake = make_fake(memory_limit_mb=3008)
    before = fake.snapshot("fn")
    run = tune(fake, plan_for(fake, memory=(512, 3009, 4096, 10240)))
    assert [m.configuration.memory_mb for m in run.measurements if m.unmeasured] == [3009, 4096, 10240]
    assert fake.calls.count("update_function_configuration") == 1
    assert fake.snapshot("fn") == before
    target = target_for(fake, plan_for(fake))
    target.open()
    with pytest.raises(MemorySizeRefused, match="at most 3008 MB") as caught:
        target.publish([Configuration(memory_mb=4096, architecture=run.function.architecture)], PublishingLog())
    assert caught.value.limit_mb == 3008
    target.undo()


def test_missing_reports_are_read_from_the_logs_in_bulk() -> None:
    fake = make_fake()

    def hide(call: dict[str, Any]) -> dict[str, Any]:
        init = 99.0 if call["cold"] else None
        text = report_text(call["request_id"], memory=call["configuration"]["MemorySize"], init=init)
        fake.logs.write(call, text)
        return answer(call["request_id"], "START\nno report here", version=call["configuration"]["Version"])

    fake.answer = hide
    run = tune(fake)
    assert run.measurements[0].invocations.count(Population.MISSING) == 0
    assert run.measurements[0].invocations.count(Population.WARM) >= 4
    rounds = 3
    pages = sum(range(len(fake.logs.events) + 1))
    assert fake.calls.count("filter_log_events") <= rounds * pages


@pytest.mark.parametrize("telemetry", ["tail", "auto"])
def test_reports_that_cannot_be_found_stay_missing(telemetry: str) -> None:
    fake = make_fake()
    fake.answer = lambda call: answer(call["request_id"], "nothing")

    def deny(name: str, kwargs: object) -> None:
        if name == "filter_log_events":
            raise client_error("AccessDeniedException", "no", 403)

    fake.on_call = deny
    run = tune(fake, plan_for(fake, report_source=telemetry))
    assert run.measurements[0].invocations.count(Population.MISSING) == len(run.measurements[0].invocations)
    assert ("logs-unreadable" in {a.code for a in run.advisories}) == (telemetry == "auto")
    with pytest.raises(PowertuneError, match="logs:FilterLogEvents"):
        tune(fake, plan_for(fake, report_source="logs"))


def test_a_report_of_another_size_says_nothing_of_this_one() -> None:
    fake = make_fake()
    fake.answer = lambda call: answer(call["request_id"], report_text(call["request_id"], memory=333))
    run = tune(fake)
    assert set(run.measurements[0].invocations.column("status")) == {Status.MISSING}
    assert set(run.measurements[0].invocations.column("error_type")) == {"MemorySize333"}


def test_a_report_of_another_size_in_the_logs_says_nothing_of_this_one_either() -> None:
    fake = make_fake()

    def hide(call: dict[str, Any]) -> dict[str, Any]:
        fake.logs.write(call, report_text(call["request_id"], memory=333))
        return answer(call["request_id"], "START\nno report here", version=call["configuration"]["Version"])

    fake.answer = hide
    invocations = tune(fake).measurements[0].invocations
    assert set(invocations.column("status")) == {Status.MISSING}
    assert set(invocations.column("duration_ms")) == {None}


def test_the_functions_own_words_are_kept_once() -> None:
    fake = make_fake()
    fake.answer = lambda call: answer(
        call["request_id"],
        report_text(call["request_id"], memory=call["configuration"]["MemorySize"]),
        payload=b'{"errorType":"ValueError","errorMessage":"no such bucket"}',
        error="Unhandled",
    )
    run = tune(fake)
    (advisory,) = [a for a in run.advisories if a.code == "function-error"]
    assert "no such bucket" in advisory.message
    assert len(fake.invoked) == 2 * 2


@pytest.mark.parametrize(
    ("payload", "noted"),
    [
        (b'{"statusCode": 400, "body": "no id"}', "HTTP status 400"),
        (b'{"statusCode": "503"}', "HTTP status 503"),
        (b'{"statusCode": 302}', None),
        (b'{"statusCode": 1e999}', None),
        (b'{"statusCode": []}', None),
        (b'{"status": 400}', None),
        (b"[400]", None),
        (b"\xff", None),
        (b'{"statusCode": 400, "body": "' + b"x" * 20_000 + b'"}', None),
    ],
)
def test_an_answer_that_rejects_the_event_is_noted_once(payload: bytes, noted: str | None) -> None:
    fake = make_fake()
    fake.answer = lambda call: answer(
        call["request_id"],
        report_text(call["request_id"], memory=call["configuration"]["MemorySize"]),
        payload=payload,
    )
    found = [each.message for each in tune(fake).advisories if each.code == "error-answer"]
    assert len(found) == (noted is not None)
    if noted is not None:
        assert noted in found[0]
        assert payload.decode() in found[0]


def test_throttles_are_counted_and_not_executed() -> None:
    fake = make_fake()
    left = [client_error("TooManyRequestsException", "Rate Exceeded.", 429)] * 5

    def throttle(name: str, kwargs: object) -> None:
        if name == "invoke" and left:
            raise left.pop()

    fake.on_call = throttle
    run = tune(fake)
    assert run.throttles == 5
    assert len(fake.invoked) == sum(len(m.invocations) for m in run.measurements)


def test_processors_run_around_each_invocation() -> None:
    fake = make_fake()
    fake.add("before")
    fake.add("after")

    def speak(call: dict[str, Any]) -> dict[str, Any] | None:
        return answer("id-00000001", None, payload=b'{"n":1}') if call["FunctionName"] == "before" else None

    fake.answer = speak
    run = tune(fake, processors=(FunctionRef(name="before"), FunctionRef(name="after")))
    events = [payload for qualifier, payload in fake.invoked if qualifier and qualifier.startswith("powertune-")]
    assert set(events) == {b'{"n":1}'}
    assert len(fake.invoked) == 3 * sum(len(m.invocations) for m in run.measurements)


def test_a_failing_processor_ends_the_run_restored() -> None:
    fake = make_fake()
    fake.add("before")
    before = fake.snapshot("fn")
    fake.answer = lambda call: (
        answer("id-00000001", None, payload=b'{"errorType":"X"}', error="Unhandled")
        if call["FunctionName"] == "before"
        else None
    )
    with pytest.raises(UsageError, match="processor before failed"):
        tune(fake, processors=(FunctionRef(name="before"), None))
    assert fake.snapshot("fn") == before


FAULTS: dict[str, Callable[[], Exception]] = {
    "throttled": lambda: client_error("TooManyRequestsException", "Rate exceeded", 429),
    "failed": lambda: client_error("ServiceException", "oops", 500),
    "conflict": lambda: client_error("ResourceConflictException", "An update is in progress for resource", 409),
}


GRID: dict[str, Any] = {}
ADAPTIVE: dict[str, Any] = {"memory": None, "invocations": None, "environments": None}


@pytest.mark.long
@pytest.mark.parametrize("lost", [False, True], ids=["refused", "answer lost"])
@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize(
    "options", [pytest.param(GRID, id="grid"), pytest.param(ADAPTIVE, id="adaptive", marks=pytest.mark.long)]
)
def test_a_fault_at_any_call_is_survived(kind: str, lost: bool, options: dict[str, Any]) -> None:
    sizes = len(tune(make_fake(), plan_for(make_fake(), **options)).measurements)
    for at in range(1_000):
        fake = make_fake()
        before, plan = fake.snapshot("fn"), plan_for(fake, **options)
        happened = fail_at_call(fake, at, FAULTS[kind], lost=lost)
        try:
            run = tune(fake, plan)
        except PowertuneError as error:
            pytest.fail(f"{kind} at call {at}: {error.message}")
        assert fake.snapshot("fn") == before, f"{kind} at call {at}"
        assert len(run.measurements) == sizes
        if not happened():
            assert at >= 20
            return
    pytest.fail("the run never comes to its end")


def test_undo_that_fails_says_how_to_mend_it_and_the_journal_stays() -> None:
    fake = make_fake()

    def deny(name: str, kwargs: object) -> None:
        if name == "delete_function":
            raise client_error("AccessDeniedException", "no", 403)

    fake.on_call = deny
    with pytest.raises(NotRestored) as caught:
        tune(fake)
    assert caught.value.hint == "powertune restore fn"
    assert JOURNAL_ALIAS in fake.functions["fn"].aliases


def test_a_lock_whose_answer_was_lost_for_good_is_still_undone() -> None:
    fake = make_fake()
    before = fake.snapshot("fn")

    def lose(name: str, kwargs: dict[str, Any]) -> None:
        if name == "create_alias":
            raise client_error("AccessDeniedException", "policy changed meanwhile", 403)

    fake.after_call = lose
    with pytest.raises(PowertuneError, match="policy changed"):
        tune(fake)
    assert fake.snapshot("fn") == before


@pytest.mark.parametrize(
    ("options", "after"),
    [({"memory": (128, 256, 1024)}, 1), ({"memory": (128, 256, 1024)}, 3), (ADAPTIVE, 2), (ADAPTIVE, 4)],
)
def test_interrupting_while_publishing_undoes_everything(options: dict[str, Any], after: int) -> None:
    # Much is gained up to one vCPU, so that a search publishes more sizes after its first batch.
    fake = make_fake(duration_ms=lambda memory_mb: 100.0 + 4e8 / memory_mb**2)
    before = fake.snapshot("fn")

    class Interrupting(RecordingObserver):
        def published(self, configuration: Configuration) -> None:
            super().published(configuration)
            if sum(event.startswith("published") for event in self.events) == after:
                raise KeyboardInterrupt

    plan = plan_for(fake, **options)
    observer = Interrupting()
    with pytest.raises(KeyboardInterrupt):
        measure(plan, target_for(fake, plan), observer, clock=lambda: 0.0, sleep=lambda seconds: None)
    assert fake.snapshot("fn") == before
    assert observer.runs[-1].stopped == "interrupted"


def test_an_alias_is_tuned_against_its_own_size() -> None:
    fake = make_fake()
    fake.publish_user_version("fn", alias="prod")
    fake.functions["fn"].configuration["MemorySize"] = 1024
    plan = plan_for(fake, "fn:prod")
    assert (plan.function.memory_mb, plan.function.qualifier) == (512, "prod")
    before = fake.snapshot("fn")
    tune(fake, plan)
    assert fake.snapshot("fn") == before


def test_a_refused_size_does_not_look_like_somebody_elses_change() -> None:
    fake = make_fake(memory_limit_mb=3008)
    target = target_for(fake, plan_for(fake, memory=(128, 1024, 4096)))
    target.open()
    large, small = (
        Configuration(memory_mb=mb, architecture=plan_for(fake, run_id="x").function.architecture)
        for mb in (4096, 128)
    )
    with pytest.raises(MemorySizeRefused):
        target.publish([large], PublishingLog())
    target.publish([small], PublishingLog())
    target.undo()


def test_a_version_that_lambda_cannot_make_ready_is_a_size_left_out() -> None:
    fake = make_fake()
    before = fake.snapshot("fn")

    def fail(name: str, kwargs: dict[str, Any]) -> None:
        if name == "publish_version":
            for version in fake.functions["fn"].versions.values():
                if version["MemorySize"] == 128:
                    version |= {"State": "Failed", "StateReason": "the snapshot ran out of memory"}

    fake.after_call = fail
    run = tune(fake)
    assert [bool(m.unmeasured) for m in run.measurements] == [True, False]
    assert "the snapshot ran out of memory" in str(run.measurements[0].unmeasured)
    assert fake.snapshot("fn") == before


def test_logs_that_do_not_answer_do_not_end_a_run_that_did_not_ask_for_them() -> None:
    fake = make_fake()
    fake.answer = lambda call: answer(call["request_id"], "nothing")

    def throttle(name: str, kwargs: object) -> None:
        if name == "filter_log_events":
            raise client_error("ThrottlingException", "Rate exceeded")

    fake.on_call = throttle
    run = tune(fake)
    assert "throttled" in next(a.message for a in run.advisories if a.code == "logs-unreadable")
    with pytest.raises(PowertuneError, match="throttled"):
        tune(fake, plan_for(fake, report_source="logs"))


def test_patience_with_the_logs_is_spent_once() -> None:
    fake = make_fake()
    fake.answer = lambda call: answer(call["request_id"], "nothing")
    plan = plan_for(fake, invocations=40)
    clock = FakeClock()
    target = AwsTarget(fake_aws(fake, clock=clock), plan, restore_command="", clock=clock)
    measure(plan, target, RecordingObserver(), clock=clock, sleep=clock.sleep)
    assert 30 <= sum(clock.slept) < 40


def test_versions_that_vanish_are_explained() -> None:
    fake = make_fake()

    def vanish(name: str, kwargs: dict[str, Any]) -> None:
        if name == "invoke":
            fake.functions["fn"].aliases.pop(kwargs["Qualifier"], None)

    fake.on_call = vanish
    with pytest.raises(FunctionBusy, match="the versions of this run are gone"):
        tune(fake)


def test_a_processor_whose_answer_is_lost_ends_the_run() -> None:
    fake = make_fake()
    fake.add("before")

    def lose(name: str, kwargs: dict[str, Any]) -> None:
        if name == "invoke" and kwargs["FunctionName"] == "before":
            raise ReadTimeoutError(endpoint_url="x")

    fake.on_call = lose
    with pytest.raises(UsageError, match="its answer was lost"):
        tune(fake, processors=(FunctionRef(name="before"), None))
