import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from powertune.local.embedded import EmbeddedAWS
from powertune.local.settings import Settings

HANDLER = """
import time

def handler(event, context):
    if event.get("fail"):
        raise ValueError("the words of the function")
    if event.get("sleep"):
        time.sleep(event["sleep"])
    return {"echo": event}
"""


@pytest.fixture(scope="session")
def embedded() -> Iterator[EmbeddedAWS]:
    """One embedded AWS for all tests of the command line."""
    # Tests that run at the same time are in each other's way.
    with EmbeddedAWS(Settings(tell_disturbed=False)) as aws:
        yield aws


@pytest.fixture
def aws_environment(embedded: EmbeddedAWS, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> EmbeddedAWS:
    """The environment of a person who has exported what `powertune local` prints, in an empty folder."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "POWERTUNE_"))]:
        monkeypatch.delenv(name)
    for name, value in embedded.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return embedded


@pytest.fixture
def client(aws_environment: EmbeddedAWS) -> Iterator[Any]:
    """An unmodified Lambda client, found by the exported variables."""
    with contextlib.closing(boto3.Session().client("lambda")) as client:
        yield client


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder with a small function."""
    folder = tmp_path / "small"
    folder.mkdir()
    (folder / "app.py").write_text(HANDLER)
    return folder
