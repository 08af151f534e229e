"""The ladder of evidence about memory: what is free first, and logs only where they are worth their price."""

import json
from typing import Any

import pytest
from fake_logs import LogEvent
from fakes import FakeLambda, client_error, report_json, report_text
from scan_places import DAYS, NOW, account, gaps, invoke, known, scan

from powertune.scan.evidence import EnvironmentUse, EvidenceSource, MemoryUse, ReportStatistics
from powertune.scan.rule import Need

SHARED = "/shared"


def recommend(name: str, used: float, *, version: str = "$LATEST", **more: Any) -> dict[str, Any]:
    return {
        "functionArn": f"arn:aws:lambda:us-east-1:123456789012:function:{name}:{version}",
        "functionVersion": version,
        "currentMemorySize": 512,
        "numberOfInvocations": 700,
        "finding": "NotOptimized",
        "utilizationMetrics": [
            {"name": "Duration", "statistic": "Maximum", "value": 50.0},
            {"name": "Memory", "statistic": "Maximum", "value": used},
        ],
        "memorySizeRecommendationOptions": [{"rank": 2, "memorySize": 300}, {"rank": 1, "memorySize": 256}],
        **more,
    }


def insights(fake: FakeLambda, name: str, **metrics: dict[str, float]) -> None:
    """Metrics of Lambda Insights, of one day: by metric the values of its statistics."""
    for metric, statistics in metrics.items():
        for dimensions in ((("function_name", name),), (("function_name", name), ("version", "1"))):
            named = [{"Name": key, "Value": value} for key, value in dimensions]
            fake.cloudwatch.listed.append({"Namespace": "LambdaInsights", "MetricName": metric, "Dimensions": named})
        for statistic, value in statistics.items():
            fake.cloudwatch.series[metric, statistic, name] = [None, value]


def log(fake: FakeLambda, group: str, stream: str, *texts: str) -> None:
    for number, text in enumerate(texts):
        for line in text.splitlines():
            event = LogEvent(group=group, stream=stream, at=NOW - 86_400 + number, message=line)
            fake.logs.events.append(event)


def busy(fake: FakeLambda, *names: str) -> None:
    """Functions that cost 1,400 * 100 s * 0.5 GB * 0.0000166667 USD in 14 days, about 2.5 USD a month."""
    for name in names:
        invoke(fake, name, daily=100.0, ms=100_000.0)


def test_each_source_is_asked_only_about_what_the_ones_before_do_not_know() -> None:
    fake = account("by-optimizer", "by-insights", "by-logs", "cheap")
    busy(fake, "by-optimizer", "by-insights", "by-logs")
    invoke(fake, "cheap", daily=1.0)
    fake.optimizer.pages = [[recommend("by-optimizer", 200.0)], [recommend("deleted", 100.0)]]
    for name in ("by-optimizer", "by-insights"):
        insights(fake, name, used_memory_max={"Maximum": 300.0, "SampleCount": 1234.0})
    for name in ("by-optimizer", "by-insights", "by-logs", "cheap"):
        log(fake, f"/aws/lambda/{name}", "2027/01/15/[$LATEST]a", report_text("00000001", memory=512, used=123))

    found = known(scan(fake, Need.MEMORY))

    assert {name: each.memory for name, each in found.items()} == {
        "by-optimizer": MemoryUse(
            max_used_mb=200.0,
            at_mb=512,
            source=EvidenceSource.COMPUTE_OPTIMIZER,
            samples=700,
            optimizer_mb=256,
            optimizer_finding="NotOptimized",
        ),
        "by-insights": MemoryUse(max_used_mb=300.0, at_mb=512, source=EvidenceSource.LAMBDA_INSIGHTS, samples=1234),
        "by-logs": MemoryUse(max_used_mb=123.0, at_mb=512, source=EvidenceSource.LOGS_INSIGHTS, samples=1),
        "cheap": None,
    }
    assert fake.operations.count("compute-optimizer.get_lambda_function_recommendations") == 2
    assert fake.operations.count("cloudwatch.list_metrics") == 1
    asked = [call for name, call in zip(fake.calls, fake.arguments, strict=True) if name == "start_query"]
    assert [call["logGroupNames"] for call in asked] == [["/aws/lambda/by-logs"]]


