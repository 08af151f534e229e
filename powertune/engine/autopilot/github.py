"""Proposals as pull requests of GitHub: branches by `git`, everything else by `gh`."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from powertune.autopilot.promise import Promise, ProposalRecord, found_in, hidden
from powertune.autopilot.pull_request import (
    BRANCHES,
    PullRequest,
    PullRequestState,
    branch_of,
)
from powertune.engine.autopilot.commands import Program
from powertune.engine.autopilot.git import GitRepository
from powertune.engine.autopilot.protocols import Proposal
from powertune.errors import ForgeFailed, PowertuneError

_FIELDS = "number,url,state,headRefName,isCrossRepository,body,labels,closedAt,mergedAt,mergeable"
_COLOR, _ABOUT = "0e8a16", "Memory sizes that powertune has measured"
#: More open pull requests than a repository has.
_MOST_OPEN = "1000"


@dataclass(frozen=True, slots=True, kw_only=True)
class GitHubForge:
    """The pull requests of a repository. `base` is the branch that they lead to, and `base_commit` its commit."""

    gh: Program
    repository: GitRepository
    base: str
    base_commit: str

    def find(self, function_arn: str) -> PullRequest | None:
        """The newest pull request of a function: an open one, if there is any, else the one with the highest number.

        It is asked for by its branch, which GitHub answers from its database. A search would be answered from an
        index that is some seconds behind. Pull requests from forks are of people who may not write to the repository.
        """
        branch = branch_of(function_arn)
        found = [
            each for each in self._list("--state", "all", "--head", branch, "--limit", "100") if each.branch == branch
        ]
        return max(found, key=lambda each: (each.is_open, _number(each)), default=None)

    def open_branches(self) -> frozenset[str]:
        """The branches of the proposals that are open."""
        return frozenset(each.branch for each in self._list("--state", "open", "--limit", _MOST_OPEN))

    def keep_picture(self, promise: Promise, picture: bytes) -> str | None:
        """Keep a picture on a branch of its own. Its address is relative, so that GitHub shows it to those who may
        read the repository, and to nobody else.

        Without it, the pull request has the figures still: a picture that cannot be kept is left out.
        """
        path = f"{branch_of(promise.function_arn).removeprefix(BRANCHES)}/{promise.run_id}.png"
        try:
            commit = self.repository.keep_picture(path, picture)
        except PowertuneError:
            return None
        return f"../blob/{commit}/{path}?raw=true"

    def open(self, proposal: Proposal) -> PullRequest:
        """Push the branch, and make a pull request; or update the one that somebody has made at this moment."""
        self._push(proposal)
        self._make_labels(proposal.labels)
        labels = [word for label in proposal.labels for word in ("--label", label)]
        about = ("--base", self.base, "--head", proposal.branch, "--title", proposal.title, "--body-file", "-")
        try:
            self.gh.run("pr", "create", *about, *labels, data=proposal.body.encode())
        except ForgeFailed:
            found = self.find(proposal.promise.function_arn)
            if found is None or not found.is_open:
                raise
            return self._edit(found, proposal)
        found = self.find(proposal.promise.function_arn)
        if found is None:
            raise ForgeFailed("gh has made a pull request that it does not list", hint="look at the repository")
        return found

    def update(self, existing: PullRequest, proposal: Proposal) -> PullRequest:
        """Move the branch, and rewrite the pull request."""
        self._push(proposal)
        return self._edit(existing, proposal)

    def tell(self, existing: PullRequest, record: ProposalRecord, note: str) -> None:
        """Keep the record first: a note that is missing is better than one that is written at every run."""
        self._keep(existing, record)
        self.gh.run("pr", "comment", _digits(existing), "--body-file", "-", data=note.encode())

    def close(self, existing: PullRequest, record: ProposalRecord, note: str) -> None:
        """Say why, close it, and delete its branch unless somebody else has commits there."""
        self.tell(existing, record, note)
        self.gh.run("pr", "close", _digits(existing))
        self.repository.delete(existing.branch)

    def _push(self, proposal: Proposal) -> None:
        commit = self.repository.commit(self.base_commit, proposal.change.edits, proposal.message)
        self.repository.put(proposal.branch, commit)

    def _edit(self, existing: PullRequest, proposal: Proposal) -> PullRequest:
        self._change(existing, {"title": proposal.title, "body": proposal.body})
        return replace(existing, body=proposal.body, record=found_in(proposal.body))

    def _keep(self, existing: PullRequest, record: ProposalRecord) -> None:
        old = existing.record
        if old is None or old == record:
            return
        start, end = _place(existing.body)
        body = existing.body[:start] + hidden(record) + existing.body[end:]
        self._change(existing, {"body": body})

    def _change(self, existing: PullRequest, fields: Mapping[str, str]) -> None:
        """Change title or text by the API: `gh pr edit` asks for projects, which tokens of workflows may not read."""
        path = f"repos/{{owner}}/{{repo}}/pulls/{_digits(existing)}"
        self.gh.run("api", "--method", "PATCH", path, "--input", "-", data=json.dumps(fields).encode())

    def _make_labels(self, labels: Sequence[str]) -> None:
        """Make the labels that are missing: a pull request cannot be made with a label that is not there."""
        known = {
            each["name"].lower() for each in self._json("label", "list", "--limit", _MOST_OPEN, "--json", "name")
        }
        for label in labels:
            if label.lower() not in known:
                self.gh.run("label", "create", label, "--color", _COLOR, "--description", _ABOUT)

    def _list(self, *which: str) -> list[PullRequest]:
        found = self._json("pr", "list", *which, "--json", _FIELDS)
        return [
            _pull_request(each)
            for each in found
            if not each["isCrossRepository"] and each["headRefName"].startswith(BRANCHES)
        ]

    def _json(self, *arguments: str) -> list[Mapping[str, Any]]:
        answer = self.gh.run(*arguments)
        try:
            found = json.loads(answer)
        except ValueError:
            raise ForgeFailed(f"gh {' '.join(arguments[:2])} did not answer with JSON", hint="update gh") from None
        if not isinstance(found, list):
            raise ForgeFailed(f"gh {' '.join(arguments[:2])} did not answer with a list", hint="update gh")
        return found


def _pull_request(answer: Mapping[str, Any]) -> PullRequest:
    ended = answer["mergedAt"] or answer["closedAt"]
    return PullRequest(
        name=f"#{answer['number']}",
        branch=answer["headRefName"],
        state=PullRequestState(answer["state"].lower()),
        # GitHub keeps texts that are edited in a browser with the line ends of one.
        body=(body := answer["body"].replace("\r\n", "\n")),
        record=found_in(body),
        labels=tuple(each["name"] for each in answer["labels"]),
        url=answer["url"],
        ended_at=datetime.fromisoformat(ended).timestamp() if ended else None,
        conflicting=answer["mergeable"] == "CONFLICTING",
    )


def _place(body: str) -> tuple[int, int]:
    """Where the record stands in the text."""
    record = found_in(body)
    assert record is not None
    start = body.index("<!-- powertune-record: ")
    return start, body.index("-->", start) + len("-->")


def _number(found: PullRequest) -> int:
    return int(_digits(found))


def _digits(found: PullRequest) -> str:
    return found.name.removeprefix("#")
