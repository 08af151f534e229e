"""CloudWatch Logs as AWS behaves: reports are late, streams are many, groups refuse, and production never rests."""

import uuid
from datetime import UTC, datetime
from itertools import cycle
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from fake_logs import FakeLogs, LogEvent
from fakes import FakeClock, FakeLambda, RecordingObserver, answer, client_error, fake_aws, report_json, report_text
from runs import make_fake, plan_for, tune

from powertune.aws.logs.run_logs import RunLogs
from powertune.aws.logs.streams import LogOrigin, stream_prefixes
from powertune.aws.target import AwsTarget
from powertune.errors import FunctionRefused
from powertune.measure import measure
from powertune.model import NO_REPORTS, Advisory, Architecture, Invocation, Population, TuningRun
from powertune.plan import Plan

MIDNIGHT = datetime(2026, 11, 26, tzinfo=UTC).timestamp()


def without_tail(fake: FakeLambda) -> None:
    """Every answer lacks the report, which the log group gets all the same."""

    def hide(call: dict[str, Any]) -> dict[str, Any]:
        size, init = call["configuration"]["MemorySize"], 99.0 if call["cold"] else None
        fake.logs.write(call, report_text(call["request_id"], memory=size, init=init))
        return answer(call["request_id"], "no report here", version=call["configuration"]["Version"])

    fake.answer = hide


def produce(fake: FakeLambda, per_hour: int, *, version: str = "$LATEST", log_format: str = "Text") -> None:
    """What production logs to the function's group meanwhile, a minute before and after."""
    report = report_text if log_format == "Text" else report_json
    for number in range(int(per_hour / 3600 * 120)):
        at = fake.logs.wall() - 60 + number * 3600 / per_hour
        stream = f"{datetime.fromtimestamp(at, UTC):%Y/%m/%d}/[{version}]{number % 50:032x}"
        text = report(str(uuid.UUID(int=number))).splitlines()[-1]
        fake.logs.events.append(LogEvent(group="/aws/lambda/fn", stream=stream, at=at, message=text))


def run_at(fake: FakeLambda, clock: FakeClock, plan: Plan | None = None) -> TuningRun:
    """A run whose clock is also that of AWS, so that logs can be late."""
    plan = plan or plan_for(fake)
    target = AwsTarget(fake_aws(fake, clock=clock), plan, restore_command="", clock=clock)
    return measure(plan, target, RecordingObserver(), clock=clock, sleep=clock.sleep)


def invocations_of(run: TuningRun) -> list[Invocation]:
    return [invocation for measurement in run.measurements for invocation in measurement.invocations]


def advisory(run: TuningRun, code: str) -> Advisory:
    (found,) = [each for each in run.advisories if each.code == code]
    return found


def codes(run: TuningRun) -> set[str]:
    return {each.code for each in run.advisories}


# Which environment served an invocation.


def test_environments_are_those_that_lambda_chose_and_not_the_lanes() -> None:
    fake = make_fake()
    plan = plan_for(fake, invocations=12, environments=2)
    turns = cycle((0, 0, -1))
    fake.choose = lambda idle: idle[next(turns) % len(idle)]
    served = {}
    write = fake.logs.write

    def note(call: dict[str, Any], text: str) -> None:
        served[call["request_id"]] = call["environment"]
        write(call, text)

    fake.logs.write = note  # type: ignore[method-assign, assignment]
    run = tune(fake, plan)
    assert {i.request_id: i.environment for i in invocations_of(run)} == served
    for measurement in run.measurements:
        starts = [i.environment for i in measurement.invocations if i.init_ms is not None]
        assert len(set(starts)) == len(starts) == len(set(measurement.invocations.column("environment")))


def test_environments_are_looked_up_once_for_each_version_whatever_the_number_of_invocations() -> None:
    def calls(invocations: int) -> int:
        fake = make_fake()
        fake.logs.page_size = fake.logs.scan_size = 10_000
        plan = plan_for(fake, invocations=invocations)
        before = fake.calls.count("filter_log_events")
        tune(fake, plan)
        return fake.calls.count("filter_log_events") - before

    assert calls(2) == calls(100) == 2


def test_environments_are_looked_up_when_the_function_is_as_it_was_found() -> None:
    fake = make_fake()
    plan = plan_for(fake)
    seen: list[Any] = []
    before = fake.snapshot("fn")
    fake.on_call = lambda name, kwargs: seen.append(fake.snapshot("fn")) if name == "filter_log_events" else None
    tune(fake, plan)
    assert seen
    assert all(state == before for state in seen)