def test_of_the_versions_of_a_function_the_one_with_most_invocations_counts() -> None:
    fake = account("fn", "wrong")
    fake.optimizer.pages = [
        [
            recommend("fn", 100.0, numberOfInvocations=60),
            recommend("fn", 150.0, version="7", numberOfInvocations=5_000, currentMemorySize=1024),
            # More than there is: whatever this is, it is not the memory in MB.
            recommend("wrong", 600.0),
        ]
    ]
    found = known(scan(fake, Need.MEMORY))
    assert found["fn"].memory is not None
    assert (found["fn"].memory.max_used_mb, found["fn"].memory.at_mb) == (150.0, 1024)
    assert found["wrong"].memory is None


def test_an_account_that_has_not_opted_in_is_told_how_to() -> None:
    fake = account("fn")
    fake.optimizer.answer = client_error("OptInRequiredException", "not opted in", 403)
    scanned = scan(fake, Need.MEMORY)
    ((what, reason, subjects, action),) = gaps(scanned)
    assert (what, subjects, action) == ("memory", (), "")
    assert "update-enrollment-status --status Active" in reason


def test_a_denied_optimizer_leaves_the_other_sources() -> None:
    fake = account("fn")
    insights(fake, "fn", used_memory_max={"Maximum": 300.0, "SampleCount": 5.0})
    fake.optimizer.answer = client_error("AccessDeniedException", "no", 403)
    scanned = scan(fake, Need.MEMORY)
    assert known(scanned)["fn"].memory is not None
    action = "compute-optimizer:GetLambdaFunctionRecommendations"
    assert gaps(scanned) == [("memory", f"not allowed to call {action}: no", (), action)]


def test_what_lambda_insights_knows_of_environments_is_a_mean_over_invocations() -> None:
    fake = account("fn", "without")
    insights(
        fake,
        "fn",
        cpu_total_time={"Sum": 9_000.0, "SampleCount": 300.0},
        init_duration={"Sum": 2_000.0, "SampleCount": 4.0},
        tmp_used={"Maximum": 300 * 1_048_576.0},
        rx_bytes={"Sum": 1.0},
    )
    fake.cloudwatch.metrics_per_page = 3
    scanned = scan(fake, Need.ENVIRONMENT)
    assert known(scanned)["fn"].environment == EnvironmentUse(cpu_ms=30.0, init_ms=500.0, tmp_used_mb=300.0)
    assert known(scanned)["without"].environment is None
    # Eight metrics are listed, on three pages; three are asked for.
    assert fake.operations.count("cloudwatch.list_metrics") == 3
    assert scanned.effort.metrics == 3


def test_the_use_of_tmp_is_read_from_the_logs_of_lambda_insights() -> None:
    fake = account("plain")
    for name in ("large", "larger", "without"):
        fake.add(name, EphemeralStorage={"Size": 2048})
    for name in ("plain", "large", "larger"):
        insights(fake, name, cpu_total_time={"Sum": 10.0, "SampleCount": 1.0})
    for name, free in (("large", 1_000), ("large", 900), ("plain", 500), ("larger", None)):
        event = {"event_type": "performance", "function_name": name, "tmp_max": 2_048 * 1_048_576}
        more = {} if free is None else {"tmp_free": free * 1_048_576}
        log(fake, "/aws/lambda-insights", "2027/01/14/x", json.dumps({**event, **more}))

    scanned = scan(fake, Need.ENVIRONMENT)

    tmp = {name: each.environment and each.environment.tmp_used_mb for name, each in known(scanned).items()}
    assert tmp == {"plain": None, "large": 1148.0, "larger": None, "without": None}
    assert scanned.gaps == ()
    assert fake.operations.count("logs.start_query") == 1
    assert scanned.effort.scanned_bytes == sum(len(event.message) for event in fake.logs.events)

    fake.logs.groups["/aws/lambda-insights"] = {"storedBytes": 10**15}
    reason = "reading log group /aws/lambda-insights may cost more than what is left of $1.00"
    assert gaps(scan(fake, Need.ENVIRONMENT)) == [("environment", reason, ("large", "larger"), "")]
    assert fake.operations.count("logs.start_query") == 1


