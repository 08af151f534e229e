"""What to do about a function's pull request: one table over what is known now, and what was proposed before."""

from dataclasses import dataclass
from enum import StrEnum

from powertune.autopilot.due import TunedBefore
from powertune.autopilot.promise import Promise, Standing
from powertune.autopilot.pull_request import IGNORE, PullRequest, PullRequestState
from powertune.model import Configuration
from powertune.scan.evidence import FunctionEvidence

#: How long a proposal that a person has closed is not made again, unless another configuration is proposed.
RESPECTED_S = 180 * 86_400
#: How long after a merge the saving is verified.
WATCHED_S = 90 * 86_400


class Step(StrEnum):
    """What to do."""

    OPEN = "open"
    UPDATE = "update"
    CLOSE = "close"
    NOTE = "note"
    VERIFY = "verify"
    LEAVE = "leave"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to do about a function, and why, in words without a period."""

    step: Step
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NothingToGain:
    """The newest run is about the function as it is, and promises nothing."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotKnown:
    """The newest run is not about the function as it is, or there is none."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InEffect:
    """The function has what the newest run promises a saving for."""

    promise: Promise


Evidence = Promise | InEffect | NothingToGain | NotKnown


def assess(known: FunctionEvidence, before: TunedBefore | None, found: Promise | str) -> Evidence:
    """What is known about a function now.

    Args:
        before: its newest run.
        found: what that run promises; or why it promises nothing.
    """
    function = known.function
    if before is None:
        return NotKnown(why="it was never tuned")
    if function.code_sha256 and before.code_sha256 and function.code_sha256 != before.code_sha256:
        return NotKnown(why=f"its code has changed since run {before.run_id}")
    if isinstance(found, Promise) and function.current == found.after:
        return InEffect(promise=found)
    if function.current not in (before.current, before.recommended):
        return NotKnown(why=f"it has {function.current} now, which is not what run {before.run_id} started from")
    return NothingToGain(why=found) if isinstance(found, str) else found


def decide(evidence: Evidence, existing: PullRequest | None, present: Configuration, now: float) -> Decision:
    """What to do.

    Args:
        existing: the newest pull request of the function, whatever has become of it; None if there never was one.
        present: the configuration that the function has.
        now: seconds since the epoch.
    """
    if existing is None:
        return _new(evidence)
    if IGNORE in existing.labels:
        return _leave(f"{existing.name} has the label {IGNORE}")
    match existing.state:
        case PullRequestState.OFFERED if existing.record is not None and present == existing.record.promise.after:
            return _merged(evidence, existing, present, now)
        case PullRequestState.OPEN | PullRequestState.OFFERED:
            return _open(evidence, existing)
        case PullRequestState.MERGED:
            return _merged(evidence, existing, present, now)
        case PullRequestState.CLOSED:
            return _closed(evidence, existing, now)


def _new(evidence: Evidence) -> Decision:
    match evidence:
        case Promise():
            return Decision(step=Step.OPEN, why=f"run {evidence.run_id} promises a saving")
        case InEffect():
            return _leave(f"it has {evidence.promise.after}, as run {evidence.promise.run_id} recommends")
        case NothingToGain() | NotKnown():
            return _leave(evidence.why)


def _open(evidence: Evidence, existing: PullRequest) -> Decision:
    record = existing.record
    match evidence:
        case Promise():
            if existing.conflicting:
                return Decision(step=Step.UPDATE, why=f"{existing.name} has conflicts with its base branch")
            if record is not None and record.promise.run_id == evidence.run_id:
                return _leave(f"{existing.name} is up to date")
            return Decision(step=Step.UPDATE, why=f"run {evidence.run_id} is newer than {existing.name}")
        case _ if record is None:
            return _leave(f"the text of {existing.name} no longer holds what it rests on")
        case InEffect():
            return _leave(f"it already has {evidence.promise.after}: {existing.name} keeps that in the code")
        case NothingToGain():
            return Decision(step=Step.CLOSE, why=evidence.why)
        case NotKnown():
            return Decision(step=Step.NOTE, why=evidence.why)


def _merged(evidence: Evidence, existing: PullRequest, present: Configuration, now: float) -> Decision:
    record = existing.record
    if isinstance(evidence, Promise) and (record is None or record.promise.run_id != evidence.run_id):
        return _new(evidence)
    if record is None:
        return _leave(f"{existing.name} is merged, and its text no longer says what it promised")
    if record.standing is not Standing.PROPOSED:
        return _leave(f"the saving of {existing.name} {record.standing}")
    if present != record.promise.after:
        return _leave(f"{existing.name} is merged, and {record.promise.after} is not deployed yet")
    if existing.ended_at is not None and now - existing.ended_at > WATCHED_S:
        return _leave(f"{existing.name} was merged too long ago to tell whether its saving came true")
    return Decision(step=Step.VERIFY, why=f"{existing.name} is merged and deployed")


def _closed(evidence: Evidence, existing: PullRequest, now: float) -> Decision:
    record = existing.record
    if not isinstance(evidence, Promise):
        return _new(evidence)
    if record is not None and record.standing is Standing.WITHDRAWN:
        if record.promise.run_id == evidence.run_id:
            return _leave(f"{existing.name} was closed, as its evidence no longer held")
        return _new(evidence)
    long_ago = existing.ended_at is not None and now - existing.ended_at > RESPECTED_S
    if long_ago or (record is not None and record.promise.after != evidence.after):
        return _new(evidence)
    return _leave(f"{existing.name} was closed without being merged")


def _leave(why: str) -> Decision:
    return Decision(step=Step.LEAVE, why=why)
