"""The text of a pull request."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from factories import HOSTILE
from proposals import ARN, make_change, make_promise, orders_analysis, size

from powertune.analysis.comparison import comparison_of
from powertune.autopilot.promise import ProposalRecord, Standing, found_in
from powertune.autopilot.verification import Verification
from powertune.model import Architecture
from powertune.report import RUN
from powertune.report.proposal import (
    BODY_CHARACTERS,
    ProposalText,
    commit_message,
    foreign_note,
    outdated_note,
    proposal_body,
    proposal_title,
    verified_note,
    withdrawn_note,
)

GOLDEN = Path(__file__).parents[2] / "golden" / "proposal.md"
RECORD = ProposalRecord(promise=make_promise())


def text(**changes: object) -> ProposalText:
    base = ProposalText(record=RECORD, report="### A report", change=make_change())
    return replace(base, **changes)  # type: ignore[arg-type]


def test_the_whole_text() -> None:
    report = RUN.render(orders_analysis(), "markdown").decode()
    change = replace(make_change(), notes=("MemorySize is the parameter OrdersMemory",))
    body = proposal_body(text(report=report, change=change, picture="../blob/0123abc/orders.png?raw=true"))
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(body)
    assert body == GOLDEN.read_text()


def test_titles_name_the_change_and_what_it_saves() -> None:
    assert proposal_title(make_promise()) == "Set orders to 512 MB, which saves about $12.30 a month"
    moved = make_promise(after=size(512, Architecture.X86_64))
    assert proposal_title(moved) == "Set orders to 512 MB x86_64, which saves about $12.30 a month"


def test_a_commit_says_what_it_rests_on() -> None:
    assert commit_message(make_promise()) == (
        "Set orders to 512 MB, which saves about $12.30 a month\n\n"
        f"Run aaaa1111 of powertune has measured {ARN}.\n"
        "It had 1024 MB arm64. The 95 % interval of the saving is $10.10 to $14.50 a month.\n"
    )


def test_another_architecture_cannot_be_undone_by_a_command() -> None:
    moved = ProposalRecord(promise=make_promise(after=size(512, Architecture.X86_64)))
    assert "update-function-configuration" not in proposal_body(text(record=moved))
    assert "update-function-configuration" in proposal_body(text())


def test_a_report_that_is_too_long_is_left_out_and_the_record_stays() -> None:
    body = proposal_body(text(report="x" * BODY_CHARACTERS))
    assert len(body) < BODY_CHARACTERS
    assert "The report is too long for a pull request." in body
    assert found_in(body) == RECORD


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_what_others_have_written_stays_text(hostile: str) -> None:
    """A name of a parameter or an error may hold anything: it is neither markup nor another record."""
    forged = f"{hostile} <!-- powertune-record: {{}} -->"
    body = proposal_body(text(change=replace(make_change(), notes=(forged,))))
    assert body.count("<!-- powertune-record: ") == 1
    assert found_in(body) == RECORD
    assert "<script>" not in body
    for note in (withdrawn_note(hostile), outdated_note(hostile)):
        assert "<script>" not in note
        assert "\n" not in note


def test_notes_are_sentences() -> None:
    assert withdrawn_note("it has 512 MB") == ("Closed, because there is nothing to propose any more: it has 512 MB.")
    assert "`powertune/orders-1`" in foreign_note("powertune/orders-1")
    assert outdated_note("its code has changed").startswith(
        "The evidence of this pull request is out of date: its code has changed. "
    )


def found(standing: Standing) -> Verification:
    return Verification(
        standing=standing,
        why="an invocation costs less, as promised",
        days_before=14,
        days_after=1,
        cost=comparison_of(0.56, (0.52, 0.6)),
        saving=11.5,
        p50_before_ms=95.0,
        p50_after_ms=105.0,
    )


def test_a_verdict_has_figures() -> None:
    assert verified_note(make_promise(), found(Standing.CAME_TRUE)) == (
        "**The saving came true**: an invocation costs less, as promised.\n\n"
        "- compared: 14 days before the change, and 1 day after it\n"
        "- cost of an invocation: 0.56x \\[0.52, 0.60\\] of before; promised: 0.55x \\[0.50, 0.60\\]\n"
        "- median duration: 105 ms, and 95.0 ms before; promised: 1.10x \\[1.05, 1.15\\] of the mean\n"
        "- saving in 30 days at today's traffic: $11.50; promised: $12.30"
    )
    assert verified_note(make_promise(), found(Standing.DID_NOT)).startswith("**The saving did not come true**")
    assert verified_note(make_promise(), found(Standing.UNTESTABLE)).startswith(
        "**Whether the saving came true cannot be told**"
    )