def test_nobody_pays_for_logs_of_tmp_without_a_larger_one() -> None:
    fake = account("plain")
    insights(fake, "plain", cpu_total_time={"Sum": 10.0, "SampleCount": 1.0})
    scan(fake, Need.ENVIRONMENT)
    assert not [each for each in fake.operations if each.startswith("logs.")]


def test_reports_of_a_shared_group_are_told_apart_in_text_and_in_json() -> None:
    fake = account()
    fake.add("texts", LoggingConfig={"LogGroup": SHARED})
    fake.add("jsons", LoggingConfig={"LogGroup": SHARED, "LogFormat": "JSON", "SystemLogLevel": "INFO"})
    busy(fake, "texts", "jsons")
    log(
        fake,
        SHARED,
        "2027/01/14/texts[$LATEST]a",
        report_text("00000001", memory=512, used=100, billed=500, init=400.0),
        report_text("00000002", memory=512, used=140, billed=100),
        report_text(
            "00000003", memory=512, used=512, billed=9, status="Status: error\tError Type: Runtime.ExitError"
        ),
        report_text("00000004", memory=512, used=90, billed=30_000, status="Status: timeout"),
        report_text("00000005", memory=1024, used=600, billed=1),
    )
    log(
        fake,
        SHARED,
        "2027/01/14/jsons[7]b",
        report_json("00000006", memory=512, used=77, billed=20, init=100.0),
        report_json("00000007", memory=512, used=70, billed=30_000, status="timeout"),
    )
    log(fake, SHARED, "2027/01/14/gone[7]b", report_text("00000008", memory=512, used=500))

    scanned = scan(fake, Need.MEMORY)

    found = known(scanned)
    source = EvidenceSource.LOGS_INSIGHTS
    # The current size counts, if there are reports of it.
    assert found["texts"].memory == MemoryUse(max_used_mb=512.0, at_mb=512, source=source, samples=4)
    assert found["texts"].reports == ReportStatistics(
        days=DAYS,
        count=5,
        billed_sum_ms=30_610.0,
        cold_starts=1,
        mean_init_ms=400.0,
        timeouts=1,
        out_of_memory=1,
    )
    assert found["jsons"].memory == MemoryUse(max_used_mb=77.0, at_mb=512, source=source, samples=2)
    assert found["jsons"].reports == ReportStatistics(
        days=DAYS,
        count=2,
        billed_sum_ms=30_020.0,
        cold_starts=1,
        mean_init_ms=100.0,
        timeouts=1,
    )
    assert fake.operations.count("logs.start_query") == 1
    assert scanned.effort.scanned_bytes == sum(len(event.message) for event in fake.logs.events)


def test_a_start_from_a_snapshot_is_a_cold_start() -> None:
    fake = account("fn")
    busy(fake, "fn")
    line = (
        "REPORT RequestId: 00000001\tDuration: 5.00 ms\tBilled Duration: 205 ms\tMemory Size: 512 MB\t"
        "Max Memory Used: 99 MB\tRestore Duration: 321.00 ms\tBilled Restore Duration: 200 ms"
    )
    log(fake, "/aws/lambda/fn", "2027/01/14/[1]a", line, report_text("00000002", memory=512, billed=5))
    reports = known(scan(fake, Need.MEMORY))["fn"].reports
    assert reports == ReportStatistics(days=DAYS, count=2, billed_sum_ms=210.0, cold_starts=1)


