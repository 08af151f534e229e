"""Branches of proposals in a real repository: made without a work tree, and never over somebody else's commits."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from git_clones import GitClone, git
from proposals import SMALLER, TEMPLATE, make_change

from powertune.engine.autopilot.commands import Program
from powertune.engine.autopilot.git import PICTURES, CommitAuthor, GitRepository
from powertune.errors import BranchTaken, ForgeFailed, PowertuneError, UsageError
from powertune.iac import Edit

BRANCH = "powertune/orders-12345678"
AUTHOR = CommitAuthor(name="powertune", email="powertune@example.com")
EDITS = make_change().edits


def repository(clone: GitClone, **environment: str) -> GitRepository:
    path = shutil.which("git")
    assert path is not None
    program = Program(
        name="git",
        path=path,
        folder=clone.work,
        environment={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", **environment},
    )
    return GitRepository(git=program, author=AUTHOR)


def base_of(found: GitRepository) -> str:
    tip = found.tip("main")
    assert tip is not None
    return tip


def propose(found: GitRepository, edits: tuple[Edit, ...] = EDITS) -> str:
    commit = found.commit(base_of(found), edits, "Set orders to 512 MB\n\nWhy.\n")
    found.put(BRANCH, commit)
    return commit


def test_a_branch_holds_one_commit_with_that_one_change(clone: GitClone) -> None:
    found = repository(clone)
    assert found.default_branch() == "main"
    commit = propose(found)
    assert clone.at_origin("rev-parse", BRANCH) == commit
    assert clone.at_origin("show", f"{BRANCH}:template.yaml") == SMALLER.strip()
    assert clone.at_origin("diff", "--name-only", "main", BRANCH) == "template.yaml"
    assert clone.at_origin("rev-list", "--count", f"main..{BRANCH}") == "1"
    assert clone.at_origin("log", "-1", "--format=%an <%ae>, %cn <%ce>", BRANCH) == (
        "powertune <powertune@example.com>, powertune <powertune@example.com>"
    )
    assert clone.at_origin("log", "-1", "--format=%s", BRANCH) == "Set orders to 512 MB"
    assert found.is_ours(commit)


def test_the_clone_of_the_person_is_not_touched(clone: GitClone) -> None:
    (clone.work / "template.yaml").write_text("not committed\n")
    (clone.work / "new.txt").write_text("not tracked\n")
    clone.git("switch", "--quiet", "--create", "feature")
    clone.git("add", "new.txt")
    before = clone.snapshot()
    propose(repository(clone))
    assert clone.snapshot() == before


def test_what_the_remote_has_counts_and_not_what_is_checked_out(clone: GitClone, tmp_path: Path) -> None:
    clone.commit({"template.yaml": "a commit that was not pushed\n"}, "Later")
    propose(repository(clone))
    assert clone.at_origin("rev-list", "--count", BRANCH) == "2"


def test_a_newer_change_takes_the_place_of_the_older_one(clone: GitClone) -> None:
    found = repository(clone)
    propose(found)
    clone.commit({"README.md": "# Shop 2\n"}, "Another commit on main")
    clone.git("push", "--quiet", "origin", "main")
    propose(found, make_change(after=TEMPLATE.replace("1024", "256")).edits)
    assert clone.at_origin("rev-list", "--count", f"main..{BRANCH}") == "1"
    assert "MemorySize: 256" in clone.at_origin("show", f"{BRANCH}:template.yaml")
    assert clone.at_origin("show", f"{BRANCH}:README.md") == "# Shop 2"


@pytest.mark.parametrize("how", ["added", "amended", "merged"])
def test_commits_of_somebody_else_are_never_overwritten(clone: GitClone, how: str) -> None:
    found = repository(clone)
    propose(found)
    clone.git("fetch", "--quiet", "origin")
    clone.git("switch", "--quiet", "--create", "mine", f"origin/{BRANCH}")
    if how == "added":
        clone.commit({"README.md": "# Mine\n"}, "Mine")
    elif how == "amended":
        (clone.work / "README.md").write_text("# Mine\n")
        clone.git("commit", "--quiet", "--all", "--amend", "--no-edit")
    else:
        clone.git("switch", "--quiet", "main")
        clone.commit({"README.md": "# Shop 2\n"}, "Main")
        clone.git("switch", "--quiet", "mine")
        clone.git("merge", "--quiet", "--no-edit", "main")
    clone.git("push", "--quiet", "--force", "origin", f"mine:{BRANCH}")
    theirs = clone.at_origin("rev-parse", BRANCH)
    with pytest.raises(BranchTaken, match="holds commits that powertune has not made"):
        propose(found)
    found.delete(BRANCH)
    assert clone.at_origin("rev-parse", BRANCH) == theirs


def test_a_branch_that_moves_at_this_moment_is_left_alone(clone: GitClone) -> None:
    """Another autopilot pushes between the look and the push."""
    found = repository(clone)
    first = propose(found)
    second = found.commit(base_of(found), make_change(after=TEMPLATE.replace("1024", "256")).edits, "Second\n")
    third = found.commit(base_of(found), make_change(after=TEMPLATE.replace("1024", "128")).edits, "Third\n")
    found._push(BRANCH, second, first)
    with pytest.raises(BranchTaken, match="was changed at this moment"):
        found._push(BRANCH, third, first)
    assert clone.at_origin("rev-parse", BRANCH) == second


def test_a_branch_that_appears_at_this_moment_is_left_alone(clone: GitClone) -> None:
    found = repository(clone)
    commit = found.commit(base_of(found), EDITS, "First\n")
    clone.git("push", "--quiet", "origin", f"main:{BRANCH}")
    with pytest.raises(BranchTaken):
        found._push(BRANCH, commit, None)


def test_a_branch_is_deleted(clone: GitClone) -> None:
    found = repository(clone)
    propose(found)
    found.delete(BRANCH)
    found.delete(BRANCH)
    assert clone.at_origin("for-each-ref", "--format=%(refname)") == "refs/heads/main"


def test_no_other_branch_is_ever_pushed_to(clone: GitClone) -> None:
    found = repository(clone)
    commit = found.commit(base_of(found), EDITS, "Set it\n")
    for name in ("main", "feature", "powertune-pictures"):
        with pytest.raises(AssertionError):
            found.put(name, commit)
        with pytest.raises(AssertionError):
            found.delete(name)


def test_an_edit_of_something_else_than_is_there_is_refused(clone: GitClone) -> None:
    found = repository(clone)
    for edit in (
        Edit(path="template.yaml", before="other\n", after="new\n"),
        Edit(path="missing.yaml", before=TEMPLATE, after=SMALLER),
        Edit(path="../template.yaml", before=TEMPLATE, after=SMALLER),
    ):
        with pytest.raises(ForgeFailed, match="is not what the change was made for"):
            found.commit(base_of(found), (edit,), "Set it\n")


def test_a_link_is_not_edited(clone: GitClone) -> None:
    (clone.work / "link.yaml").symlink_to("template.yaml")
    clone.commit({}, "A link")
    clone.git("push", "--quiet", "origin", "main")
    found = repository(clone)
    base = base_of(found)
    assert not found.files(base)["link.yaml"].is_plain
    assert found.files(base)["template.yaml"].is_plain
    with pytest.raises(ForgeFailed):
        found.commit(base, (Edit(path="link.yaml", before="template.yaml", after="x"),), "Set it\n")


def test_modes_and_ends_of_lines_stay(clone: GitClone) -> None:
    text = TEMPLATE.replace("\n", "\r\n")
    clone.commit({"deep/run.sh": text, ".gitattributes": "* text=auto eol=crlf\n"}, "More")
    clone.git("update-index", "--chmod=+x", "deep/run.sh")
    clone.git("commit", "--quiet", "--message", "Executable")
    clone.git("push", "--quiet", "origin", "main")
    found = repository(clone)
    base = base_of(found)
    kept = found.content(found.files(base)["deep/run.sh"]).decode()
    propose(found, make_change(kept, kept.replace("1024", "512"), "deep/run.sh").edits)
    changed = found.files(base_of_branch(found))["deep/run.sh"]
    assert changed.mode == "100755"
    assert found.content(changed).decode() == kept.replace("1024", "512")


def base_of_branch(found: GitRepository) -> str:
    tip = found.tip(BRANCH)
    assert tip is not None
    return tip


def test_neither_hooks_nor_monitors_of_the_repository_run(clone: GitClone, tmp_path: Path) -> None:
    proof = tmp_path / "ran"
    script = f"#!/bin/sh\ntouch {proof}\nexit 1\n"
    hooks = clone.work / "hooks"
    hooks.mkdir()
    for name in ("pre-push", "pre-commit", "commit-msg", "post-checkout", "reference-transaction", "monitor"):
        (hooks / name).write_text(script)
        (hooks / name).chmod(0o755)
    for key, value in (
        ("core.hooksPath", str(hooks)),
        ("core.fsmonitor", str(hooks / "monitor")),
        ("filter.evil.clean", str(hooks / "monitor")),
        ("filter.evil.smudge", str(hooks / "monitor")),
    ):
        clone.git("config", key, value)
    found = repository(clone)
    commit = propose(found)
    assert clone.at_origin("rev-parse", BRANCH) == commit
    assert not proof.exists()


def test_variables_of_git_do_not_lead_elsewhere(clone: GitClone, tmp_path: Path) -> None:
    elsewhere = {"GIT_DIR": str(tmp_path / "x"), "GIT_WORK_TREE": "/", "GIT_INDEX_FILE": str(tmp_path / "y")}
    commit = propose(repository(clone, **elsewhere))
    assert clone.at_origin("rev-parse", BRANCH) == commit
    assert not (tmp_path / "y").exists()


def test_a_clone_that_was_cut_off_is_enough(clone: GitClone, tmp_path: Path) -> None:
    """CI systems fetch one commit only. What is proposed is still one commit on top of the branch."""
    clone.commit({"README.md": "# Shop 2\n"}, "Second")
    clone.git("push", "--quiet", "origin", "main")
    shallow = GitClone(work=tmp_path / "shallow", origin=clone.origin)
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{clone.origin}", str(shallow.work))
    found = repository(shallow)
    first = propose(found)
    clone.commit({"README.md": "# Shop 3\n"}, "Third")
    clone.git("push", "--quiet", "origin", "main")
    second = propose(found)
    assert first != second
    assert clone.at_origin("rev-list", "--count", f"main..{BRANCH}") == "1"


def test_a_clone_that_was_cut_off_stays_as_long_as_it_was(clone: GitClone, tmp_path: Path) -> None:
    for number in range(2, 6):
        clone.commit({"README.md": f"# Shop {number}\n"}, f"Commit {number}")
    clone.git("push", "--quiet", "origin", "main")
    shallow = GitClone(work=tmp_path / "shallow", origin=clone.origin)
    git(tmp_path, "clone", "--quiet", "--depth=3", f"file://{clone.origin}", str(shallow.work))
    propose(repository(shallow))
    assert shallow.git("rev-list", "--count", "main") == "3"
    clone.commit({"README.md": "# Shop 6\n"}, "Commit 6")
    clone.git("push", "--quiet", "origin", "main")
    propose(repository(shallow))
    # Its owner can go on.
    shallow.git("pull", "--quiet", "--ff-only", "origin", "main")
    assert shallow.git("rev-list", "--count", "main") == "4"


def test_pictures_have_a_branch_of_their_own(clone: GitClone) -> None:
    found = repository(clone)
    first = found.keep_picture("orders-12345678/aaaa1111.png", b"\x89PNG one")
    assert found.keep_picture("orders-12345678/aaaa1111.png", b"\x89PNG one") == first
    second = found.keep_picture("orders-12345678/bbbb2222.png", b"\x89PNG two")
    names = clone.at_origin("ls-tree", "-r", "--name-only", PICTURES).split()
    assert names == ["orders-12345678/aaaa1111.png", "orders-12345678/bbbb2222.png"]
    assert clone.at_origin("rev-parse", PICTURES) == second
    assert clone.at_origin("rev-parse", f"{PICTURES}^") == first
    # It has nothing to do with main.
    assert clone.at_origin("rev-list", "--count", PICTURES) == "2"


@pytest.mark.parametrize(
    ("address", "hosted_at"),
    [
        ("https://github.com/acme/shop.git", "github.com/acme/shop"),
        ("https://x:secret@ghe.example.com:8443/acme/shop/", "ghe.example.com/acme/shop"),
        ("git@github.com:acme/shop.git", "github.com/acme/shop"),
        ("ssh://git@ssh.github.com:443/acme/my.shop.git", "github.com/acme/my.shop"),
        ("../acme/shop", None),
        ("/srv/git/acme/shop.git", None),
        ("https://example.com/a/b/c", None),
    ],
)
def test_where_a_remote_is_hosted(address: str, hosted_at: str | None, clone: GitClone) -> None:
    clone.git("remote", "set-url", "origin", address)
    # There is nothing to choose from.
    assert repository(clone).hosted_at() is None
    clone.git("remote", "add", "upstream", "https://github.com/other/shop")
    assert repository(clone).hosted_at() == hosted_at
    assert replace(repository(clone), remote=address).hosted_at() == hosted_at


def test_names_that_are_none_are_refused(clone: GitClone) -> None:
    found = repository(clone)
    for name in ("--upload-pack=touch x", "a..b", "", "a b"):
        with pytest.raises(UsageError, match="is not the name of a branch"):
            found.tip(name)
    assert found.tip("missing") is None


def test_git_says_itself_what_is_wrong(clone: GitClone) -> None:
    clone.git("remote", "set-url", "origin", str(clone.origin.parent / "gone.git"))
    with pytest.raises(ForgeFailed, match=r"git ls-remote: .*gone\.git"):
        repository(clone).default_branch()


def test_a_token_in_an_address_is_not_repeated(clone: GitClone) -> None:
    clone.git("remote", "set-url", "origin", "http://user:secret@127.0.0.1:9/x.git")
    with pytest.raises(PowertuneError) as caught:
        repository(clone).default_branch()
    assert "secret" not in caught.value.message
    assert "127.0.0.1" in caught.value.message
