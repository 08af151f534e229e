"""A forge in memory, and code that a test changes: what `Settling` needs of the world."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from proposals import make_change

from powertune.autopilot.promise import Promise, ProposalRecord, found_in
from powertune.autopilot.pull_request import PullRequest, PullRequestState, branch_of
from powertune.autopilot.spending import SpendingRecord
from powertune.engine.autopilot.protocols import Proposal
from powertune.errors import PowertuneError
from powertune.iac import Change
from powertune.model import Configuration, FunctionRef


@dataclass
class FakeForge:
    """Keeps pull requests, and what was written below them. `failing` is raised by whatever changes something."""

    requests: list[PullRequest] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    proposals: list[Proposal] = field(default_factory=list)
    failing: PowertuneError | None = None

    def find(self, function_arn: str) -> PullRequest | None:
        self.asked.append(function_arn)
        found = [each for each in self.requests if each.branch == branch_of(function_arn)]
        return found[-1] if found else None

    def open_branches(self) -> frozenset[str]:
        return frozenset(each.branch for each in self.requests if each.is_open)

    def keep_picture(self, promise: Promise, picture: bytes) -> str | None:
        assert picture.startswith(b"\x89PNG")
        return f"../blob/main/{promise.run_id}.png?raw=true"

    def open(self, proposal: Proposal) -> PullRequest:
        self._change()
        self.proposals.append(proposal)
        made = PullRequest(
            name=f"#{len(self.requests) + 1}",
            branch=proposal.branch,
            state=PullRequestState.OPEN,
            body=proposal.body,
            record=found_in(proposal.body),
            labels=proposal.labels,
        )
        self.requests.append(made)
        return made

    def update(self, existing: PullRequest, proposal: Proposal) -> PullRequest:
        self._change()
        self.proposals.append(proposal)
        return self._replace(existing, body=proposal.body, record=found_in(proposal.body))

    def tell(self, existing: PullRequest, record: ProposalRecord, note: str) -> None:
        self.notes.append(note)
        self._replace(existing, record=record)

    def close(self, existing: PullRequest, record: ProposalRecord, note: str) -> None:
        self.notes.append(note)
        self._replace(existing, record=record, state=PullRequestState.CLOSED)

    def end(self, state: PullRequestState, at: float) -> None:
        """A person merges or closes the newest pull request."""
        self.requests[-1] = replace(self.requests[-1], state=state, ended_at=at)

    def _change(self) -> None:
        if self.failing is not None:
            raise self.failing

    def _replace(self, existing: PullRequest, **changes: object) -> PullRequest:
        place = next(i for i, each in enumerate(self.requests) if each.name == existing.name)
        self.requests[place] = replace(self.requests[place], **changes)  # type: ignore[arg-type]
        return self.requests[place]


@dataclass
class FakeCode:
    """Infrastructure code with one change, whatever is wanted; or without any, or with an error."""

    found: Change | PowertuneError = field(default_factory=make_change)
    wanted: list[tuple[str, Configuration]] = field(default_factory=list)

    def change(self, function: FunctionRef, present: Configuration, wanted: Configuration) -> Change:
        assert present != wanted
        self.wanted.append((function.name, wanted))
        if isinstance(self.found, PowertuneError):
            raise self.found
        return self.found


@dataclass
class FakeState:
    """Keeps records in memory."""

    results: Path = Path("results")
    kept: dict[str, SpendingRecord] = field(default_factory=dict)

    def records(self) -> tuple[SpendingRecord, ...]:
        return tuple(self.kept.values())

    def keep(self, record: SpendingRecord) -> None:
        self.kept[record.run_id] = record

    def keep_results(self, name: str) -> None:
        raise AssertionError(name)