@pytest.mark.parametrize(
    ("configuration", "group", "reason"),
    [
        ({"LoggingConfig": {"LogFormat": "JSON", "SystemLogLevel": "WARN"}}, {}, "SystemLogLevel is WARN"),
        ({"CapacityProviderConfig": {"x": 1}}, {}, "Managed Instances"),
        ({}, None, "does not exist"),
        ({}, {"logGroupClass": "DELIVERY"}, "cannot be queried"),
        ({}, {"storedBytes": 10**15}, "may cost more than what is left of $1.00"),
    ],
)
def test_reports_that_cannot_be_read_or_paid_for_are_a_gap(
    configuration: dict[str, Any], group: dict[str, Any] | None, reason: str
) -> None:
    fake = account("fn", **configuration)
    busy(fake, "fn")
    if group is not None:
        fake.logs.groups["/aws/lambda/fn"] = {"creationTime": 0, **group}
    scanned = scan(fake, Need.MEMORY)
    ((what, said, subjects, _),) = gaps(scanned)
    assert (what, subjects) == ("memory", ("fn",))
    assert reason in said
    assert known(scanned)["fn"].memory is None
    assert "logs.start_query" not in fake.operations


def test_a_query_is_priced_by_what_was_written_meanwhile_and_the_most_expensive_function_comes_first() -> None:
    fake = account("small", "large")
    busy(fake, "small")
    invoke(fake, "large", daily=200.0, ms=100_000.0)
    for name in ("small", "large"):
        log(fake, f"/aws/lambda/{name}", "2027/01/14/[1]a", report_text("00000001", memory=512))
        # 120 GB are 0.60 USD, so that one dollar is enough for one of them.
        fake.logs.groups[f"/aws/lambda/{name}"] = {"storedBytes": 10**13}
        fake.cloudwatch.series["IncomingBytes", "Sum", f"/aws/lambda/{name}"] = [120e9]
    scanned = scan(fake, Need.MEMORY)
    assert {name: each.memory is not None for name, each in known(scanned).items()} == {"large": True, "small": False}
    assert [gap.subjects for gap in scanned.gaps] == [("small",)]


def test_metrics_leave_what_queries_of_logs_may_cost_alone() -> None:
    fake = account("fn")
    fake.add("large", EphemeralStorage={"Size": 2048})
    busy(fake, "fn")
    log(fake, "/aws/lambda/fn", "2027/01/14/[1]a", report_text("00000001", memory=512, used=100))
    insights(fake, "large", cpu_total_time={"Sum": 10.0, "SampleCount": 1.0})
    event = {"event_type": "performance", "function_name": "large", "tmp_max": 2**31, "tmp_free": 2**30}
    log(fake, "/aws/lambda-insights", "2027/01/14/x", json.dumps(event))
    # A hundredth of a cent: both queries scan a few hundred bytes, and ten metrics cost as much.
    scanned = scan(fake, Need.MEMORY, Need.ENVIRONMENT, max_spend_usd=0.0001)
    assert scanned.effort.usd > 0.0001
    found = known(scanned)
    assert found["fn"].memory is not None
    assert found["large"].environment == EnvironmentUse(cpu_ms=10.0, tmp_used_mb=1024.0)
    assert scanned.gaps == ()


def test_what_is_stored_is_shared_by_the_days_that_it_is_kept() -> None:
    fake = account("fn")
    busy(fake, "fn")
    fake.cloudwatch.status = lambda query: (
        "Forbidden" if query["MetricStat"]["Metric"]["MetricName"] == "IncomingBytes" else "Complete"
    )
    # 15 GB are 100 GB before compression, of 140 days: 10 GB of 14 days, which are 0.05 USD.
    created = (NOW - 1_000 * 86_400) * 1000
    fake.logs.groups["/aws/lambda/fn"] = {"storedBytes": 15 * 10**9, "retentionInDays": 140, "creationTime": created}
    log(fake, "/aws/lambda/fn", "2027/01/14/[1]a", report_text("00000001", memory=512))
    assert known(scan(fake, Need.MEMORY, max_spend_usd=0.051))["fn"].memory is not None
    assert known(scan(fake, Need.MEMORY, max_spend_usd=0.0499))["fn"].memory is None


