import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from factories import make_function
from fake_cloudwatch import FakeCloudWatch
from fake_logs import FakeLogs
from fake_service import Enter
from fakes import FakeLambda, client_error, fake_aws, report_text
from hypothesis import given
from hypothesis import strategies as st

from powertune.aws.preflight import preflight
from powertune.aws.usage.traffic import read_provisioned_concurrency, read_traffic
from powertune.errors import IdentityError
from powertune.model import Advisory, FunctionRef, FunctionState, Traffic, Usage

NOW = datetime(2026, 9, 20, 12, 34, 56, tzinfo=UTC)
HOUR = NOW.replace(minute=0, second=0)
LATEST, TWELVE = "2026/09/20/[$LATEST]0a", "2026/09/20/[12]0b"


class PastMetrics(FakeCloudWatch):
    """Invocations of the past: hours before the last full one -> how many."""

    def __init__(self, enter: Enter) -> None:
        super().__init__(enter)
        self.hours: dict[float, float] = {}
        self.answers: list[dict[str, Any]] | None = None
        self.asked: list[dict[str, Any]] = []

    def get_metric_data(self, **kwargs: Any) -> dict[str, Any]:
        answer = super().get_metric_data(**kwargs)
        if [query["Id"] for query in kwargs["MetricDataQueries"]] != ["invocations"]:
            return answer  # what else preflight asks
        self.asked.append(kwargs)
        if self.answers is not None:
            return self.answers.pop(0)
        began = {HOUR - timedelta(hours=ago): count for ago, count in self.hours.items()}
        seen = {at: count for at, count in began.items() if kwargs["StartTime"] <= at < kwargs["EndTime"]}
        return metrics(seen)


