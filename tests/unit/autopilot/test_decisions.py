"""What is done about a function, for everything that may be known of it and everything that was proposed before."""

from dataclasses import replace
from typing import Any

import pytest
from proposals import make_promise, make_pull_request, size
from scanned import DAY_S, NOW, known, scanned_function

from powertune.autopilot.decisions import Evidence, InEffect, NothingToGain, NotKnown, Step, assess, decide
from powertune.autopilot.due import TunedBefore
from powertune.autopilot.promise import Promise, ProposalRecord, Standing
from powertune.autopilot.pull_request import PullRequest, PullRequestState

BEFORE = TunedBefore(
    run_id="aaaa1111",
    measured_at=NOW - 3 * DAY_S,
    code_sha256="sha-of-orders",
    current=size(1024),
    recommended=size(512),
    medians=(),
)
OLD, NEWER = make_promise(), make_promise(run_id="bbbb2222")
OTHER_SIZE = make_promise(run_id="bbbb2222", after=size(256))
NOTHING, UNKNOWN = NothingToGain(why="nothing to gain"), NotKnown(why="other code")


def test_evidence_is_of_the_function_as_it_is() -> None:
    promise = make_promise()
    assert assess(known(), BEFORE, promise) == promise
    assert assess(known(), None, "no run") == NotKnown(why="it was never tuned")
    assert assess(known(scanned_function(memory_mb=512)), BEFORE, promise) == InEffect(promise=promise)
    assert assess(known(), replace(BEFORE, recommended=size(1024)), "stay") == NothingToGain(why="stay")
    assert assess(known(), replace(BEFORE, code_sha256="x"), promise) == NotKnown(
        why="its code has changed since run aaaa1111"
    )
    elsewhere = assess(known(scanned_function(memory_mb=2048)), BEFORE, promise)
    assert elsewhere == NotKnown(why="it has 2048 MB arm64 now, which is not what run aaaa1111 started from")


def request(state: PullRequestState, **changes: Any) -> PullRequest:
    """With the old promise; ended ten days ago, if it has."""
    ended_at = None if state in (PullRequestState.OPEN, PullRequestState.OFFERED) else NOW - 10 * DAY_S
    return make_pull_request(**{"state": state, "ended_at": ended_at, **changes})


def record(standing: Standing) -> ProposalRecord:
    return ProposalRecord(promise=OLD, standing=standing)


OPEN, MERGED = request(PullRequestState.OPEN), request(PullRequestState.MERGED)
CLOSED, OFFERED = request(PullRequestState.CLOSED), request(PullRequestState.OFFERED)
WITHDRAWN = request(PullRequestState.CLOSED, record=record(Standing.WITHDRAWN))
VERIFIED = request(PullRequestState.MERGED, record=record(Standing.CAME_TRUE))


@pytest.mark.parametrize(
    ("evidence", "existing", "step"),
    [
        (OLD, None, Step.OPEN),
        (InEffect(promise=OLD), None, Step.LEAVE),
        (NOTHING, None, Step.LEAVE),
        (UNKNOWN, None, Step.LEAVE),
        # An open one is the only one, and follows the evidence.
        (OLD, OPEN, Step.LEAVE),
        (NEWER, OPEN, Step.UPDATE),
        (InEffect(promise=OLD), OPEN, Step.LEAVE),
        (NOTHING, OPEN, Step.CLOSE),
        (UNKNOWN, OPEN, Step.NOTE),
        (OLD, OFFERED, Step.LEAVE),
        (NEWER, OFFERED, Step.UPDATE),
        (NOTHING, OFFERED, Step.CLOSE),
        # A merged one that is not deployed waits; newer evidence is a proposal of its own.
        (OLD, MERGED, Step.LEAVE),
        (NEWER, MERGED, Step.OPEN),
        (UNKNOWN, MERGED, Step.LEAVE),
        (NOTHING, VERIFIED, Step.LEAVE),
        (NEWER, VERIFIED, Step.OPEN),
        # What a person has closed stays closed, unless something else is proposed.
        (OLD, CLOSED, Step.LEAVE),
        (NEWER, CLOSED, Step.LEAVE),
        (OTHER_SIZE, CLOSED, Step.OPEN),
        (NOTHING, CLOSED, Step.LEAVE),
        # What the evidence has closed, new evidence opens.
        (NEWER, WITHDRAWN, Step.OPEN),
        (OLD, WITHDRAWN, Step.LEAVE),
        (UNKNOWN, WITHDRAWN, Step.LEAVE),
    ],
)
def test_the_table(evidence: Evidence, existing: PullRequest | None, step: Step) -> None:
    assert decide(evidence, existing, size(1024), NOW).step is step


@pytest.mark.parametrize("existing", [MERGED, OFFERED])
@pytest.mark.parametrize("evidence", [InEffect(promise=OLD), UNKNOWN, NOTHING])
def test_what_is_deployed_is_verified(evidence: Evidence, existing: PullRequest) -> None:
    assert decide(evidence, existing, size(512), NOW).step is Step.VERIFY


def test_nothing_is_verified_twice_or_after_three_months() -> None:
    assert decide(InEffect(promise=OLD), VERIFIED, size(512), NOW).why == "the saving of #7 came true"
    late = replace(MERGED, ended_at=NOW - 91 * DAY_S)
    assert decide(InEffect(promise=OLD), late, size(512), NOW).step is Step.LEAVE


def test_after_half_a_year_what_was_closed_is_proposed_again() -> None:
    assert decide(NEWER, replace(CLOSED, ended_at=NOW - 179 * DAY_S), size(1024), NOW).step is Step.LEAVE
    assert decide(NEWER, replace(CLOSED, ended_at=NOW - 181 * DAY_S), size(1024), NOW).step is Step.OPEN


@pytest.mark.parametrize("existing", [OPEN, MERGED, CLOSED, WITHDRAWN, OFFERED])
@pytest.mark.parametrize("evidence", [NEWER, NOTHING, UNKNOWN, InEffect(promise=OLD)])
def test_a_label_keeps_everything_away(evidence: Evidence, existing: PullRequest) -> None:
    labeled = replace(existing, labels=("powertune", "powertune-ignore"))
    for present in (size(512), size(1024)):
        found = decide(evidence, labeled, present, NOW)
        assert (found.step, found.why) == (Step.LEAVE, "#7 has the label powertune-ignore")


@pytest.mark.parametrize("state", list(PullRequestState))
def test_a_pull_request_without_a_record_is_no_stumbling_block(state: PullRequestState) -> None:
    """Somebody has rewritten its text. An open one is written anew, a merged one is over, a closed one stays."""
    damaged = replace(request(state), record=None)
    found = {type(each): decide(each, damaged, size(1024), NOW).step for each in (NEWER, NOTHING, UNKNOWN)}
    opened = {
        PullRequestState.OPEN: Step.UPDATE,
        PullRequestState.OFFERED: Step.UPDATE,
        PullRequestState.MERGED: Step.OPEN,
        PullRequestState.CLOSED: Step.LEAVE,
    }
    assert found == {Promise: opened[state], NothingToGain: Step.LEAVE, NotKnown: Step.LEAVE}


def test_conflicts_are_resolved_by_the_same_evidence() -> None:
    conflicting = replace(OPEN, conflicting=True)
    found = decide(OLD, conflicting, size(1024), NOW)
    assert (found.step, found.why) == (Step.UPDATE, "#7 has conflicts with its base branch")
    assert decide(NOTHING, conflicting, size(1024), NOW).step is Step.CLOSE
