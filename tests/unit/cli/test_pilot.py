"""What is wrong with the options of the autopilot is found before anything is asked of AWS, and spent."""

import os
from pathlib import Path

import pytest
from fake_gh import FakeGh
from git_clones import GitClone

from powertune.cli.app import run_app


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GitClone:
    """A clone with code, the folder where the command runs, and an AWS that nobody can reach."""
    FakeGh.install(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    clone = GitClone.make(tmp_path, {"template.yaml": "Resources: {}\n"})
    monkeypatch.chdir(clone.work)
    return clone


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--author", "Jo"), "--author 'Jo' is not an author"),
        (("--labels", ""), "error: --labels '' names nothing"),
        (("--functions", ""), "error: --functions '' names nothing"),
        (("--max-functions", "0"), "error: --max-functions '0' is not a whole number"),
        (("--monthly-budget", "5eur"), "error: --monthly-budget '5eur' is not an amount"),
        (("--remote", "nope"), "'nope' does not appear to be a git repository"),
        (("--base", "nobranch"), "has no branch 'nobranch'"),
        (("--repository", "missing"), "--repository 'missing' is not a folder"),
        (("--output", "template.yaml"), "--output 'template.yaml'"),
        (("--state", "template.yaml"), "--state 'template.yaml'"),
        (("--region", "eu-west-1", "--regions", "us-east-1"), "--region and --regions both say"),
        (("--days", "0"), "days '0' is not"),
    ],
)
def test_what_is_wrong_is_said_before_aws_is_asked(
    options: tuple[str, ...], words: str, clone: GitClone, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run_app(["autopilot", "--dry-run", *options]) == 2
    printed = capfd.readouterr()
    assert printed.out == ""
    assert words in printed.err
    assert not (clone.work / "powertune-autopilot").exists()


def test_wrong_options_come_before_what_is_said_of_proposals(
    clone: GitClone, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bin" / "gh").unlink()
    assert run_app(["autopilot", "--dry-run", "--days", "0"]) == 2
    assert "gh cannot be found" not in capfd.readouterr().err
