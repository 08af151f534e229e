"""Proposals in a folder."""

from pathlib import Path

import pytest
from proposals import ARN, make_promise, make_proposal

from powertune.autopilot.promise import ProposalRecord, Standing
from powertune.autopilot.pull_request import PullRequestState, branch_of
from powertune.engine.autopilot.folder import FolderForge
from powertune.errors import UsageError

NAME = branch_of(ARN).removeprefix("powertune/")


def test_a_proposal_is_a_folder(tmp_path: Path) -> None:
    forge = FolderForge(path=tmp_path / "proposals")
    assert (forge.find(ARN), forge.open_branches()) == (None, frozenset())
    proposal = make_proposal()
    opened = forge.open(proposal)
    folder = tmp_path / "proposals" / NAME
    assert sorted(path.name for path in folder.iterdir()) == [
        *("change.patch", "proposal.md", "report.md", "report.png", "state.json"),
    ]
    assert (folder / "proposal.md").read_text() == f"# {proposal.title}\n\n{proposal.body}"
    assert "+      MemorySize: 512 # as measured" in (folder / "change.patch").read_text()
    assert (folder / "report.png").read_bytes() == b"PNG"
    assert forge.find(ARN) == opened
    assert (opened.state, opened.record) == (PullRequestState.OFFERED, ProposalRecord(promise=make_promise()))
    assert forge.open_branches() == {branch_of(ARN)}


def test_a_newer_one_takes_its_place(tmp_path: Path) -> None:
    forge = FolderForge(path=tmp_path)
    updated = forge.update(forge.open(make_proposal()), make_proposal(run_id="bbbb2222"))
    assert updated.record == ProposalRecord(promise=make_promise(run_id="bbbb2222"))
    assert len(list(tmp_path.iterdir())) == 1


def test_one_that_is_withdrawn_has_no_patch_and_says_why(tmp_path: Path) -> None:
    forge = FolderForge(path=tmp_path)
    opened = forge.open(make_proposal())
    record = ProposalRecord(promise=make_promise(), standing=Standing.WITHDRAWN)
    forge.tell(opened, ProposalRecord(promise=make_promise(), told=("x",)), "First.")
    forge.close(opened, record, "Closed, because.")
    assert not (tmp_path / NAME / "change.patch").exists()
    assert (tmp_path / NAME / "notes.md").read_text() == "First.\n\nClosed, because.\n\n"
    closed = forge.find(ARN)
    assert closed is not None
    assert (closed.state, closed.record) == (PullRequestState.CLOSED, record)
    assert forge.open_branches() == frozenset()


def test_one_that_came_true_was_applied(tmp_path: Path) -> None:
    forge = FolderForge(path=tmp_path)
    forge.tell(
        forge.open(make_proposal()), ProposalRecord(promise=make_promise(), standing=Standing.CAME_TRUE), "Yes."
    )
    found = forge.find(ARN)
    assert found is not None
    assert found.state is PullRequestState.MERGED


def test_a_damaged_record_is_named(tmp_path: Path) -> None:
    forge = FolderForge(path=tmp_path)
    forge.open(make_proposal())
    (tmp_path / NAME / "state.json").write_text("{}")
    with pytest.raises(UsageError, match="record of a proposal"):
        forge.find(ARN)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot make the folder"):
        FolderForge(path=tmp_path / "file").open(make_proposal())


@pytest.mark.parametrize("link", ["", "proposal.md", "change.patch"])
def test_nothing_is_written_where_a_link_leads(link: str, tmp_path: Path) -> None:
    """The folder may be that of somebody else's repository, and names of proposals are known beforehand."""
    there, proposals = tmp_path / "theirs", tmp_path / "proposals"
    there.mkdir()
    (there / "file").write_text("theirs")
    if link:
        (proposals / NAME).mkdir(parents=True)
        (proposals / NAME / link).symlink_to(there / "file")
    else:
        proposals.mkdir()
        (proposals / NAME).symlink_to(there)
    with pytest.raises(UsageError, match="is a link"):
        FolderForge(path=proposals).open(make_proposal())
    assert [(path.name, path.read_text()) for path in there.iterdir()] == [("file", "theirs")]


def test_a_note_is_not_written_where_a_link_leads(tmp_path: Path) -> None:
    forge = FolderForge(path=tmp_path / "proposals")
    opened = forge.open(make_proposal())
    (tmp_path / "proposals" / NAME / "notes.md").symlink_to(tmp_path / "file")
    with pytest.raises(UsageError, match="is a link"):
        forge.tell(opened, ProposalRecord(promise=make_promise()), "First.")
    assert not (tmp_path / "file").exists()