def test_environments_of_reports_that_are_late_are_waited_for() -> None:
    fake = make_fake()
    fake.logs.delay_s = 4.0
    run = run_at(fake, FakeClock())
    assert None not in {i.environment for i in invocations_of(run)}
    assert "environments-not-logged" not in codes(run)


def test_environments_that_stay_unknown_are_counted_and_do_not_fail_the_run() -> None:
    fake = make_fake()
    fake.logs.delay_s = 3600.0
    run = run_at(fake, FakeClock())
    count = len(invocations_of(run))
    assert run.stopped == "complete"
    assert {i.environment for i in invocations_of(run)} == {None}
    assert f"{count} invocations of {count}" in advisory(run, "environments-not-logged").message


def test_with_the_tail_only_logs_are_never_read_and_environments_are_silently_unknown() -> None:
    fake = make_fake()
    plan = plan_for(fake, report_source="tail")
    before = fake.calls.count("filter_log_events")
    run = tune(fake, plan)
    assert fake.calls.count("filter_log_events") == before
    assert {i.environment for i in invocations_of(run)} == {None}
    assert run.advisories == plan.advisories


@pytest.mark.parametrize("options", [{"isolate": True}, {"architectures": tuple(Architecture)}])
def test_environments_on_copies_are_found_although_versions_have_the_same_numbers(options: dict[str, Any]) -> None:
    fake = make_fake()
    run = tune(fake, plan_for(fake, **options))
    environments = [i.environment or "" for i in invocations_of(run)]
    assert all(environments)
    copied = [name for name in environments if "/fn-powertune-abcd1234" in name]
    assert len(copied) == len(environments) // (1 if "isolate" in options else 2)


def test_environments_in_a_shared_log_group_are_found_by_the_functions_name() -> None:
    fake = FakeLambda()
    fake.add("fn", LoggingConfig={"LogFormat": "JSON", "SystemLogLevel": "INFO", "LogGroup": "/shared"})
    run = tune(fake)
    assert {str(i.environment).split("/", 3)[3].split("[")[0] for i in invocations_of(run)} == {"fn"}


# How much is read.


@pytest.mark.long
@pytest.mark.parametrize("lost", [False, True], ids=["environments", "reports"])
def test_a_look_up_costs_the_same_number_of_calls_in_any_production(lost: bool) -> None:
    def calls(per_hour: int) -> int:
        fake = make_fake()
        plan = plan_for(fake)
        if lost:
            without_tail(fake)
        clock = FakeClock()
        fake.logs.wall = clock
        produce(fake, per_hour)
        before = fake.calls.count("filter_log_events")
        run = run_at(fake, clock, plan)
        assert None not in {i.environment for i in invocations_of(run)}
        assert not any(m.invocations.count(Population.MISSING) for m in run.measurements)
        return fake.calls.count("filter_log_events") - before

    assert calls(0) == calls(1_000_000)


@pytest.mark.long
def test_the_current_size_costs_no_more_calls_as_production_does_not_share_its_version() -> None:
    fake = make_fake()
    fake.logs.page_size, fake.logs.scan_size = 1_000, 1_000_000
    clock = FakeClock()
    fake.logs.wall = clock
    production = fake.publish_user_version("fn", alias="prod")
    plan = plan_for(fake, memory=(512,), invocations=20, environments=4)
    produce(fake, 1_000_000, version=production)
    before = fake.calls.count("filter_log_events")
    run = run_at(fake, clock, plan)
    assert production not in run.measurements[0].invocations.column("executed_version")
    assert None not in {i.environment for i in invocations_of(run)}
    assert fake.calls.count("filter_log_events") - before == 1


@pytest.mark.long
def test_a_look_up_ends_when_there_are_more_pages_than_it_is_worth() -> None:
    fake = make_fake()
    clock = FakeClock()
    fake.logs.wall = clock
    plan = plan_for(fake, memory=(512,))
    produce(fake, 1_000_000, version="1")
    before = fake.calls.count("filter_log_events")
    run = run_at(fake, clock, plan)
    assert fake.calls.count("filter_log_events") - before <= 5 * 50
    assert run.stopped == "complete"
    assert "environments-not-logged" in codes(run)


def test_pages_without_a_single_report_are_read_on() -> None:
    fake = make_fake()
    fake.logs.page_size = fake.logs.scan_size = 1
    run = tune(fake)
    assert None not in {i.environment for i in invocations_of(run)}


