"""A real repository with a bare one as its origin, and a `gh` that records what it is called with."""

from pathlib import Path

import pytest
from fake_gh import FakeGh
from git_clones import GitClone


@pytest.fixture
def clone(tmp_path: Path) -> GitClone:
    """A clone whose origin is a bare repository beside it, with one template on `main`."""
    return GitClone.make(tmp_path)


@pytest.fixture
def gh(tmp_path: Path) -> FakeGh:
    """A `gh` in a folder of its own."""
    return FakeGh.install(tmp_path / "bin")
