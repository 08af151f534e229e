"""The step that comments on the pull request that started the workflow, or leaves the comment in the artifact."""

import json
import sys
from pathlib import Path

import runner
from github_api import GitHub, GitHubRefused
from measure import NO_REPORT
from sticky_comment import StickyComment, post

#: The file in the artifact that another workflow posts.
LEFT = "comment.json"
_MODES = ("auto", "true", "false")
_WHY = "Grant `pull-requests: write`, or let a workflow on `workflow_run` post it: pull requests of forks need that"


def main() -> int:
    """Exit code 1 if the comment had to be posted, and was not."""
    try:
        return _comment()
    except runner.StepFailed as failure:
        runner.annotate("error", str(failure))
        return 1


def _comment() -> int:
    mode = runner.value("INPUT_COMMENT")
    if mode not in _MODES:
        raise runner.StepFailed(f"comment: {mode!r}: set the input `comment` to one of {', '.join(_MODES)}")
    event = runner.event()
    if "pull_request" not in event:
        return 0
    folder = Path(runner.value("REPORT"))
    comment = StickyComment(
        pull_request=int(event["pull_request"]["number"]),
        key=runner.value("INPUT_COMMENT_KEY"),
        text=_text(folder),
        footer=footer(str(event["pull_request"]["head"]["sha"]), runner.value("GITHUB_RUN_ID")),
    )
    try:
        number, address = post(github(), comment)
    except GitHubRefused as refused:
        _leave(folder, comment)
        kind, code = ("error", 1) if mode == "true" else ("notice" if refused.is_permission else "warning", 0)
        why = _WHY if refused.is_permission else "Run the job again to post it"
        runner.annotate(kind, f"the comment is left in the artifact: {refused}. {why}")
        return code
    runner.set_output("comment-id", str(number))
    sys.stdout.write(f"posted {address}\n")
    return 0


def github() -> GitHub:
    """The repository of the workflow, as the token of this step may see it."""
    api = (runner.value("GITHUB_API_URL"), runner.value("GITHUB_GRAPHQL_URL"))
    return GitHub(runner.value("GITHUB_REPOSITORY"), runner.value("TOKEN"), api)


def footer(commit: str, run_id: str) -> str:
    """Says which commit a comment is about: it is updated in place."""
    address = f"{runner.value('GITHUB_SERVER_URL')}/{runner.value('GITHUB_REPOSITORY')}/actions/runs/{run_id}"
    return f"<sub>Commit {commit[:12]} · [workflow run]({address})</sub>"


def _text(folder: Path) -> str:
    report = folder / "report.md"
    if report.is_file():
        return report.read_text(encoding="utf-8")
    return f"### powertune: exit code {runner.value('EXIT_CODE')}\n\n{NO_REPORT}"


def _leave(folder: Path, comment: StickyComment) -> None:
    left = {"key": comment.key, "pull_request": comment.pull_request, "text": comment.text}
    (folder / LEFT).write_text(json.dumps(left), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