class PastLogs(FakeLogs):
    """Log events of the past, in seconds since the epoch, each with its stream and its text."""

    def __init__(self, enter: Enter) -> None:
        super().__init__(enter)
        self.past: list[tuple[float, str, str]] = []
        self.page_size = 50

    def filter_log_events(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("filter_log_events", kwargs)
        start, end = kwargs["startTime"] / 1000, kwargs["endTime"] / 1000
        events = [event for event in sorted(self.past) if start <= event[0] <= end]
        at = int(kwargs.get("nextToken", 0))
        page = events[at : at + min(self.page_size, kwargs["limit"])]
        more = {"nextToken": str(at + len(page))} if at + len(page) < len(events) else {}
        return {"events": [{"logStreamName": stream, "message": text} for _, stream, text in page], **more}


class Cloud(FakeLambda):
    """A function with a past in CloudWatch: metrics and logs."""

    def __init__(self) -> None:
        super().__init__()
        self.cloudwatch = self.past = PastMetrics(self.record)
        self.logs = self.past_logs = PastLogs(self.record)
        self.page_size = 50
        self.add("fn")

    def log(self, ago_h: float, *messages: str, stream: str = LATEST) -> None:
        self.past_logs.past += [(NOW.timestamp() - 3600 * ago_h, stream, message) for message in messages]


def metrics(seen: dict[datetime, float], status: str = "Complete", token: str | None = None) -> dict[str, Any]:
    result = {"Id": "invocations", "StatusCode": status, "Timestamps": list(seen), "Values": list(seen.values())}
    return {"MetricDataResults": [result], **({"NextToken": token} if token else {})}


def report(*, init: float | None = None, **more: Any) -> str:
    return report_text("0123-4567-89ab", init=init, **more).splitlines()[-1]


def json_report(status: str = "success", **metrics: float) -> str:
    numbers = {"durationMs": 1.5, "billedDurationMs": 2, "memorySizeMB": 128, **metrics}
    record = {"requestId": "0123-4567-89ab", "status": status, "metrics": numbers}
    return json.dumps({"type": "platform.report", "record": record})


WARM, COLD = report(), report(init=150.0)


def read(
    cloud: Cloud, state: FunctionState | None = None, **more: Any
) -> tuple[Traffic | None, tuple[Advisory, ...]]:
    state = state or make_function(name="fn", log_group="/aws/lambda/fn")
    return read_traffic(fake_aws(cloud), state, now=NOW.timestamp(), **more)


def traffic(cloud: Cloud, state: FunctionState | None = None, **more: Any) -> Traffic:
    found, advisories = read(cloud, state, **more)
    assert found is not None
    assert advisories == ()
    return found


def deny(*names: str, error: Callable[[], Exception] = lambda: client_error("AccessDenied", "no", 403)) -> Any:
    def on_call(name: str, kwargs: object) -> None:
        if name in names:
            raise error()

    return on_call


def test_a_function_that_nobody_uses() -> None:
    assert traffic(Cloud()) == Traffic(invocations=0, days=30)


def test_a_month_of_invocations_is_counted_to_the_last_full_hour() -> None:
    cloud = Cloud()
    cloud.past.hours = dict.fromkeys(range(1, 2000), 2.0)
    assert traffic(cloud) == Traffic(invocations=2 * 720, days=30)
    (asked,) = cloud.past.asked
    (query,) = asked["MetricDataQueries"]
    assert (asked["EndTime"], query["MetricStat"]["Period"], query["MetricStat"]["Stat"]) == (HOUR, 3600, "Sum")
    metric = query["MetricStat"]["Metric"]
    assert (metric["Namespace"], metric["MetricName"]) == ("AWS/Lambda", "Invocations")
    assert metric["Dimensions"] == [{"Name": "FunctionName", "Value": "fn"}]


def test_an_alias_has_invocations_of_its_own() -> None:
    cloud = Cloud()
    traffic(cloud, make_function(name="fn", qualifier="prod"))
    assert cloud.past.asked[0]["MetricDataQueries"][0]["MetricStat"]["Metric"]["Dimensions"] == [
        {"Name": "FunctionName", "Value": "fn"},
        {"Name": "Resource", "Value": "fn:prod"},
    ]


def test_a_young_function_has_been_in_use_since_its_first_hour() -> None:
    cloud = Cloud()
    cloud.past.hours = {72: 10.0, 30: 20.0}
    found = traffic(cloud)
    assert found == Traffic(invocations=30, days=3)
    assert found.invocations_per_month == 300
    cloud.past.hours = {2: 5.0}
    assert traffic(cloud) == Traffic(invocations=5, days=1)


def test_a_function_that_is_seldom_invoked_is_not_young() -> None:
    cloud = Cloud()
    # Once a month: the invocation before this one is older than the window, and shows that the function is too.
    cloud.past.hours = {24: 1.0, 31 * 24: 1.0}
    assert traffic(cloud) == Traffic(invocations=1, days=30)


@pytest.mark.long
@given(hours=st.dictionaries(st.integers(1, 3000), st.integers(1, 100), max_size=20))
def test_days_are_those_that_the_invocations_fell_into(hours: dict[int, int]) -> None:
    cloud = Cloud()
    cloud.past.hours = {float(ago): float(count) for ago, count in hours.items()}
    found = traffic(cloud)
    assert found.invocations == sum(count for ago, count in hours.items() if ago <= 720)
    assert 1 <= found.days <= 30


def test_metrics_come_in_pages() -> None:
    cloud = Cloud()
    hours = [HOUR - timedelta(hours=ago) for ago in (720, 2, 1)]
    cloud.past.answers = [
        metrics({hours[0]: 3.0}, "PartialData", "more"),
        metrics({}, "PartialData", "even more"),
        metrics({hours[1]: 4.0, hours[2]: 5.0}),
    ]
    assert traffic(cloud).invocations == 12
    assert [asked.get("NextToken") for asked in cloud.past.asked] == [None, "more", "even more"]


@pytest.mark.parametrize(
    "answers",
    [
        [metrics({HOUR: 1.0}, "InternalError")],
        [metrics({HOUR: 1.0}, "Forbidden")],
        [metrics({HOUR: 1.0}, "PartialData")],
        [metrics({HOUR: 1.0}, "PartialData", "t"), metrics({}, "InternalError", "t")],
        [metrics({}, "Complete", "t")] * 50,
    ],
)
def test_half_an_answer_is_none(answers: list[dict[str, Any]]) -> None:
    cloud = Cloud()
    cloud.past.answers = list(answers)
    found, (advisory,) = read(cloud)
    assert found is None
    assert advisory.code == "traffic-unknown"
    assert "cloudwatch:GetMetricData" in advisory.message


def test_metrics_that_may_not_be_read_are_said_so_and_the_share_stands() -> None:
    cloud = Cloud()
    cloud.on_call = deny("get_metric_data")
    found, (advisory,) = read(cloud)
    assert found is None
    assert advisory.code == "traffic-unknown"
    assert "how often fn is invoked is not known" in advisory.message
    assert "--invocations-per-month" in advisory.next_step
    cloud.log(1, COLD, WARM)
    found, _ = read(cloud)
    assert found == Traffic(invocations=0, days=0, reports=2, cold_starts=1, max_memory_used_mb=40)
    assert found.invocations_per_month is None


@pytest.mark.parametrize("code", ["ThrottlingException", "InvalidAction", "ResourceNotFoundException"])
def test_whatever_cloudwatch_answers_is_no_failure(code: str) -> None:
    cloud = Cloud()
    cloud.on_call = deny("get_metric_data", "filter_log_events", error=lambda: client_error(code, "no"))
    found, advisories = read(cloud)
    assert found is None
    assert [advisory.code for advisory in advisories] == ["traffic-unknown"]


def test_credentials_that_have_expired_are_a_failure() -> None:
    cloud = Cloud()
    cloud.on_call = deny("get_metric_data", error=lambda: client_error("ExpiredToken", "no"))
    with pytest.raises(IdentityError):
        read(cloud)


@pytest.mark.parametrize("code", ["AccessDeniedException", "ResourceNotFoundException", "InvalidOperationException"])
def test_logs_that_cannot_be_read_give_no_share(code: str) -> None:
    cloud = Cloud()
    cloud.past.hours = {1: 9.0}
    cloud.log(1, COLD)
    cloud.on_call = deny("filter_log_events", error=lambda: client_error(code, "no"))
    assert traffic(cloud) == Traffic(invocations=9, days=1)


def test_a_cold_start_has_an_init_or_a_restore_phase() -> None:
    cloud = Cloud()
    restored = WARM + "Restore Duration: 300.00 ms\tBilled Restore Duration: 20 ms\t"
    cloud.log(1, WARM, WARM, COLD, restored, "REPORT RequestId: cut off")
    found = traffic(cloud)
    assert (found.reports, found.cold_starts, found.cold_share) == (4, 2, 0.5)


def test_reports_in_json() -> None:
    cloud = Cloud()
    cloud.log(1, json_report(), json_report(initDurationMs=80.5), json_report(), json_report())
    asked: list[dict[str, Any]] = []
    cloud.on_call = lambda name, kwargs: asked.append(kwargs) if name == "filter_log_events" else None
    found = traffic(cloud, make_function(name="fn", log_format="JSON", log_group="/mine"))
    assert found.cold_share == 0.25
    assert {(call["logGroupName"], call["filterPattern"]) for call in asked} == {
        ("/mine", '{ $.type = "platform.report" }')
    }


def test_failures_are_not_taken_for_traffic() -> None:
    cloud = Cloud()
    # With SystemLogLevel WARN, these are the only reports there are.
    cloud.log(1, json_report("error", initDurationMs=80.5), json_report("timeout"))
    cloud.log(2, report(status="Status: timeout"))
    assert traffic(cloud).cold_share is None


def test_only_reports_of_the_version_that_is_tuned_are_counted() -> None:
    cloud = Cloud()
    cloud.log(1, WARM, stream=LATEST)
    cloud.log(1, COLD, COLD, stream=TWELVE)
    cloud.log(1, COLD, stream="2026/09/20/[1]0123[12]")
    cloud.log(1, COLD, stream="something else")
    assert traffic(cloud).cold_share == 0
    assert traffic(cloud, executed_version="12").reports == 2


def test_a_log_group_that_functions_share() -> None:
    cloud = Cloud()
    cloud.log(1, WARM, stream="2026/09/20/fn[$LATEST]0a")
    cloud.log(1, COLD, stream="2026/09/20/other[$LATEST]0b")
    cloud.log(1, COLD, stream="2026/09/20/fn-powertune-3f9c[$LATEST]0c")
    assert traffic(cloud).reports == 1


def test_a_busy_function_is_looked_at_all_day_and_no_further() -> None:
    cloud = Cloud()
    for hour in range(48):
        cloud.log(hour + 0.5, *[WARM] * 500)
    asked: list[dict[str, Any]] = []
    cloud.on_call = lambda name, kwargs: asked.append(kwargs) if name == "filter_log_events" else None
    found = traffic(cloud)
    # Three pages of 50 from each of six slices of the day, and one slice of the day before.
    assert 1000 <= found.reports <= 1200
    starts = [call["startTime"] / 1000 for call in asked]
    assert min(starts) == pytest.approx(NOW.timestamp() - 48 * 3600)
    assert len(asked) == 3 * 7


def test_a_quiet_function_is_looked_at_for_a_week() -> None:
    cloud = Cloud()
    cloud.log(6.9 * 24, COLD)
    cloud.log(7.1 * 24, COLD)
    cloud.log(0.001, WARM)
    # What lies between two slices is counted once.
    cloud.log(4, WARM)
    assert traffic(cloud).reports == 3
    assert cloud.calls.count("filter_log_events") == 12


def test_empty_pages_are_followed_but_not_for_ever() -> None:
    class Sparse(PastLogs):
        def filter_log_events(self, **kwargs: Any) -> dict[str, Any]:
            token = kwargs.pop("nextToken", None)
            if token == "third":
                return super().filter_log_events(**kwargs) | {"nextToken": "fourth"}
            self._enter("filter_log_events", kwargs)
            return {"events": [], "nextToken": "third" if token else "second"}

    cloud = Cloud()
    cloud.logs = cloud.past_logs = Sparse(cloud.record)
    cloud.log(1, COLD)
    assert traffic(cloud).reports == 1
    assert cloud.calls.count("filter_log_events") == 3 * 12


def test_what_is_given_is_not_looked_up() -> None:
    cloud = Cloud()
    cloud.past.hours = {1: 9.0}
    cloud.log(1, COLD)
    assert traffic(cloud, usage=Usage(cold_share=0.1)) == Traffic(invocations=9, days=1)
    assert "filter_log_events" not in cloud.calls
    cloud.calls.clear()
    given_number = traffic(cloud, usage=Usage(invocations_per_month=1e6))
    assert given_number == Traffic(invocations=0, days=0, reports=1, cold_starts=1, max_memory_used_mb=40)
    assert "get_metric_data" not in cloud.calls
    cloud.calls.clear()
    assert read(cloud, usage=Usage(cold_share=0.1, invocations_per_month=1e6)) == (None, ())
    assert cloud.calls == []


def test_the_embedded_aws_is_not_asked() -> None:
    cloud = Cloud()
    assert read(cloud, make_function(name="fn", platform="cgroup v2")) == (None, ())
    assert cloud.calls == []


def test_preflight_knows_the_traffic_of_the_alias_and_its_version() -> None:
    cloud = Cloud()
    number = cloud.publish_user_version("fn", alias="prod")
    cloud.provisioned = {"prod": 7}
    cloud.past.hours = {48: 10.0}
    cloud.log(1, WARM, COLD, WARM, WARM, stream=f"2026/09/20/[{number}]0a")
    cloud.log(1, COLD)
    found = preflight(fake_aws(cloud), FunctionRef.parse("fn:prod"), now=NOW.timestamp())
    assert found.known.traffic == Traffic(invocations=10, days=2, reports=4, cold_starts=1, max_memory_used_mb=40)
    assert found.state.provisioned_concurrency == 7
    assert found.advisories == ()
    cloud.on_call = deny("get_metric_data", "get_provisioned_concurrency_config")
    found = preflight(fake_aws(cloud), FunctionRef.parse("fn:prod"), now=NOW.timestamp())
    assert [a.code for a in found.advisories] == ["provisioned-concurrency-unknown", "traffic-unknown"]
    usage = Usage(cold_share=0.0, invocations_per_month=1.0)
    found = preflight(fake_aws(cloud), FunctionRef.parse("fn:$LATEST"), now=NOW.timestamp(), usage=usage)
    assert (found.known.traffic, found.advisories) == (None, ())


def test_provisioned_concurrency_belongs_to_an_alias_or_version() -> None:
    cloud = Cloud()
    cloud.provisioned = {"prod": 7}
    aws = fake_aws(cloud)
    assert read_provisioned_concurrency(aws, FunctionRef.parse("fn:prod")) == (7, ())
    assert read_provisioned_concurrency(aws, FunctionRef.parse("fn:test")) == (0, ())
    cloud.calls.clear()
    assert read_provisioned_concurrency(aws, FunctionRef.parse("fn")) == (0, ())
    assert read_provisioned_concurrency(aws, FunctionRef.parse("fn:$LATEST")) == (0, ())
    assert cloud.calls == []
    cloud.on_call = deny("get_provisioned_concurrency_config")
    none, (advisory,) = read_provisioned_concurrency(aws, FunctionRef.parse("fn:prod"))
    assert none == 0
    assert "fn:prod" in advisory.message
    assert "lambda:GetProvisionedConcurrencyConfig" in advisory.next_step
