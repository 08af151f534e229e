"""Where proposals go, by what is there on this machine."""

import os
from pathlib import Path

import pytest
from fake_gh import FakeGh
from git_clones import GitClone

from powertune.cli.pilot_places import ProposalPlace, check_state, open_forge, parse_author
from powertune.engine.autopilot.folder import FolderForge
from powertune.engine.autopilot.git import CommitAuthor
from powertune.engine.autopilot.github import GitHubForge
from powertune.errors import UsageError


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GitClone:
    """A clone, `gh` first on PATH, and nobody's configuration of git."""
    FakeGh.install(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.chdir(tmp_path)
    return GitClone.make(tmp_path)


def test_in_a_clone_they_are_pull_requests_to_the_default_branch(clone: GitClone) -> None:
    opened = open_forge(ProposalPlace(repository=clone.work))
    assert isinstance(opened.forge, GitHubForge)
    assert (opened.forge.base, opened.base_commit) == ("main", clone.at_origin("rev-parse", "main"))


def test_another_base_can_be_named(clone: GitClone) -> None:
    clone.git("push", "--quiet", "origin", "main:develop")
    opened = open_forge(ProposalPlace(repository=clone.work, base="develop"))
    assert isinstance(opened.forge, GitHubForge)
    assert opened.forge.base == "develop"


def test_pull_requests_are_those_of_the_remote_that_is_pushed_to(clone: GitClone, tmp_path: Path) -> None:
    """With several remotes, `gh` would take one that is called upstream."""
    address = "https://github.com/jo/shop"
    clone.git("remote", "set-url", "origin", address)
    clone.git("config", f"url.{clone.origin}.insteadOf", address)
    clone.git("remote", "add", "upstream", "https://github.com/acme/shop")
    opened = open_forge(ProposalPlace(repository=clone.work))
    opened.forge.open_branches()
    (environment,) = FakeGh(path=tmp_path / "bin" / "gh", store=tmp_path / "bin" / "gh.json").environments
    assert environment["GH_REPO"] == "github.com/jo/shop"


def test_a_folder_that_is_named_is_used_although_git_is_there(clone: GitClone, tmp_path: Path) -> None:
    opened = open_forge(ProposalPlace(repository=clone.work, output=tmp_path / "out"))
    assert opened.forge == FolderForge(path=tmp_path / "out")
    assert opened.repository is None


def test_without_gh_they_go_to_a_folder_and_that_is_said(
    clone: GitClone, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bin" / "gh").unlink()
    opened = open_forge(ProposalPlace(repository=clone.work))
    assert opened.forge == FolderForge(path=Path("powertune-proposals"))
    assert "note: gh cannot be found, so proposals are written to 'powertune-proposals'" in capsys.readouterr().err
    open_forge(ProposalPlace(repository=clone.work), dry_run=True)
    assert capsys.readouterr().err == ""


def test_what_is_no_clone_is_refused_before_anything_is_spent(clone: GitClone, tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    for place, message in (
        (ProposalPlace(repository=tmp_path / "plain"), "cannot be used as a repository"),
        (ProposalPlace(repository=tmp_path / "missing"), "is not a folder"),
        (ProposalPlace(repository=clone.work, base="missing"), "has no branch 'missing'"),
        (ProposalPlace(repository=clone.work, base="--exec=x"), "is not the name of a branch"),
        (ProposalPlace(repository=clone.work, remote="--exec=x"), "is not the name of a remote"),
        (ProposalPlace(repository=clone.work, author="nobody"), "is not an author"),
    ):
        with pytest.raises(UsageError, match=message):
            open_forge(place)


def test_a_variable_that_is_not_set_is_no_state() -> None:
    """The budget of a month would begin anew with each run."""
    with pytest.raises(UsageError, match="--state is empty"):
        check_state("")


def test_what_cannot_be_used_is_refused_also_where_proposals_are_folders(clone: GitClone, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    out = tmp_path / "out"
    for place, message in (
        (ProposalPlace(repository=clone.work, output=out, author="nobody"), "is not an author"),
        (ProposalPlace(repository=clone.work, output=out, remote=""), "is not the name of a remote"),
        (ProposalPlace(repository=clone.work, output=out, base="main"), "--base is for pull requests"),
        (ProposalPlace(repository=tmp_path / "missing", output=out), "--repository '.*missing' is not a folder"),
        (ProposalPlace(repository=tmp_path / "file", output=out), "--repository '.*file' is not a folder"),
        (ProposalPlace(repository=clone.work, output=tmp_path / "file"), "--output .*file' is not a folder"),
        (ProposalPlace(repository=clone.work, output=tmp_path / "file" / "x"), "--output .*file' is not a folder"),
    ):
        with pytest.raises(UsageError, match=message):
            open_forge(place)
    (tmp_path / "bin" / "gh").unlink()
    with pytest.raises(UsageError, match="--base is for pull requests, and gh cannot be found"):
        open_forge(ProposalPlace(repository=clone.work, base="main"))


def test_a_state_that_cannot_be_kept_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for place, message in ((str(tmp_path / "file"), "--state .* is not a folder"), ("s3://", "names no bucket")):
        with pytest.raises(UsageError, match=message):
            check_state(place)
    check_state(str(tmp_path / "new" / "folder"))
    check_state("s3://bucket/prefix")


def test_authors() -> None:
    assert parse_author("Jo Doe <jo@example.com>") == CommitAuthor(name="Jo Doe", email="jo@example.com")
    for text in ("Jo", "<jo@example.com>", "Jo <jo>", "Jo jo@example.com", "Jo\n <jo@example.com>", ""):
        with pytest.raises(UsageError, match="is not an author"):
            parse_author(text)
