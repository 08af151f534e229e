"""A job on GitHub: a folder to work in, the variables of the runner, and a repository with a pull request."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from composite_action import ROOT, CompositeAction, Ended, python, uploading
from fake_github import REPOSITORY, TOKEN, FakeGitHub
from stub_powertune import StubPowertune

HEAD = "abcdef0123456789abcdef0123456789abcdef01"
PULL_REQUEST = {"pull_request": {"number": 7, "base": {"sha": "1" * 40}, "head": {"sha": HEAD}}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Runs the action with a stub for powertune."""

    folder: Path
    github: FakeGitHub
    stub: StubPowertune

    @property
    def workspace(self) -> Path:
        return self.folder / "workspace"

    @property
    def artifacts(self) -> Path:
        return self.folder / "artifacts"

    def told(self, code: int, **reports: str | None) -> "Job":
        """The job with a stub that ends like that, and writes other reports; None leaves one out."""
        given = {**self.stub.reports, **{f".{ending}": text for ending, text in reports.items()}}
        kept = {ending: text for ending, text in given.items() if text is not None}
        return replace(self, stub=replace(self.stub, code=code, reports=kept))

    def action(self, event: Mapping[str, Any], file: Path = ROOT / "action.yml") -> CompositeAction:
        payload = self.folder / "event.json"
        payload.write_text(json.dumps(event))
        return CompositeAction(
            file=file,
            temp=self.folder / "temp",
            workspace=self.workspace,
            instead={
                "actions/setup-python": python,
                "actions/upload-artifact": uploading(self.artifacts),
                "actions/download-artifact": lambda _inputs: {"download-path": str(self.artifacts)},
                "install": lambda _inputs: {"powertune": str(self.stub.program)},
            },
            variables={
                "GITHUB_API_URL": self.github.url,
                "GITHUB_GRAPHQL_URL": f"{self.github.url}/graphql",
                "GITHUB_SERVER_URL": "https://github.example",
                "GITHUB_REPOSITORY": REPOSITORY,
                "GITHUB_RUN_ID": "99",
                "GITHUB_SHA": "2" * 40,
                "GITHUB_EVENT_PATH": str(payload),
            },
            contexts={"github": {"token": TOKEN, "event": event}},
        )

    def run(self, event: Mapping[str, Any], **inputs: str) -> Ended:
        return self.action(event).run(**inputs)

    @property
    def words(self) -> list[str]:
        """What powertune was called with, but for its reports."""
        assert self.stub.called is not None
        words: list[str] = self.stub.called["words"]
        return [word for place, word in enumerate(words) if "-o" not in (word, words[place - 1])]
