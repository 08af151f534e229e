"""Proposals as folders, where there is neither git nor a forge: a patch, a text, a report and its picture."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from powertune import files
from powertune.autopilot.promise import Promise, ProposalRecord, Standing, dump_record, parse_record
from powertune.autopilot.pull_request import BRANCHES, PullRequest, PullRequestState, branch_of
from powertune.engine.autopilot.protocols import Proposal
from powertune.errors import UsageError

_TEXT, _PATCH, _REPORT, _PICTURE, _NOTES = "proposal.md", "change.patch", "report.md", "report.png", "notes.md"
_STATE = "state.json"
_WRITTEN = (_TEXT, _PATCH, _REPORT, _PICTURE, _NOTES, _STATE)
#: What a record says of its proposal; what was verified has been applied.
_STATES = {Standing.PROPOSED: PullRequestState.OFFERED, Standing.WITHDRAWN: PullRequestState.CLOSED}


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderForge:
    """A folder with a folder for each function. Whoever deletes that lets the function be proposed anew."""

    path: Path

    def find(self, function_arn: str) -> PullRequest | None:
        """The proposal of a function."""
        return self._read(self._folder(branch_of(function_arn)))

    def open_branches(self) -> frozenset[str]:
        """The branches that the proposals would have that are open."""
        return frozenset(each.branch for each in self._all() if each.is_open)

    def keep_picture(self, promise: Promise, picture: bytes) -> str | None:  # noqa: ARG002 - it is written with the rest
        """The name of the file that it will be."""
        return _PICTURE

    def open(self, proposal: Proposal) -> PullRequest:
        """Write the files."""
        return self._write(proposal)

    def update(self, existing: PullRequest, proposal: Proposal) -> PullRequest:  # noqa: ARG002 - it has the same folder
        """Write them anew."""
        return self._write(proposal)

    def tell(self, existing: PullRequest, record: ProposalRecord, note: str) -> None:
        """Add a note to the notes."""
        folder = self._folder(existing.branch)
        _refuse_links(folder)
        notes = folder / _NOTES
        before = notes.read_text("utf-8") if notes.is_file() else ""
        files.write(f"{before}{note}\n\n".encode(), notes)
        files.write(dump_record(record), folder / _STATE)

    def close(self, existing: PullRequest, record: ProposalRecord, note: str) -> None:
        """Say why; the record says that it is withdrawn. The patch goes, so that nobody applies it."""
        self.tell(existing, record, note)
        (self._folder(existing.branch) / _PATCH).unlink(missing_ok=True)

    def _write(self, proposal: Proposal) -> PullRequest:
        folder = self._folder(proposal.branch)
        _refuse_links(folder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(
                f"cannot make the folder {str(folder)!r}: {error.strerror}", hint="choose another with --output"
            ) from None
        files.write(f"# {proposal.title}\n\n{proposal.body}".encode(), folder / _TEXT)
        files.write(proposal.change.diff().encode(errors="surrogateescape"), folder / _PATCH)
        files.write(proposal.report.encode(), folder / _REPORT)
        if proposal.picture is not None:
            files.write(proposal.picture, folder / _PICTURE)
        # Last, as it says that there is a proposal.
        files.write(dump_record(ProposalRecord(promise=proposal.promise)), folder / _STATE)
        found = self._read(folder)
        assert found is not None
        return found

    def _all(self) -> Iterator[PullRequest]:
        folders = sorted(self.path.iterdir()) if self.path.is_dir() else []
        return (found for folder in folders if (found := self._read(folder)) is not None)

    def _read(self, folder: Path) -> PullRequest | None:
        try:
            record = parse_record((folder / _STATE).read_bytes())
            body = (folder / _TEXT).read_text("utf-8")
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError) as error:
            raise UsageError(
                f"cannot read the proposal in {str(folder)!r}: {error}", hint="delete the folder"
            ) from None
        return PullRequest(
            name=folder.name,
            branch=f"{BRANCHES}{folder.name}",
            state=_STATES.get(record.standing, PullRequestState.MERGED),
            body=body,
            record=record,
            url=str(folder / _TEXT),
        )

    def _folder(self, branch: str) -> Path:
        return self.path / branch.removeprefix(BRANCHES)


def _refuse_links(folder: Path) -> None:
    """See that what is written stays here: a repository of somebody else may hold a link of a name that it knows.

    Raises:
        UsageError: the folder or a file is a link.
    """
    for path in (folder, *(folder / name for name in _WRITTEN)):
        if path.is_symlink():
            raise UsageError(f"{str(path)!r} is a link", hint="delete it")
