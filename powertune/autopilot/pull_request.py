"""A pull request of a function, as a forge tells it, or a folder that stands for one."""

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum

from powertune.autopilot.promise import ProposalRecord
from powertune.model import FunctionRef

#: Whoever puts this label on a pull request, or this tag on a function, is left alone.
IGNORE = "powertune-ignore"
LABEL = "powertune"
#: All branches of proposals begin like this, and no other branch is ever pushed to but that of the pictures.
BRANCHES = "powertune/"
_OTHER = re.compile(r"[^A-Za-z0-9_-]")


class PullRequestState(StrEnum):
    """What has become of a pull request."""

    OPEN = "open"
    MERGED = "merged"
    CLOSED = "closed"
    OFFERED = "offered"
    """It is a folder, which nobody can merge: only the function tells whether somebody has applied it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequest:
    """A pull request. `name` is its number with `#`, or the folder; `url` is where people find it.

    `record` is what it holds for the next run; None where somebody has damaged it. `conflicting` says that it
    cannot be merged, as its files have changed since.
    `ended_at` is when it was merged or closed, in seconds since the epoch; None while it is open, or if that is not
    known.
    """

    name: str
    branch: str
    state: PullRequestState
    body: str = ""
    record: ProposalRecord | None = None
    labels: tuple[str, ...] = ()
    url: str = ""
    ended_at: float | None = None
    conflicting: bool = False

    @property
    def is_open(self) -> bool:
        """Whether people still have to decide about it."""
        return self.state in (PullRequestState.OPEN, PullRequestState.OFFERED)


def branch_of(function_arn: str) -> str:
    """The branch of a function: always the same one, so that a forge refuses a second pull request for it.

    Functions of the same name in other accounts and regions have others.
    """
    ref = FunctionRef.parse(function_arn)
    digest = hashlib.sha256(ref.unqualified.encode()).hexdigest()[:8]
    return f"{BRANCHES}{_OTHER.sub('-', ref.name)}-{digest}"


def marker_of(function_arn: str) -> str:
    """What says, in the text of a pull request, which function it is about."""
    return f"<!-- powertune-autopilot: {FunctionRef.parse(function_arn).unqualified} -->"
