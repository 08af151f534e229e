"""Another commit in a temporary worktree: what is checked out, what is refused, and that nothing is left."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from powertune.engine.base_commit import Repository
from powertune.errors import UsageError

Git = Callable[..., str]
#: How long a test waits for a process that will end, before it fails.
PATIENCE_S = 30.0


@pytest.fixture(autouse=True)
def _own_git(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No configuration but the tests' own, and temporary files where they can be looked for."""
    (tmp_path / "gitconfig").write_text("[user]\nname = T\nemail = t@example.com\n[init]\ndefaultBranch = main\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A repository whose function is `first` in the first commit, and `second` in the second one, on main."""
    root = tmp_path / "repository"
    (root / "fn").mkdir(parents=True)
    git(root, "init", "--quiet")
    for text in ("first", "second"):
        (root / "fn" / "app.py").write_text(text)
        git(root, "add", ".")
        git(root, "commit", "--quiet", "-m", text)
    return root


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def everything(root: Path) -> dict[str, bytes]:
    """All files of the person: the work tree, and git's own but for what only notes that something was read."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.name not in ("FETCH_HEAD",)
    }


def left(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "tmp").iterdir())


def test_the_code_of_another_commit_is_there_as_long_as_it_is_needed(place: Path, tmp_path: Path) -> None:
    before = everything(place)
    repository = Repository.around(place / "fn")
    commit = repository.resolve("HEAD~1")
    assert commit.label == f"HEAD~1@{git(place, 'rev-parse', 'HEAD~1')[:7]}"
    with repository.checked_out(commit) as folder:
        assert (folder / "app.py").read_text() == "first"
        assert (place / "fn" / "app.py").read_text() == "second"
        assert place not in folder.parents
    assert not folder.exists()
    assert left(tmp_path) == []
    assert everything(place) == before


def _write_and_raise(folder: Path, error: BaseException) -> None:
    (folder / "written by a script").write_text("x")
    raise error


@pytest.mark.parametrize("error", [KeyboardInterrupt(), UsageError("no")])
def test_it_is_removed_whatever_happens(place: Path, tmp_path: Path, error: BaseException) -> None:
    before = everything(place)
    repository = Repository.around(place)
    with (
        pytest.raises(type(error)),
        repository.checked_out(repository.resolve("HEAD")) as folder,
    ):
        _write_and_raise(folder, error)
    assert left(tmp_path) == []
    assert everything(place) == before


def test_changes_that_are_not_committed_stay_as_they_are_and_are_said(place: Path) -> None:
    assert Repository.around(place / "fn").current().label == f"HEAD@{git(place, 'rev-parse', 'HEAD')[:7]}"
    (place / "fn" / "app.py").write_text("third")
    (place / "staged").write_text("x")
    git(place, "add", "staged")
    status, index = git(place, "status", "--porcelain"), (place / ".git" / "index").read_bytes()
    repository = Repository.around(place / "fn")
    assert repository.current().label.endswith("-dirty")
    with repository.checked_out(repository.resolve("main")) as folder:
        assert (folder / "app.py").read_text() == "second"
    assert (place / ".git" / "index").read_bytes() == index
    assert git(place, "status", "--porcelain") == status
    assert (place / "fn" / "app.py").read_text() == "third"


def test_what_is_changed_elsewhere_does_not_make_the_function_dirty(place: Path) -> None:
    (place / "notes").write_text("x")
    assert not Repository.around(place / "fn").current().label.endswith("-dirty")


def test_no_hook_runs(place: Path, tmp_path: Path) -> None:
    hook = place / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    monitor = tmp_path / "monitor"
    monitor.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    monitor.chmod(0o755)
    git(place, "config", "core.fsmonitor", str(monitor))
    repository = Repository.around(place)
    repository.current()
    with repository.checked_out(repository.resolve("HEAD")):
        pass
    assert not (tmp_path / "ran").exists()


def test_within_a_hook_the_folder_counts_and_not_the_variables(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_INDEX_FILE", "/nowhere/index")
    assert Repository.around(place / "fn").folder == Path("fn")


@pytest.mark.parametrize("ref", ["nope", "", "--help", "main..HEAD", "HEAD~9", "HEAD:fn"])
def test_a_ref_that_does_not_exist_is_named(place: Path, ref: str) -> None:
    with pytest.raises(UsageError, match="there is no commit") as caught:
        Repository.around(place).resolve(ref)
    assert caught.value.hint


def test_in_a_shallow_clone_the_hint_is_how_to_get_the_history(place: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--depth", "1", place.as_uri(), "shallow")
    with pytest.raises(UsageError, match="no commit 'HEAD~1'") as caught:
        Repository.around(tmp_path / "shallow").resolve("HEAD~1")
    assert "fetch-depth: 0" in str(caught.value.hint)


def test_a_branch_that_only_origin_has_is_found_there(place: Path, tmp_path: Path) -> None:
    git(place, "branch", "develop", "HEAD~1")
    git(tmp_path, "clone", "--quiet", place.as_uri(), "clone")
    repository = Repository.around(tmp_path / "clone")
    commit = repository.resolve("develop")
    assert commit.label == f"origin/develop@{git(place, 'rev-parse', 'develop')[:7]}"
    with repository.checked_out(commit) as folder:
        assert (folder / "fn" / "app.py").read_text() == "first"


def test_a_hash_is_its_own_label(place: Path) -> None:
    sha = git(place, "rev-parse", "HEAD")
    assert Repository.around(place).resolve(sha[:10]).label == sha[:7]


def test_a_folder_that_the_commit_does_not_have_is_named(place: Path) -> None:
    (place / "other").mkdir()
    (place / "other" / "app.py").write_text("x")
    repository = Repository.around(place / "other")
    with (
        pytest.raises(UsageError, match="there is no 'other' in main@") as caught,
        repository.checked_out(repository.resolve("main")),
    ):
        pass
    assert "--baseline-ref" in str(caught.value.hint)


def test_a_folder_outside_of_any_repository_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not in a git repository"):
        Repository.around(tmp_path)


def test_a_bare_repository_is_named(place: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--bare", place.as_uri(), "bare")
    with pytest.raises(UsageError, match="bare repository"):
        Repository.around(tmp_path / "bare")


def test_without_git_the_next_step_is_to_install_it(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UsageError, match="cannot run git") as caught:
        Repository.around(place)
    assert "install" in str(caught.value.hint)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a repository to somebody else")
def test_the_repository_of_another_user_takes_their_trust(place: Path) -> None:
    os.chown(place, 12345, 12345)
    os.chown(place / ".git", 12345, 12345)
    with pytest.raises(UsageError, match="belongs to another user") as caught:
        Repository.around(place / "fn")
    assert "safe.directory" in str(caught.value.hint)


def test_a_link_to_the_repository_leads_to_it(place: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(place)
    repository = Repository.around(tmp_path / "link" / "fn")
    with repository.checked_out(repository.resolve("HEAD~1")) as folder:
        assert (folder / "app.py").read_text() == "first"


@pytest.mark.parametrize("through", ["fn", "above"])
def test_a_commit_in_which_the_folder_leads_elsewhere_is_refused(place: Path, tmp_path: Path, through: str) -> None:
    """Or the candidate would be compared with itself."""
    outside = tmp_path / "outside" / "inner"
    outside.mkdir(parents=True)
    (outside / "app.py").write_text("other")
    link, folder = (place / "link", place / "link") if through == "fn" else (place / "link", place / "link/inner")
    link.symlink_to(outside if through == "fn" else outside.parent)
    git(place, "add", ".")
    git(place, "commit", "--quiet", "-m", "a link")
    link.unlink()
    folder.mkdir(parents=True)
    (folder / "app.py").write_text("mine")
    repository = Repository.around(folder)
    with (
        pytest.raises(UsageError, match=r"leads out of the repository|there is no"),
        repository.checked_out(repository.resolve("HEAD")),
    ):
        pass
    assert left(tmp_path) == []


def test_a_submodule_is_not_supported(place: Path, tmp_path: Path) -> None:
    git(place, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", place.as_uri(), "fn/sub")
    git(place, "commit", "--quiet", "-m", "sub")
    for folder, words in (("fn", "fn/sub is a submodule"), (".", "fn/sub is a submodule")):
        repository = Repository.around(place / folder)
        with pytest.raises(UsageError, match=words), repository.checked_out(repository.resolve("HEAD")):
            pass
    # Without it, the commit before can be compared with.
    repository = Repository.around(place / "fn")
    with repository.checked_out(repository.resolve("HEAD~1")) as before:
        assert (before / "app.py").exists()


def test_a_file_in_lfs_is_not_supported(place: Path) -> None:
    (place / "fn" / "model.bin").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 5\n")
    git(place, "add", ".")
    git(place, "commit", "--quiet", "-m", "lfs")
    repository = Repository.around(place / "fn")
    with (
        pytest.raises(UsageError, match=r"model\.bin is in Git LFS"),
        repository.checked_out(repository.resolve("HEAD")),
    ):
        pass


HOLD = """
import sys, time, tempfile
from pathlib import Path
from powertune.engine.base_commit import Repository
tempfile.tempdir = sys.argv[2]
repository = Repository.around(Path(sys.argv[1]))
with repository.checked_out(repository.resolve("HEAD~1")) as folder:
    print(folder, flush=True)
    time.sleep(600)
"""


def hold(place: Path, tmp_path: Path) -> "tuple[subprocess.Popen[str], Path]":
    """A process that holds a worktree."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(place), str(tmp_path / "tmp")], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def end(process: "subprocess.Popen[str]", number: int) -> None:
    process.send_signal(number)
    process.wait(PATIENCE_S)
    assert process.stdout is not None
    process.stdout.close()


def test_what_a_killed_process_leaves_is_removed_by_the_next_one(place: Path, tmp_path: Path) -> None:
    process, folder = hold(place, tmp_path)
    end(process, signal.SIGKILL)
    assert folder.exists()
    repository = Repository.around(place)
    with repository.checked_out(repository.resolve("HEAD")):
        assert not folder.exists()
    assert left(tmp_path) == []
    assert git(place, "worktree", "list").count("\n") == 0


def test_what_another_process_still_uses_is_left_alone(place: Path, tmp_path: Path) -> None:
    process, folder = hold(place, tmp_path)
    try:
        repository = Repository.around(place)
        with repository.checked_out(repository.resolve("HEAD")):
            assert (folder / "fn" / "app.py").read_text() == "first"
        assert (folder / "fn" / "app.py").read_text() == "first"
    finally:
        end(process, signal.SIGKILL)


def test_a_worktree_of_the_person_is_left_alone(place: Path, tmp_path: Path) -> None:
    git(place, "worktree", "add", "--quiet", "--detach", str(tmp_path / "tree"))
    repository = Repository.around(tmp_path / "tree" / "fn")
    with repository.checked_out(repository.resolve("HEAD~1")) as folder:
        assert (folder / "app.py").read_text() == "first"
    assert (tmp_path / "tree" / "fn" / "app.py").read_text() == "second"


def test_what_is_left_of_a_folder_that_is_gone_is_forgotten(place: Path, tmp_path: Path) -> None:
    process, folder = hold(place, tmp_path)
    end(process, signal.SIGKILL)
    shutil.rmtree(folder.parent)
    repository = Repository.around(place)
    with repository.checked_out(repository.resolve("HEAD")):
        pass
    assert git(place, "worktree", "list").count("\n") == 0
