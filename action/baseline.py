"""Finds the commit that a pull request starts from, in the clone that the workflow has made."""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runner import StepFailed

_SHA = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_HINT = "Set `fetch-depth: 2` for actions/checkout, or `fetch-depth: 0` if it checks out the head of the pull request"


def base_commit(event: Mapping[str, Any], checked_out: str, folder: Path) -> str | None:
    """The commit without the change that started the workflow; None if the event is not about a change to merge.

    Args:
        event: the payload of the event.
        checked_out: the commit that GitHub has started the workflow for.
        folder: a folder of the clone.

    Raises:
        StepFailed: the clone does not have the commit, and it cannot be fetched.
    """
    base = _named(event)
    if base is None:
        return None
    if _SHA.fullmatch(base) is None:
        raise StepFailed(f"the event names {base!r} as its base, which is no commit")
    commit = _git(folder, "cat-file", "commit", "HEAD")
    head = _git(folder, "rev-parse", "HEAD").strip()
    parents = re.findall(r"^parent ([0-9a-f]+)$", commit.partition("\n\n")[0], flags=re.MULTILINE)
    if "merge_group" not in event:
        if head == checked_out and len(parents) == 2:
            # GitHub's own merge of base and head. Its first parent may be newer than the base in the event.
            base = parents[0]
        else:
            _fetch(folder, base)
            base = _git(folder, "merge-base", "HEAD", base).strip()
    _fetch(folder, base)
    return base


def _named(event: Mapping[str, Any]) -> str | None:
    if "pull_request" in event:
        return str(event["pull_request"]["base"]["sha"])
    if "merge_group" in event:
        return str(event["merge_group"]["base_sha"])
    return None


def _fetch(folder: Path, commit: str) -> None:
    """Get a commit that the clone lacks. A clone without history gets no history."""
    try:
        _git(folder, "cat-file", "-e", f"{commit}^{{commit}}")
    except StepFailed:
        shallow = _git(folder, "rev-parse", "--is-shallow-repository").strip() == "true"
        depth = ("--depth=1",) if shallow else ()
        _git(folder, "fetch", "--quiet", "--no-tags", *depth, "origin", commit)


def _git(folder: Path, *words: str) -> str:
    command = ["git", "-C", str(folder), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - no word is an option
    if done.returncode != 0:
        said = next(iter(done.stderr.splitlines()), f"exit code {done.returncode}")
        raise StepFailed(f"the base of this change is not in the clone: git {words[0]}: {said}. {_HINT}")
    return done.stdout
