"""Pull requests of GitHub: what `git` pushes to a real repository, and what `gh` is called with."""

import os
import shutil
from pathlib import Path

import pytest
from fake_gh import FakeGh
from git_clones import GitClone
from proposals import ARN, TEMPLATE, make_change, make_promise, make_proposal

from powertune.autopilot.promise import ProposalRecord, Standing, found_in, hidden
from powertune.autopilot.pull_request import PullRequestState, branch_of, marker_of
from powertune.engine.autopilot.commands import Program
from powertune.engine.autopilot.git import PICTURES, CommitAuthor, GitRepository
from powertune.engine.autopilot.github import GitHubForge
from powertune.errors import AccessDenied, BranchTaken, ForgeFailed, Unavailable

BRANCH = branch_of(ARN)


def forge(clone: GitClone, gh: FakeGh) -> GitHubForge:
    path = shutil.which("git")
    assert path is not None
    environment = {
        **os.environ,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_DIR": "/elsewhere",
        "GH_FORCE_TTY": "1",
        "GH_TOKEN": "secret",
    }
    git = Program(name="git", path=path, folder=clone.work, environment=environment)
    repository = GitRepository(git=git, author=CommitAuthor(name="powertune", email="p@example.com"))
    commit = repository.tip("main")
    assert commit is not None
    program = Program(name="gh", path=str(gh.path), folder=clone.work, environment=environment)
    return GitHubForge(gh=program, repository=repository, base="main", base_commit=commit)


def test_a_pull_request_is_opened_and_found_again(clone: GitClone, gh: FakeGh) -> None:
    found = forge(clone, gh)
    assert found.find(ARN) is None
    proposal = make_proposal()
    opened = found.open(proposal)
    assert (opened.name, opened.branch, opened.state) == ("#1", BRANCH, PullRequestState.OPEN)
    assert opened.record == ProposalRecord(promise=make_promise())
    assert opened.url == "https://github.com/acme/shop/pull/1"
    assert found.find(ARN) == opened
    assert found.open_branches() == {BRANCH}
    (kept,) = gh.pull_requests
    assert (kept["title"], kept["body"], kept["baseRefName"]) == (proposal.title, proposal.body, "main")
    assert [each["name"] for each in kept["labels"]] == ["powertune"]
    assert clone.at_origin("diff", "--name-only", "main", BRANCH) == "template.yaml"


def test_gh_is_called_without_a_shell_a_terminal_or_another_repository(clone: GitClone, gh: FakeGh) -> None:
    forge(clone, gh).open(make_proposal())
    create = next(call for call in gh.calls if call[:2] == ["pr", "create"])
    assert create == [
        *("pr", "create", "--base", "main", "--head", BRANCH),
        *("--title", "Set orders to 512 MB, which saves about $12.30 a month"),
        *("--body-file", "-", "--label", "powertune"),
    ]
    for environment in gh.environments:
        assert environment["GH_PROMPT_DISABLED"] == "1"
        assert environment["GH_TOKEN"] == "secret"
        assert not {"GH_FORCE_TTY", "GIT_DIR"} & environment.keys()


def test_a_label_that_is_missing_is_made_once(clone: GitClone, gh: FakeGh) -> None:
    found = forge(clone, gh)
    found.open(make_proposal())
    found._make_labels(("powertune", "BUG"))
    assert [call[2] for call in gh.calls if call[:2] == ["label", "create"]] == ["powertune"]


def test_an_update_moves_the_branch_and_rewrites_the_text(clone: GitClone, gh: FakeGh) -> None:
    found = forge(clone, gh)
    opened = found.open(make_proposal())
    newer = make_proposal(make_change(after=TEMPLATE.replace("1024", "256")), run_id="bbbb2222")
    found.update(opened, newer)
    (kept,) = gh.pull_requests
    assert kept["body"] == newer.body
    assert "256" in clone.at_origin("show", f"{BRANCH}:template.yaml")
    assert clone.at_origin("rev-list", "--count", f"main..{BRANCH}") == "1"


def test_there_are_never_two_for_one_function(clone: GitClone, gh: FakeGh) -> None:
    """Another autopilot has opened one since this one looked: GitHub refuses the second, and the first is updated."""
    found = forge(clone, gh)
    found.open(make_proposal())
    again = found.open(make_proposal(run_id="bbbb2222"))
    assert len(gh.pull_requests) == 1
    assert again.record is not None
    assert again.record.promise.run_id == "bbbb2222"


def test_a_branch_of_somebody_else_is_not_touched(clone: GitClone, gh: FakeGh) -> None:
    clone.git("push", "--quiet", "origin", f"main:{BRANCH}")
    with pytest.raises(BranchTaken):
        forge(clone, gh).open(make_proposal())
    assert gh.pull_requests == []