def test_a_look_up_stops_reading_when_all_is_found() -> None:
    fake = make_fake()
    without_tail(fake)
    clock = FakeClock()
    aws = fake_aws(fake, clock=clock)
    logs = RunLogs(aws, log_group="/aws/lambda/fn", log_format="Text", telemetry="auto", clock=clock)
    stream = f"{datetime.fromtimestamp(clock(), UTC):%Y/%m/%d}/[7]abc"
    for number in range(1000):
        text = report_text(f"id-{number:08}").splitlines()[-1]
        fake.logs.events.append(LogEvent(group="/aws/lambda/fn", stream=stream, at=clock(), message=text))
    found = logs.reports({LogOrigin(function="fn", version="7"): {"id-00000003": clock()}}, patient=True)
    assert found["id-00000003"].environment == stream
    assert fake.calls.count("filter_log_events") == 1


def test_a_run_over_midnight_finds_the_reports_of_both_days() -> None:
    fake = make_fake()
    without_tail(fake)
    plan = plan_for(fake, invocations=4, environments=1)
    clock = FakeClock(MIDNIGHT - 0.5)

    def pass_time(name: str, kwargs: dict[str, Any]) -> None:
        clock.now += 0.25 if name == "invoke" else 0.0

    fake.on_call = pass_time
    run = run_at(fake, clock, plan)
    days = {str(i.environment)[:10] for i in invocations_of(run)}
    assert days == {"2026/11/25", "2026/11/26"}


def test_a_clock_that_is_minutes_off_finds_the_reports_at_the_last_look() -> None:
    fake = make_fake()
    without_tail(fake)
    plan = plan_for(fake)
    clock = FakeClock()
    target = AwsTarget(fake_aws(fake, clock=clock), plan, restore_command="", clock=lambda: clock() + 240)
    run = measure(plan, target, RecordingObserver(), clock=clock, sleep=clock.sleep)
    assert not any(m.invocations.count(Population.MISSING) for m in run.measurements)


def test_prefixes_name_the_version_and_the_days() -> None:
    own, copy = LogOrigin(function="fn", version="13"), LogOrigin(function="fn-powertune-1")
    first, last = MIDNIGHT, MIDNIGHT + 60
    assert stream_prefixes(own, "/aws/lambda/fn", first=first, last=last) == ("2026/11/26/[13]",)
    assert stream_prefixes(own, "/shared", first=first, last=last) == ("2026/11/26/fn[13]",)
    assert stream_prefixes(copy, "/aws/lambda/fn", first=first, last=last) == ("2026/11/26/fn-powertune-1[",)
    assert stream_prefixes(own, "/aws/lambda/fn", first=MIDNIGHT - 1, last=MIDNIGHT) == (
        "2026/11/26/[13]",
        "2026/11/25/[13]",
    )
    assert stream_prefixes(own, "/aws/lambda/fn", first=first, last=last, thorough=True) == (
        "2026/11/26/[13]",
        "2026/11/25/[13]",
        "2026/11/26/fn[13]",
        "2026/11/25/fn[13]",
    )


# Logs that cannot be read.


def infrequent(fake: FakeLambda) -> FakeLambda:
    fake.logs.log_class = "INFREQUENT_ACCESS"
    return fake


def deny(fake: FakeLambda, *methods: str, error: Exception) -> None:
    def refuse(name: str, kwargs: object) -> None:
        if name in methods:
            raise error

    fake.on_call = refuse


REFUSALS = [
    client_error("InvalidOperationException", "FilterLogEvents is not supported for this log class."),
    client_error("ResourceNotFoundException", "The specified log group does not exist."),
    client_error("AccessDeniedException", "The ciphertext refers to a key that you may not use.", 403),
    client_error("InvalidParameterException", "The KMS key is disabled."),
    client_error("ThrottlingException", "Rate exceeded"),
    client_error("ServiceUnavailableException", "oops", 503),
]


@pytest.mark.parametrize("error", REFUSALS, ids=lambda error: error.response["Error"]["Code"])
def test_logs_that_refuse_are_an_advisory_and_the_run_goes_on_with_the_tail(error: Exception) -> None:
    fake = make_fake()
    plan = plan_for(fake)
    deny(fake, "filter_log_events", "start_query", error=error)
    run = tune(fake, plan)
    assert run.stopped == "complete"
    assert all(m.invocations.count(Population.WARM) >= 4 for m in run.measurements)
    assert {i.environment for i in invocations_of(run)} == {None}
    assert advisory(run, "logs-unreadable").next_step