def test_reports_are_of_no_more_days_than_the_group_retains() -> None:
    fake = account("fn")
    busy(fake, "fn")
    fake.logs.groups["/aws/lambda/fn"] = {"retentionInDays": 3, "creationTime": 0}
    log(fake, "/aws/lambda/fn", "2027/01/14/[1]a", report_text("00000001", memory=512, billed=13))
    reports = known(scan(fake, Need.MEMORY))["fn"].reports
    assert reports == ReportStatistics(days=3.0, count=1, billed_sum_ms=13.0)


def test_without_prices_or_log_groups_no_query_is_made_and_that_is_said() -> None:
    fake = account("fn", "unused")
    busy(fake, "fn")
    log(fake, "/aws/lambda/fn", "2027/01/14/[1]a", report_text("00000001", memory=512))
    unpriced = scan(fake, Need.MEMORY, prices=None)
    assert gaps(unpriced) == [("memory", "no query of logs is made, as its price is not known", ("fn",), "")]

    def deny(name: str, kwargs: dict[str, Any]) -> None:
        if name == "describe_log_groups":
            raise client_error("AccessDeniedException", "no", 400)

    fake.on_call = deny
    unlisted = scan(fake, Need.REPORTS, Need.MEMORY)
    reason = "no query of logs is made, as the log groups could not be listed"
    assert gaps(unlisted)[1:] == [("memory", reason, ("fn",), "")]
    assert "logs.start_query" not in fake.operations


def test_fifty_groups_of_one_class_are_one_query() -> None:
    names = [f"fn-{number:02}" for number in range(52)]
    fake = account(*names)
    busy(fake, *names)
    for name in names:
        log(fake, f"/aws/lambda/{name}", "2027/01/14/[1]a", report_text("00000001", memory=512, used=100))
    fake.logs.groups["/aws/lambda/fn-51"] = {"logGroupClass": "INFREQUENT_ACCESS"}
    scanned = scan(fake, Need.MEMORY)
    asked = [call for name, call in zip(fake.calls, fake.arguments, strict=True) if name == "start_query"]
    assert [len(call["logGroupNames"]) for call in asked] == [1, 50, 1]
    assert all(each.memory is not None for each in scanned.evidence.functions)


def test_a_query_that_may_not_be_made_is_a_gap_of_its_functions() -> None:
    fake = account("fn")
    busy(fake, "fn")
    log(fake, "/aws/lambda/fn", "2027/01/14/[1]a", report_text("00000001", memory=512))

    def deny(name: str, kwargs: dict[str, Any]) -> None:
        if name == "start_query":
            raise client_error("AccessDeniedException", "no", 400)

    fake.on_call = deny
    scanned = scan(fake, Need.MEMORY)
    assert gaps(scanned) == [("memory", "not allowed to call logs:StartQuery: no", ("fn",), "logs:StartQuery")]


def test_reports_are_read_of_functions_with_errors_even_if_their_memory_is_known() -> None:
    fake = account("failing", "sound")
    for name in ("failing", "sound"):
        invoke(fake, name, daily=100.0, ms=100_000.0, errors=1.0 if name == "failing" else 0.0)
        log(fake, f"/aws/lambda/{name}", "2027/01/14/[1]a", report_text("00000001", memory=512))
    fake.optimizer.pages = [[recommend("failing", 200.0), recommend("sound", 200.0)]]
    found = known(scan(fake, Need.MEMORY, Need.REPORTS))
    assert {name: each.reports is not None for name, each in found.items()} == {"failing": True, "sound": False}
    assert found["failing"].memory is not None
    assert found["failing"].memory.source is EvidenceSource.COMPUTE_OPTIMIZER
