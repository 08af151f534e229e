from pathlib import Path
from typing import Any

import pytest
from baseline import base_commit
from git_repository import Repository
from runner import StepFailed


@pytest.fixture
def origin(tmp_path: Path) -> dict[str, str]:
    """A repository with a pull request whose base has moved on: `base` is what the event names."""
    git = Repository(tmp_path / "origin")
    commits = {"fork point": git.commit("one", "one")}
    git.run("switch", "-qc", "topic")
    commits["head"] = git.commit("change", "change")
    git.run("switch", "-q", "main")
    commits["base"] = git.commit("two", "two")
    commits["newer base"] = git.commit("three", "three")
    git.run("switch", "-q", "--detach")
    git.run("merge", "-q", "--no-ff", "-m", "merge", "topic")
    commits["merge"] = git.run("rev-parse", "HEAD")
    git.run("update-ref", "refs/pull/7/merge", "HEAD")
    git.run("switch", "-q", "main")
    git.run("config", "uploadpack.allowAnySHA1InWant", "true")
    return {**commits, "folder": str(git.folder)}


def clone(origin: dict[str, str], ref: str, depth: int) -> Path:
    """What actions/checkout leaves."""
    git = Repository(Path(origin["folder"]).parent / "clone")
    git.run("remote", "add", "origin", f"file://{origin['folder']}")
    shallow = [f"--depth={depth}"] if depth else []
    git.run("fetch", "-q", "--no-tags", *shallow, "origin", ref)
    git.run("checkout", "-q", "--detach", "FETCH_HEAD")
    return git.folder


def pull_request(origin: dict[str, str]) -> dict[str, Any]:
    return {"pull_request": {"number": 7, "base": {"sha": origin["base"]}}}


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_the_base_of_githubs_merge_is_its_first_parent(origin: dict[str, str], depth: int) -> None:
    folder = clone(origin, "refs/pull/7/merge", depth)
    assert base_commit(pull_request(origin), origin["merge"], folder) == origin["newer base"]
    assert Repository(folder).run("show", f"{origin['newer base']}:three") == "three"


def test_the_base_of_a_head_is_where_it_forked(origin: dict[str, str]) -> None:
    folder = clone(origin, "topic", 0)
    assert base_commit(pull_request(origin), origin["merge"], folder) == origin["fork point"]


def test_a_head_without_history_is_refused(origin: dict[str, str]) -> None:
    folder = clone(origin, "topic", 1)
    with pytest.raises(StepFailed, match=r"git merge-base: .*`fetch-depth: 0`"):
        base_commit(pull_request(origin), origin["merge"], folder)


def test_a_base_that_cannot_be_fetched_is_refused(origin: dict[str, str]) -> None:
    folder = clone(origin, "refs/pull/7/merge", 1)
    Repository(folder).run("remote", "set-url", "origin", "file:///nowhere")
    with pytest.raises(StepFailed, match=r"git fetch: .*`fetch-depth: 2`"):
        base_commit(pull_request(origin), origin["merge"], folder)


def test_the_base_of_a_merge_group_is_in_the_event(origin: dict[str, str]) -> None:
    folder = clone(origin, "main", 1)
    event = {"merge_group": {"base_sha": origin["base"]}}
    assert base_commit(event, origin["newer base"], folder) == origin["base"]
    assert Repository(folder).run("show", f"{origin['base']}:two") == "two"


def test_a_push_has_no_base(tmp_path: Path) -> None:
    assert base_commit({"before": "1" * 40}, "2" * 40, tmp_path) is None


@pytest.mark.parametrize("base", ["--upload-pack=touch x", "main", "1" * 39, "1" * 40 + "\n"])
def test_a_base_that_is_no_commit_never_reaches_git(base: str, tmp_path: Path) -> None:
    with pytest.raises(StepFailed, match="which is no commit"):
        base_commit({"merge_group": {"base_sha": base}}, "2" * 40, tmp_path)


def test_a_folder_that_is_no_clone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StepFailed, match="not a git repository"):
        base_commit({"merge_group": {"base_sha": "1" * 40}}, "2" * 40, tmp_path)
