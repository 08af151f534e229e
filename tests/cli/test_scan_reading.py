"""A place is read from the embedded AWS as from AWS: functions, versions, metrics, logs and triggers."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from settled import settle

from powertune.aws.actions import ACTIONS, SCAN_METHODS
from powertune.aws.connection import connect
from powertune.aws.identity import ConnectionOptions
from powertune.aws.scanning.place import read_place
from powertune.local.embedded import EmbeddedAWS
from powertune.local.package import zip_folder
from powertune.prices import PriceTable
from powertune.scan.coverage import ScannedPlace
from powertune.scan.evidence import AccountRegion, EvidenceSource
from powertune.scan.request import ScanRequest
from powertune.scan.rule import Need

DAY_S = 86_400
#: A whole processor: an init of more than ten seconds, as on a busy machine, would not be in the report.
MEMORY_MB = 1769
PLACE = AccountRegion(account_id="123456789012", region="us-east-1")
#: So that a function with a few invocations is worth a query of its logs.
DEAR = replace(PriceTable.bundled().region("us-east-1"), request=1_000.0)


def create(client: Any, role_arn: str, source: Path, name: str, **options: Any) -> None:
    client.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=role_arn,
        Handler="app.handler",
        Code={"ZipFile": zip_folder(source)},
        MemorySize=MEMORY_MB,
        Environment={"Variables": {"PASSWORD": "hunter2"}},
        **options,
    )
    settle(client, name)


@pytest.fixture
def functions(aws_environment: EmbeddedAWS, client: Any, source: Path) -> Iterator[None]:
    """One function with versions and invocations, text and JSON, and one that is idle and has a trigger."""
    create(client, aws_environment.role_arn, source, "scanned-text")
    create(client, aws_environment.role_arn, source, "scanned-json", LoggingConfig={"LogFormat": "JSON"})
    create(client, aws_environment.role_arn, source, "1_idle")
    client.publish_version(FunctionName="scanned-text")
    client.add_permission(
        FunctionName="1_idle", StatementId="s", Action="lambda:InvokeFunction", Principal="events.amazonaws.com"
    )
    for name in ("scanned-text", "scanned-text", "scanned-json"):
        client.invoke(FunctionName=name, Payload=b"{}")
    client.invoke(FunctionName="scanned-text", Payload=b'{"fail": true}')
    yield
    for name in ("scanned-text", "scanned-json", "1_idle"):
        client.delete_function(FunctionName=name)


def read(called: set[str]) -> ScannedPlace:
    """What is read tomorrow, when today is a whole day."""
    request = ScanRequest(days=14, now=time.time() + DAY_S, needs=frozenset(Need), prices=DEAR, max_spend_usd=1.0)
    with connect(ConnectionOptions()) as connection:
        connection.session.events.register(
            "before-call", lambda event_name, **_: called.add(".".join(event_name.split(".")[1:]))
        )
        return read_place(connection.aws(rate=1_000.0), PLACE, request)


@pytest.mark.long
def test_the_embedded_aws_is_read_like_aws(functions: None, aws_environment: EmbeddedAWS) -> None:
    called: set[str] = set()
    with contextlib.closing(boto3.Session().client("cloudwatch")) as cloudwatch:
        cloudwatch.put_metric_data(
            Namespace="LambdaInsights",
            MetricData=[
                {
                    "MetricName": "cpu_total_time",
                    "Dimensions": [{"Name": "function_name", "Value": "scanned-text"}],
                    "Values": [10.0, 30.0],
                }
            ],
        )

    scanned = read(called)

    assert "hunter2" not in repr(scanned)
    found = {each.name: each for each in scanned.evidence.functions}
    text, json, idle = found["scanned-text"], found["scanned-json"], found["1_idle"]
    assert [each.number for each in text.function.versions] == ["1"]
    assert text.provisioned == ()
    assert text.usage is not None
    assert (text.usage.invocations, text.usage.errors, text.usage.active_days) == (3, 1, 1)
    assert text.environment is not None
    assert text.environment.cpu_ms == 20.0
    for each, count in ((text, 3), (json, 1)):
        assert each.reports is not None
        assert each.memory is not None
        assert (each.reports.count, each.reports.cold_starts) == (count, 1)
        assert (each.memory.at_mb, each.memory.source) == (MEMORY_MB, EvidenceSource.LOGS_INSIGHTS)
        assert 5 < each.memory.max_used_mb < MEMORY_MB
    assert idle.usage is not None
    assert idle.usage.invocations == 0
    assert idle.triggers == ("a policy for events.amazonaws.com",)
    assert scanned.evidence.log_groups is not None
    assert {"/aws/lambda/scanned-text", "/aws/lambda/scanned-json"} <= scanned.evidence.log_groups.keys()
    assert scanned.effort.scanned_bytes > 0
    # The embedded AWS has no Compute Optimizer.
    assert {gap.what for gap in scanned.gaps} <= {"memory"}
    allowed = {ACTIONS[method].name for method in SCAN_METHODS}
    assert {name.replace("cloudwatch-logs.", "logs.").replace(".", ":") for name in called} <= allowed