def test_closing_keeps_why_and_deletes_the_branch(clone: GitClone, gh: FakeGh) -> None:
    found = forge(clone, gh)
    opened = found.open(make_proposal())
    withdrawn = ProposalRecord(promise=make_promise(), standing=Standing.WITHDRAWN)
    found.close(opened, withdrawn, "Closed, because.")
    (kept,) = gh.pull_requests
    assert (kept["state"], kept["comments"]) == ("CLOSED", ["Closed, because."])
    closed = found.find(ARN)
    assert closed is not None
    assert (closed.state, closed.record, closed.ended_at) == (PullRequestState.CLOSED, withdrawn, 1_800_000_000.0)
    # Only the record has changed.
    assert kept["body"] == make_proposal().body.replace(
        hidden(ProposalRecord(promise=make_promise())), hidden(withdrawn)
    )
    assert clone.at_origin("for-each-ref", "--format=%(refname)") == "refs/heads/main"


def test_a_branch_that_was_closed_serves_again(clone: GitClone, gh: FakeGh) -> None:
    found = forge(clone, gh)
    opened = found.open(make_proposal())
    found.close(opened, ProposalRecord(promise=make_promise(), standing=Standing.WITHDRAWN), "Why.")
    assert found.open(make_proposal(run_id="bbbb2222")).name == "#2"
    newest = found.find(ARN)
    assert newest is not None
    assert newest.name == "#2"


def test_pull_requests_of_forks_and_of_other_functions_are_not_ours(clone: GitClone, gh: FakeGh) -> None:
    text = f"{marker_of(ARN)}\n{hidden(ProposalRecord(promise=make_promise()))}"
    gh.add(headRefName=BRANCH, isCrossRepository=True, body=text)
    gh.add(headRefName="feature", body=text)
    found = forge(clone, gh)
    assert found.find(ARN) is None
    assert found.open_branches() == frozenset()


def test_one_whose_text_was_rewritten_is_found_by_its_branch(clone: GitClone, gh: FakeGh) -> None:
    found = forge(clone, gh)
    found.open(make_proposal())
    gh.change(1, body="My own words.")
    rewritten = found.find(ARN)
    assert rewritten is not None
    assert (rewritten.name, rewritten.record) == ("#1", None)
    assert found.update(rewritten, make_proposal()).record is not None


def test_line_ends_of_a_browser_do_no_harm(clone: GitClone, gh: FakeGh) -> None:
    found = forge(clone, gh)
    found.open(make_proposal())
    gh.change(1, body=gh.pull_requests[0]["body"].replace("\n", "\r\n"))
    assert found_in(gh.pull_requests[0]["body"]) is not None
    again = found.find(ARN)
    assert again is not None
    assert again.record == ProposalRecord(promise=make_promise())


def test_a_merged_one_says_when(clone: GitClone, gh: FakeGh) -> None:
    found = forge(clone, gh)
    found.open(make_proposal())
    gh.change(1, state="MERGED", mergedAt="2027-01-15T08:00:00Z", closedAt="2027-01-15T08:00:00Z")
    merged = found.find(ARN)
    assert merged is not None
    assert (merged.state, merged.ended_at) == (PullRequestState.MERGED, 1_800_000_000.0)
    assert found.open_branches() == frozenset()


def test_a_picture_has_an_address_that_follows_the_rights_of_the_repository(clone: GitClone, gh: FakeGh) -> None:
    address = forge(clone, gh).keep_picture(make_promise(), b"\x89PNG")
    commit = clone.at_origin("rev-parse", PICTURES)
    assert address == f"../blob/{commit}/{BRANCH.removeprefix('powertune/')}/aaaa1111.png?raw=true"


def test_a_picture_that_cannot_be_kept_is_left_out(clone: GitClone, gh: FakeGh) -> None:
    found = forge(clone, gh)
    (clone.origin / "hooks" / "update").write_text("#!/bin/sh\nexit 1\n")
    (clone.origin / "hooks" / "update").chmod(0o755)
    assert found.keep_picture(make_promise(), b"\x89PNG") is None


@pytest.mark.parametrize(
    ("words", "code", "kind"),
    [
        ("To get started with GitHub CLI, please run: gh auth login", 4, AccessDenied),
        ("HTTP 403: Resource not accessible by integration", 1, AccessDenied),
        ("HTTP 502: Bad gateway", 1, Unavailable),
        ("GraphQL: API rate limit already exceeded for user", 1, Unavailable),
        ("GraphQL: GitHub Actions is not permitted to create or approve pull requests", 1, ForgeFailed),
    ],
)
def test_what_gh_says_is_an_error_with_a_next_step(
    clone: GitClone, gh: FakeGh, words: str, code: int, kind: type[Exception]
) -> None:
    gh.fail_next("pr list", words, code)
    with pytest.raises(kind, match="gh pr: ") as caught:
        forge(clone, gh).find(ARN)
    assert words[:20] in str(caught.value)


def test_an_answer_that_is_none_is_an_error(clone: GitClone, gh: FakeGh) -> None:
    gh.path.write_text("#!/bin/sh\necho not json\n")
    with pytest.raises(ForgeFailed, match="did not answer with JSON"):
        forge(clone, gh).find(ARN)


def test_a_program_that_is_gone_is_an_error(clone: GitClone, gh: FakeGh, tmp_path: Path) -> None:
    found = forge(clone, gh)
    gh.path.unlink()
    with pytest.raises(ForgeFailed, match="gh cannot be run: No such file"):
        found.find(ARN)
