"""The scan as a command: what a person gets who gives it something wrong, or whom AWS denies something."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from forwarding_endpoint import Answered, Gate, SentRequest, denied, forwarding_endpoint
from settled import settle

from powertune.cli.app import run_app
from powertune.local.embedded import EmbeddedAWS
from powertune.local.package import zip_folder

SCAN = ("scan", "--rate", "1000")
#: A finding that needs no past: nobody creates functions with this runtime any more.
OLD = "python3.8"


@pytest.fixture
def old_function(aws_environment: EmbeddedAWS, client: Any, source: Path) -> Iterator[None]:
    client.create_function(
        FunctionName="with-old-runtime",
        Runtime=OLD,
        Role=aws_environment.role_arn,
        Handler="app.handler",
        Code={"ZipFile": zip_folder(source)},
    )
    settle(client, "with-old-runtime")
    yield
    client.delete_function(FunctionName="with-old-runtime")


class Through:
    """The way of a test to the embedded AWS, on which a gate may answer instead; it remembers what was sent."""

    def __init__(self) -> None:
        self.gate: Gate = lambda _: None
        self.sent: list[SentRequest] = []

    def __call__(self, sent: SentRequest) -> Answered | None:
        self.sent.append(sent)
        return self.gate(sent)


@pytest.fixture
def through(aws_environment: EmbeddedAWS, monkeypatch: pytest.MonkeyPatch) -> Iterator[Through]:
    """All calls go through here."""
    through = Through()
    with forwarding_endpoint(aws_environment.endpoint_url, through) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        yield through


def is_inventory(sent: SentRequest) -> bool:
    return sent.service == "lambda" and sent.path.startswith("/2015-03-31/functions/?")


def findings(document: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each["rule"], each["name"]) for each in document["findings"]]


def test_denied_everywhere(through: Through, capfd: pytest.CaptureFixture[str]) -> None:
    through.gate = lambda sent: denied("lambda:ListFunctions") if is_inventory(sent) else None
    assert run_app([*SCAN, "--regions", "us-east-1,eu-west-1"]) == 4
    out, err = capfd.readouterr()
    assert out == ""
    assert err == ""


def test_denied_in_one_region(old_function: None, through: Through, capfd: pytest.CaptureFixture[str]) -> None:
    through.gate = lambda sent: (
        denied("lambda:ListFunctions") if is_inventory(sent) and sent.region == "eu-west-1" else None
    )
    assert run_app([*SCAN, "--regions", "us-east-1,eu-west-1", "--format", "json"]) == 0
    document = json.loads(capfd.readouterr().out)
    assert findings(document) == [("runtime-deprecated", "with-old-runtime")]
    assert document["gaps"] == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--regions", "us-esat-1"], ""),
        (["--accounts", "nowhere.yml"], ""),
        (["--from", "empty"], ""),
        (["--from", "nowhere.json"], ""),
        (["--from", "notes.json"], ""),
        (["--from", "empty", "--regions", "all"], ""),
        (["--scans", "notes.json"], ""),
        (["--scans", "/proc/scans"], ""),
        (["--then-run", "3"], ""),
        (["--resume", "nowhere"], ""),
        (["--fail-on", "idle-functon:low"], ""),
        (["--organization"], ""),
        (["--role", "x"], ""),
        (["--scans", "s3://no-such-bucket/prefix"], ""),
    ],
)
def test_wrong(
    options: list[str], message: str, through: Through, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.json").write_text("{}")
    code = run_app([*SCAN, *options])
    out, err = capfd.readouterr()
    print("CODE", code, [f"{s.service} {s.path}" for s in through.sent], out[-300:])
    print(err)
    assert 0