@pytest.mark.parametrize("error", REFUSALS[:2], ids=lambda error: error.response["Error"]["Code"])
def test_who_asks_for_logs_that_cannot_be_read_gets_the_tail_instead(error: Exception) -> None:
    fake = make_fake()
    plan = plan_for(fake, report_source="logs")
    deny(fake, "filter_log_events", "start_query", error=error)
    run = tune(fake, plan)
    assert run.stopped == "complete"
    first, second = run.measurements
    assert first.invocations.count(Population.MISSING) == 2
    assert second.invocations.count(Population.MISSING) == 0
    assert "logs-unreadable" in codes(run)


def test_a_group_of_infrequent_access_is_read_with_logs_insights_and_the_price_is_said() -> None:
    fake = infrequent(make_fake())
    fake.logs.stored_bytes = 100_000_000
    run = tune(fake)
    assert None not in {i.environment for i in invocations_of(run)}
    assert fake.calls.count("start_query") == 1
    found = advisory(run, "logs-insights")
    assert "cost at most $0.0" in found.message
    assert "INFREQUENT_ACCESS" in found.message
    assert "logs-unreadable" not in codes(run)


def test_reports_of_a_group_of_infrequent_access_are_found_with_logs_insights() -> None:
    fake = infrequent(make_fake())
    without_tail(fake)
    run = tune(fake, plan_for(fake, memory=(128,)))
    assert run.stopped == "complete"
    assert run.measurements[0].invocations.count(Population.WARM) >= 4


@pytest.mark.long
def test_logs_insights_is_not_asked_when_it_may_cost_more_than_a_cent() -> None:
    fake = infrequent(make_fake())
    fake.logs.stored_bytes = 2_000_000_000
    run = tune(fake)
    assert "start_query" not in fake.calls
    assert "could cost up to $0.018" in advisory(run, "logs-unreadable").message
    assert run.stopped == "complete"


def test_a_group_that_only_delivers_is_not_queried() -> None:
    fake = make_fake()
    fake.logs.log_class = "DELIVERY"
    run = tune(fake)
    assert "start_query" not in fake.calls
    assert "Delivery" in advisory(run, "logs-unreadable").message


def test_logs_insights_that_is_not_allowed_is_asked_once() -> None:
    fake = infrequent(make_fake())
    without_tail(fake)
    deny(fake, "describe_log_groups", error=client_error("AccessDeniedException", "no", 403))
    run = tune(fake)
    assert fake.calls.count("describe_log_groups") == 1
    assert "logs:DescribeLogGroups" in advisory(run, "logs-unreadable").message


@pytest.mark.parametrize("status", ["Failed", "Timeout", "Running"])
def test_a_query_that_does_not_succeed_is_an_advisory(status: str) -> None:
    class Unsuccessful(FakeLogs):
        def get_query_results(self, **kwargs: Any) -> dict[str, Any]:
            return {"status": status, "results": []}

    fake = make_fake()
    fake.logs = Unsuccessful(fake.record)
    infrequent(fake)
    run = tune(fake)
    assert run.stopped == "complete"
    assert "Logs Insights query" in advisory(run, "logs-unreadable").message


def test_credentials_that_expire_after_the_run_do_not_fail_it() -> None:
    fake = make_fake()
    plan = plan_for(fake)
    deny(fake, "filter_log_events", error=client_error("ExpiredTokenException", "expired", 403))
    run = tune(fake, plan)
    assert run.stopped == "complete"
    assert "expired" in advisory(run, "logs-unreadable").message


@pytest.mark.parametrize("platform", [None, "cgroup v1; cores=2.0; python=3.11"])
def test_of_an_embedded_aws_that_has_ended_nobody_needs_permissions(platform: str | None) -> None:
    """Ctrl-C ends the embedded AWS as well, before the environments of what was measured are looked up."""
    fake = make_fake()
    fake.platform = platform
    plan = plan_for(fake)

    def ended(name: str, kwargs: object) -> None:
        if name == "filter_log_events" and fake.functions["fn"].configuration["MemorySize"] == 512:
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")

    fake.on_call = ended
    run = tune(fake, plan)
    assert run.stopped == "complete"
    codes = [each.code for each in run.advisories]
    assert codes.count("logs-unreadable") == (1 if platform is None else 0)
    assert not any("FilterLogEvents" in each.message for each in run.advisories if platform is not None)


# Functions that do not report.


