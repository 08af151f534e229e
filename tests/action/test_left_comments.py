"""What a workflow run of a fork left is posted by another workflow, which trusts nothing of it."""

import json
from pathlib import Path
from typing import Any

import pytest
from action_job import HEAD, PULL_REQUEST, Job
from composite_action import ROOT, Ended
from sticky_comment import BODY_LIMIT

pytestmark = pytest.mark.long

ACTION = ROOT / "action" / "comment" / "action.yml"
FORK = {"id": 5, "full_name": "stranger/shop", "owner": {"login": "stranger"}}


def event(**changes: Any) -> dict[str, Any]:
    run = {"id": 4242, "event": "pull_request", "head_sha": HEAD, "head_branch": "topic", "head_repository": FORK}
    return {"workflow_run": {**run, "pull_requests": [], **changes}}


def pull(
    number: int, sha: str = HEAD, repository: dict[str, Any] | None = FORK, branch: str = "topic"
) -> dict[str, Any]:
    return {"number": number, "head": {"label": f"stranger:{branch}", "sha": sha, "repo": repository}}


def leave(job: Job, document: object, name: str = "powertune-report") -> Path:
    path = job.artifacts / name / "comment.json"
    path.parent.mkdir(parents=True)
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


def comment(**changes: Any) -> dict[str, Any]:
    return {"key": "gate", "pull_request": 7, "text": "# Gate failed", **changes}


def post(job: Job, **changes: Any) -> Ended:
    return job.action(event(**changes), ACTION).run()


def test_what_a_gate_on_a_fork_left_is_posted(job: Job) -> None:
    job.github.writable = False
    assert job.told(10, md="# Gate failed\n").run(PULL_REQUEST, options="--run orders").failed
    assert job.github.comments == {}
    job.github.writable = True
    job.github.pulls = [pull(6, sha="0" * 40), pull(7)]
    assert not post(job).failed
    assert not post(job).failed
    (posted,) = job.github.comments[7]
    assert posted["body"] == (
        "<!-- powertune-gate: gate -->\n"
        "*Measured by a workflow run of code from stranger/shop, which decides what is said here.*\n\n"
        "# Gate failed\n\n"
        f"<sub>Commit {HEAD[:12]} · [workflow run](https://github.example/acme/shop/actions/runs/4242)</sub>\n"
    )


def test_the_number_in_the_artifact_does_not_decide_where_a_comment_goes(job: Job) -> None:
    leave(job, comment(pull_request=1))
    job.github.pulls = [pull(7)]
    assert not post(job).failed
    assert list(job.github.comments) == [7]


def test_it_chooses_among_pull_requests_of_the_same_commit(job: Job) -> None:
    job.github.pulls = [pull(7), pull(8)]
    leave(job, comment(pull_request=8), "one")
    leave(job, comment(pull_request=9), "two")
    assert not post(job).failed
    assert list(job.github.comments) == [8]


@pytest.mark.parametrize(
    ("pulls", "changes"),
    [
        ([], {}),
        ([pull(7, sha="0" * 40)], {}),
        ([pull(7, repository={**FORK, "id": 6})], {}),
        ([pull(7, repository=None)], {}),
        ([pull(7, branch="other")], {}),
        ([pull(7)], {"event": "push"}),
        ([pull(7)], {"event": "pull_request_target"}),
        ([pull(7)], {"head_repository": None}),
        ([pull(7)], {"head_branch": "topic&head=stranger:topic"}),
    ],
)
def test_without_an_open_pull_request_of_that_commit_nothing_is_posted(
    job: Job, pulls: list[dict[str, Any]], changes: dict[str, Any]
) -> None:
    leave(job, comment())
    job.github.pulls = pulls
    ended = post(job, **changes)
    assert not ended.failed
    assert "::notice title=powertune::no open pull request has abcdef" in ended.logs["Post the comments"]
    assert job.github.comments == {}


@pytest.mark.parametrize(
    "document",
    [
        "",
        "[]",
        "{}",
        "null",
        "\udcff".encode("utf-8", "surrogateescape").decode("latin-1"),
        '{"key": "gate", "pull_request": 7, "text": "\\ud800"}',
        comment(key="gate -->\n<script>"),
        comment(pull_request="7; touch evaluated"),
        comment(pull_request=None),
        '{"key": "gate", "pull_request": Infinity, "text": ""}',
        comment(text=["a list"]),
        comment(text="x" * 6 * BODY_LIMIT + "x" * 1024),
        "[" * 100_000,
    ],
)
def test_a_damaged_comment_is_skipped_and_the_next_one_posted(job: Job, document: object) -> None:
    leave(job, document, "one")
    leave(job, comment(key="good"), "two")
    job.github.pulls = [pull(7)]
    ended = post(job)
    assert not ended.failed, ended.logs
    assert "::warning title=powertune::a comment that was left cannot be read" in ended.logs["Post the comments"]
    assert [each["body"].split("\n")[0] for each in job.github.comments[7]] == ["<!-- powertune-gate: good -->"]


@pytest.mark.parametrize("linked", ["file", "folder"])
def test_a_link_in_an_artifact_leads_nowhere(job: Job, linked: str) -> None:
    secret = job.folder / "secret" / "comment.json"
    secret.parent.mkdir()
    secret.write_text(json.dumps(comment(text="the secret")))
    job.artifacts.mkdir()
    if linked == "folder":
        (job.artifacts / "powertune-report").symlink_to(secret.parent)
    else:
        (job.artifacts / "powertune-report").mkdir()
        (job.artifacts / "powertune-report" / "comment.json").symlink_to(secret)
    job.github.pulls = [pull(7)]
    assert not post(job).failed
    assert job.github.comments == {}


def test_nobody_is_mentioned_and_no_other_comment_is_taken(job: Job) -> None:
    text = "<!-- powertune-gate: other -->\n@acme/everyone $(touch evaluated) ${{ github.token }}"
    leave(job, comment(text=text))
    other = job.github.add(7, "<!-- powertune-gate: other -->\nwritten by the gate")
    job.github.pulls = [pull(7)]
    assert not post(job).failed
    assert other["body"].endswith("written by the gate")
    body = job.github.comments[7][1]["body"]
    assert "@acme" not in body
    assert "@\u200bacme/everyone $(touch evaluated) ${{ github.token }}" in body
    assert list(job.folder.rglob("evaluated")) == []


def test_a_long_comment_is_shortened(job: Job) -> None:
    leave(job, comment(text="line\n" * 20_000))
    job.github.pulls = [pull(7)]
    assert not post(job).failed
    assert BODY_LIMIT - 200 < len(job.github.comments[7][0]["body"]) <= BODY_LIMIT


def test_no_more_comments_are_posted_than_a_pull_request_bears(job: Job) -> None:
    for number in range(30):
        leave(job, comment(key=f"gate-{number}"), f"report-{number}")
    job.github.pulls = [pull(7)]
    assert not post(job).failed
    assert len(job.github.comments[7]) == 20


def test_nothing_left_is_fine(job: Job) -> None:
    assert not post(job).failed
    assert job.github.calls == []


def test_a_token_that_may_not_write_fails_the_job(job: Job) -> None:
    leave(job, comment())
    job.github.pulls, job.github.writable = [pull(7)], False
    ended = post(job)
    assert ended.failed
    assert "::error title=powertune::GitHub answered 403" in ended.logs["Post the comments"]


def test_another_event_is_refused(job: Job) -> None:
    ended = job.action(PULL_REQUEST, ACTION).run()
    assert ended.failed
    assert "start this workflow on `workflow_run`" in ended.logs["Post the comments"]
