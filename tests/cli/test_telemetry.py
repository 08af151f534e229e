"""Where reports come from: the tail, JSON logs, and CloudWatch Logs when the tail lacks them."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from settled import settle

from powertune import results
from powertune.cli.app import run_app
from powertune.local.embedded import EmbeddedAWS
from powertune.local.package import zip_folder
from powertune.local.settings import Settings


@pytest.fixture
def hiding(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[EmbeddedAWS]:
    """An AWS whose log tails lack the REPORT, as is met in practice, and whose account is a new one."""
    with EmbeddedAWS(Settings(hide_reports=True, account_memory_limit_mb=3008, tell_disturbed=False)) as aws:
        for name, value in aws.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(tmp_path)
        yield aws


def deploy(aws: EmbeddedAWS, source: Path, **configuration: Any) -> None:
    with contextlib.closing(boto3.Session().client("lambda")) as client:
        client.create_function(
            FunctionName="quiet",
            Runtime="python3.13",
            Role=aws.role_arn,
            Handler="app.handler",
            Code={"ZipFile": zip_folder(source)},
            **configuration,
        )
        settle(client, "quiet")


def run(capfd: pytest.CaptureFixture[str], memory: str, *arguments: str) -> Any:
    capfd.readouterr()
    fixed = ("--invocations", "3", "--environments", "1", "--yes", "--quiet", "--format", "json")
    code = run_app(["run", "quiet", "--memory", memory, *fixed, *arguments])
    document = json.loads(capfd.readouterr().out)
    return code, document


@pytest.mark.parametrize("log_format", ["Text", "JSON"])
def test_reports_that_the_tail_lacks_are_found_in_the_logs(
    log_format: str, hiding: EmbeddedAWS, source: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    deploy(hiding, source, LoggingConfig={"LogFormat": log_format})
    code, document = run(capfd, "512")
    assert code == 0
    assert document["profiles"][0]["invocations"] == {"warm": 3, "cold": 1, "set_aside": 0, "failed": 0, "missing": 0}
    code, document = run(capfd, "512", "--report-source", "tail")
    assert code == 8
    assert document["profiles"][0]["invocations"]["missing"] == 1
    assert "no-reports" in {advisory["code"] for advisory in document["advisories"]}
    assert document["profiles"][0]["duration_ms"]["mean"] is None
    assert document["spent_usd"] is None


@pytest.mark.parametrize("more", [(), ("--isolate",)], ids=["in place", "isolated"])
def test_environments_are_known_from_the_logs_of_the_embedded_aws(
    more: tuple[str, ...], aws_environment: EmbeddedAWS, source: Path, capfd: pytest.CaptureFixture[str], client: Any
) -> None:
    deploy(aws_environment, source)
    run(capfd, "512,1024", "--save", "run.json", *more)
    for measurement in results.load(Path("run.json")).measurements:
        environments = measurement.invocations.column("environment")
        assert None not in environments
        cold = [i for i in measurement.invocations if i.init_ms is not None]
        assert len({i.environment for i in cold}) == len(cold) == len(set(environments))
    client.delete_function(FunctionName="quiet")


def test_a_function_that_logs_no_reports_is_refused_unless_a_copy_is_measured(
    aws_environment: EmbeddedAWS, source: Path, capfd: pytest.CaptureFixture[str], client: Any
) -> None:
    deploy(aws_environment, source, LoggingConfig={"LogFormat": "JSON", "SystemLogLevel": "WARN"})
    assert run_app(["run", "quiet", "--memory", "512", "--yes", "--quiet"]) == 2
    assert "--isolate" in capfd.readouterr().err
    code, document = run(capfd, "512", "--isolate")
    assert code == 0
    assert document["profiles"][0]["invocations"]["missing"] == 0
    client.delete_function(FunctionName="quiet")


def test_json_logs_are_read_from_the_tail(
    aws_environment: EmbeddedAWS, source: Path, capfd: pytest.CaptureFixture[str], client: Any
) -> None:
    deploy(aws_environment, source, LoggingConfig={"LogFormat": "JSON"})
    code, document = run(capfd, "512", "--report-source", "tail")
    assert code == 0
    assert document["profiles"][0]["invocations"] == {"warm": 3, "cold": 1, "set_aside": 0, "failed": 0, "missing": 0}
    client.delete_function(FunctionName="quiet")


def test_a_new_accounts_limit_drops_the_sizes_above_it(
    hiding: EmbeddedAWS, source: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    deploy(hiding, source)
    code, document = run(capfd, "1024,3009,10240")
    assert code == 0
    assert [p["status"] for p in document["profiles"]] == ["ok", "unmeasured", "unmeasured"]
    assert "at most 3008 MB" in document["profiles"][1]["reason"]
    assert "unmeasured" in {advisory["code"] for advisory in document["advisories"]}
