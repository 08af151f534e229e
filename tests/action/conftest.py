from collections.abc import Iterator
from pathlib import Path

import pytest
from action_job import Job
from fake_github import FakeGitHub, serving
from stub_powertune import StubPowertune


@pytest.fixture
def job(tmp_path: Path) -> Iterator[Job]:
    for name in ("workspace", "temp"):
        (tmp_path / name).mkdir()
    with serving(FakeGitHub()) as github:
        yield Job(folder=tmp_path, github=github, stub=StubPowertune(folder=tmp_path / "stub"))
