"""What the autopilot needs of the world: who keeps proposals, and who changes infrastructure code."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from powertune.autopilot.promise import Promise, ProposalRecord
from powertune.autopilot.pull_request import PullRequest
from powertune.autopilot.verification import DayOfUse
from powertune.iac import Change
from powertune.model import Configuration, FunctionRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """All that a pull request is made of. `report` is Markdown; `picture` a PNG, None if there is none."""

    promise: Promise
    branch: str
    title: str
    body: str
    message: str
    labels: tuple[str, ...]
    change: Change
    report: str
    picture: bytes | None


class ReadsUse(Protocol):
    """How production uses functions."""

    def days(self, function: FunctionRef, start: float, end: float) -> Sequence[DayOfUse]:
        """How a function was used, day by day, from one moment to another, in seconds since the epoch."""
        ...

    def aliases(self, function: FunctionRef) -> Mapping[str, tuple[str, ...]]:
        """The versions that each alias leads to, by the alias's name."""
        ...


class ChangesCode(Protocol):
    """Finds the place in infrastructure code where a function's configuration is defined."""

    def change(self, function: FunctionRef, present: Configuration, wanted: Configuration) -> Change:
        """What gives the function the wanted configuration; without edits, the code already has it.

        Args:
            present: what the function has.

        Raises:
            UsageError: the place cannot be found, or must not be changed.
        """
        ...


class Forge(Protocol):
    """Keeps proposals where people decide about them."""

    def find(self, function_arn: str) -> PullRequest | None:
        """The newest pull request of a function, whatever has become of it; None if there never was one."""
        ...

    def open_branches(self) -> frozenset[str]:
        """The branches of the proposals that are open."""
        ...

    def keep_picture(self, promise: Promise, picture: bytes) -> str | None:
        """Keep a picture where the text of a pull request can show it; returns its address, None if it cannot."""
        ...

    def open(self, proposal: Proposal) -> PullRequest:
        """Make a pull request.

        Raises:
            BranchTaken: its branch holds commits of somebody else.
        """
        ...

    def update(self, existing: PullRequest, proposal: Proposal) -> PullRequest:
        """Put a newer proposal in the place of an open one.

        Raises:
            BranchTaken: its branch holds commits of somebody else.
        """
        ...

    def tell(self, existing: PullRequest, record: ProposalRecord, note: str) -> None:
        """Write a note below a pull request, and keep the record in it."""
        ...

    def close(self, existing: PullRequest, record: ProposalRecord, note: str) -> None:
        """Close a pull request, with a note that says why."""
        ...
