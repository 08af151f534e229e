"""Posts the comments that a workflow run left in its artifacts because its token may not write.

The run may have been that of a fork, so whoever opened the pull request decides what the artifacts hold. They are
read as data, and never decide where a comment goes. That follows from the event, in which GitHub names the commit.
"""

import json
import os
import stat
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import runner
from github_api import GitHub, GitHubRefused
from post_comment import LEFT, footer, github
from sticky_comment import BODY_LIMIT, StickyComment, post

_MOST_COMMENTS = 20
# Each character of a text takes at most six bytes, as `\\uXXXX`.
_MOST_BYTES = 6 * BODY_LIMIT + 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A comment as an artifact holds it. Nothing of it is trusted."""

    key: str
    pull_request: int
    text: str


def main() -> int:
    """Exit code 1 if a comment was there and could not be posted."""
    run = runner.event().get("workflow_run")
    try:
        if run is None:
            raise runner.StepFailed("there is no workflow run in the event: start this workflow on `workflow_run`")
        return _post_all(run, github())
    except (runner.StepFailed, GitHubRefused) as failure:
        runner.annotate("error", str(failure))
        return 1


def _post_all(run: Mapping[str, Any], repository: GitHub) -> int:
    left = tuple(_left(Path(runner.value("ARTIFACTS"))))
    if not left:
        sys.stdout.write("the workflow run has left no comment\n")
        return 0
    numbers = _pull_requests(run, repository)
    for comment in left:
        # The number only chooses among pull requests of that very commit.
        number = comment.pull_request if comment.pull_request in numbers else None
        number = numbers[0] if len(numbers) == 1 else number
        if number is None:
            runner.annotate("notice", f"no open pull request has {run['head_sha']} as its head: it may have moved on")
            continue
        _, address = post(repository, _comment(comment, number, run))
        sys.stdout.write(f"posted {address}\n")
    return 0


def _pull_requests(run: Mapping[str, Any], repository: GitHub) -> tuple[int, ...]:
    """The open pull requests whose head is the commit of the run. The event itself names none for a fork."""
    source = run.get("head_repository") or {}
    if run.get("event") != "pull_request" or not source:
        return ()
    head = f"{source['owner']['login']}:{run['head_branch']}"
    return tuple(
        int(pull["number"])
        for pull in repository.listed("/pulls", state="open", head=head)
        if pull["head"]["sha"] == run["head_sha"] and (pull["head"]["repo"] or {}).get("id") == source["id"]
    )


def _comment(left: Left, number: int, run: Mapping[str, Any]) -> StickyComment:
    name = run["head_repository"]["full_name"]
    said = f"*Measured by a workflow run of code from {name}, which decides what is said here.*"
    # Nobody is notified at the wish of a stranger.
    text = left.text.replace("@", "@\u200b")
    return StickyComment(
        pull_request=number,
        key=left.key,
        text=f"{said}\n\n{text}",
        footer=footer(str(run["head_sha"]), str(run["id"])),
    )


def _left(folder: Path) -> Iterator[Left]:
    """The comments in the downloaded artifacts: real files only, so that no link leads to a file of the runner."""
    found = [
        Path(place) / LEFT for place, _, names in os.walk(folder, followlinks=False) for name in names if name == LEFT
    ]
    for path in sorted(found)[:_MOST_COMMENTS]:
        try:
            yield _read(path)
        except (OSError, ValueError, KeyError, TypeError, RecursionError, runner.StepFailed) as error:
            runner.annotate("warning", f"a comment that was left cannot be read: {error}")


def _read(path: Path) -> Left:
    found = path.lstat()
    if not stat.S_ISREG(found.st_mode) or found.st_size > _MOST_BYTES:
        raise ValueError("not a file of the size of a comment")
    document = json.loads(path.read_text(encoding="utf-8"))
    key, number, text = (document[name] for name in ("key", "pull_request", "text"))
    if not (isinstance(key, str) and isinstance(number, int) and isinstance(text, str)):
        raise TypeError("not a comment")
    text.encode()  # A lone surrogate is no text.
    StickyComment(pull_request=number, key=key, text=text, footer="")
    return Left(key=key, pull_request=number, text=text)


if __name__ == "__main__":
    sys.exit(main())
