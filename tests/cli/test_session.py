"""The session and the region that a command finds."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from settled import settle

from powertune.local.embedded import EmbeddedAWS
from powertune.local.package import zip_folder


@pytest.fixture
def function(aws_environment: EmbeddedAWS, client: Any, source: Any) -> Iterator[Any]:
    client.create_function(
        FunctionName="brief",
        Runtime="python3.13",
        Role=aws_environment.role_arn,
        Handler="app.handler",
        Code={"ZipFile": zip_folder(source)},
        MemorySize=512,
    )
    settle(client, "brief")
    yield client
    client.delete_function(FunctionName="brief")


def powertune(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "powertune", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_session_that_ends_soon_is_warned_of_before_the_run_and_not_in_its_report(
    function: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    end = datetime.now(UTC) + timedelta(minutes=10)
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", end.isoformat())
    assert "the AWS credentials expire in" in powertune("run", "brief", "--memory", "512", "--dry-run").stdout
    options = ("--memory", "512", "--invocations", "3", "--environments", "1", "--yes", "--quiet", "--format", "json")
    done = powertune("run", "brief", *options)
    assert "warning: the AWS credentials expire in" in done.stderr
    assert "credentials-end" not in done.stdout
    assert done.stdout.startswith("{")


@pytest.mark.parametrize("command", ["run", "restore"])
def test_a_region_that_contradicts_the_arn_is_refused(command: str, function: Any) -> None:
    arn = function.get_function_configuration(FunctionName="brief")["FunctionArn"]
    done = powertune(command, arn, "--region", "eu-west-1", "--yes")
    assert done.returncode == 2, done.stderr
    assert "--region eu-west-1 is not the region of arn:aws:lambda:us-east-1:" in done.stderr


def test_aws_region_is_enough(function: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert powertune("run", "brief", "--memory", "512", "--dry-run").returncode == 0
    assert "nothing to restore" in powertune("restore", "brief").stderr
    monkeypatch.delenv("AWS_REGION")
    done = powertune("run", "brief", "--memory", "512", "--dry-run")
    assert done.returncode == 3
    assert "AWS_REGION" in done.stderr