def test_a_first_size_without_reports_ends_the_run_and_says_what_the_log_group_holds() -> None:
    fake = make_fake()
    plan = plan_for(fake, memory=(128, 256, 512, 1024, 1769, 3008))
    before = fake.snapshot("fn")
    fake.answer = lambda call: answer(call["request_id"], "nothing", version=call["configuration"]["Version"])
    clock = FakeClock()
    fake.logs.wall = clock
    produce(fake, 900)
    run = run_at(fake, clock, plan)
    assert run.stopped == NO_REPORTS
    assert [m.configuration.memory_mb for m in run.measurements] == [128]
    assert len(fake.invoked) == 2
    assert fake.snapshot("fn") == before
    found = advisory(run, "no-reports")
    assert "none of 2 invocations has a REPORT" in found.message
    assert "log group /aws/lambda/fn holds 0 reports of the versions that were invoked" in found.message
    assert "in all" in found.message
    assert '"REPORT RequestId:"' in found.message
    assert "logs:PutLogEvents" in found.next_step


def test_reports_under_other_request_ids_are_said_to_be() -> None:
    fake = make_fake()

    def disguise(call: dict[str, Any]) -> dict[str, Any]:
        fake.logs.write(call, report_text(str(uuid.uuid4())))
        return answer(call["request_id"], "nothing", version=call["configuration"]["Version"])

    fake.answer = disguise
    run = tune(fake)
    assert run.stopped == NO_REPORTS
    found = advisory(run, "no-reports")
    assert "holds 2 reports of the versions that were invoked, under other request IDs, and 2 in all" in found.message
    assert "--endpoint-url" in found.next_step


def test_without_reports_in_the_tail_and_no_look_at_the_logs_the_run_ends_too() -> None:
    fake = make_fake()
    without_tail(fake)
    run = tune(fake, plan_for(fake, report_source="tail"))
    assert run.stopped == NO_REPORTS
    assert "leave out --report-source tail" in advisory(run, "no-reports").next_step
    assert len({*fake.executed}) == 1


@pytest.mark.long
@pytest.mark.parametrize("error", REFUSALS, ids=lambda error: error.response["Error"]["Code"])
def test_without_reports_and_without_readable_logs_the_run_ends_too(error: Exception) -> None:
    fake = make_fake()
    without_tail(fake)
    plan = plan_for(fake)
    deny(fake, "filter_log_events", "start_query", error=error)
    run = tune(fake, plan)
    assert run.stopped == NO_REPORTS
    assert advisory(run, "no-reports").next_step


def test_answers_that_were_lost_on_the_way_say_nothing_of_reports() -> None:
    fake = make_fake()
    lost = [client_error("ServiceException", "oops", 500)] * 2

    def lose(name: str, kwargs: dict[str, Any]) -> None:
        if name == "invoke" and lost:
            raise lost.pop()

    plan = plan_for(fake)
    fake.on_call = lose
    assert tune(fake, plan).stopped == "complete"


# JSON logs that leave reports out.


def quiet() -> FakeLambda:
    fake = FakeLambda()
    fake.add("fn", memory_mb=512, LoggingConfig={"LogFormat": "JSON", "SystemLogLevel": "WARN", "LogGroup": "/mine"})
    return fake


def test_a_function_that_logs_no_reports_is_refused_in_place_before_anything_is_published() -> None:
    fake = quiet()
    with pytest.raises(FunctionRefused, match="fn logs with SystemLogLevel WARN") as caught:
        plan_for(fake)
    assert "--isolate" in (caught.value.hint or "")
    assert "publish_version" not in fake.calls


def test_a_copy_of_a_function_that_logs_no_reports_logs_them() -> None:
    fake = quiet()
    run = tune(fake, plan_for(fake, isolate=True))
    assert fake.created[0]["LoggingConfig"] == {"LogFormat": "JSON", "SystemLogLevel": "INFO", "LogGroup": "/mine"}
    assert run.stopped == "complete"
    assert all(m.invocations.count(Population.WARM) >= 4 for m in run.measurements)
    assert fake.functions["fn"].configuration["LoggingConfig"]["SystemLogLevel"] == "WARN"


@pytest.mark.parametrize("level", ["DEBUG", "INFO", None])
def test_a_function_that_logs_reports_is_measured_in_place(level: str | None) -> None:
    fake = FakeLambda()
    levels = {} if level is None else {"SystemLogLevel": level}
    fake.add("fn", LoggingConfig={"LogFormat": "JSON", **levels})
    assert tune(fake).stopped == "complete"
    fake.add("copied", LoggingConfig={"LogFormat": "JSON", **levels})
    tune(fake, plan_for(fake, name="copied", isolate=True))
    assert fake.created[0]["LoggingConfig"].get("SystemLogLevel") == level
