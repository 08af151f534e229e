"""What a pull request says: the change, what it saves, the evidence, and how to undo it; and what came of it."""

import shlex
from dataclasses import dataclass

from powertune.autopilot.promise import Promise, PromisedRatio, ProposalRecord, Standing, hidden
from powertune.autopilot.pull_request import IGNORE, marker_of
from powertune.autopilot.verification import Verification
from powertune.iac import Change
from powertune.model import Configuration
from powertune.report.markdown import code, details, escape, listed
from powertune.units import format_ms, format_ratio, format_usd, plural

#: What GitHub takes as the text of a pull request, in characters; and what is written, so that the record can grow.
BODY_CHARACTERS, _MOST_CHARACTERS = 65_536, 60_000
_LEFT_OUT = "The report is too long for a pull request."


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalText:
    """What a proposal is written from. `report` is the run's report in Markdown.

    `picture` is the address of its picture, None where there is none. `note` is what to say first, if anything.
    """

    record: ProposalRecord
    report: str
    change: Change
    picture: str | None = None
    note: str = ""


def proposal_title(promise: Promise) -> str:
    """The title of the pull request, and of the commit."""
    saved = format_usd(promise.saving.expected, promise.currency)
    return f"Set {promise.function.name} to {_target(promise)}, which saves about {saved} a month"


def proposal_body(text: ProposalText) -> str:
    """The text of the pull request, in GitHub-flavored Markdown; at most `BODY_CHARACTERS`."""
    body = _body(text, text.report)
    return body if len(body) <= _MOST_CHARACTERS else _body(text, _LEFT_OUT)


def commit_message(promise: Promise) -> str:
    """The message of the commit, without trailers."""
    low, high = (format_usd(amount, promise.currency) for amount in (promise.saving.low, promise.saving.high))
    return (
        f"{proposal_title(promise)}\n\n"
        f"Run {promise.run_id} of powertune has measured {promise.function_arn}.\n"
        f"It had {promise.before}. The 95 % interval of the saving is {low} to {high} a month.\n"
    )


def withdrawn_note(why: str) -> str:
    """Why a pull request is closed."""
    return f"Closed, because there is nothing to propose any more: {escape(why)}."


def outdated_note(why: str) -> str:
    """That the evidence of a pull request may no longer hold."""
    return (
        f"The evidence of this pull request is out of date: {escape(why)}. "
        "powertune measures the function again as soon as it is due and the budget allows it. "
        "Then it updates this pull request, or closes it."
    )


def foreign_note(branch: str) -> str:
    """That somebody else works on the branch."""
    return (
        f"There is newer evidence, but the branch {code(branch)} holds commits that powertune has not made. "
        "It is left alone. To have it updated again, delete these commits, or close this pull request and delete "
        "the branch."
    )


def verified_note(promise: Promise, found: Verification) -> str:
    """Whether the saving came true, with the figures."""
    headlines = {
        Standing.CAME_TRUE: "The saving came true",
        Standing.DID_NOT: "The saving did not come true",
    }
    facts = [f"{escape(line)}" for line in verification_lines(promise, found)]
    headline = headlines.get(found.standing, "Whether the saving came true cannot be told")
    return f"**{headline}**: {escape(found.why)}.\n\n{listed(facts)}"


def verification_lines(promise: Promise, found: Verification) -> tuple[str, ...]:
    """The figures of a verification, in sentences without a period."""
    days_before, days_after = (plural(count, "day") for count in (found.days_before, found.days_after))
    lines = [f"compared: {days_before} before the change, and {days_after} after it"]
    cost = found.cost
    if cost is not None and cost.ratio is not None and cost.interval is not None:
        measured = PromisedRatio(expected=cost.ratio, low=cost.interval[0], high=cost.interval[1])
        lines.append(f"cost of an invocation: {_ratio(measured)} of before; promised: {_ratio(promise.cost)}")
    if found.p50_before_ms is not None and found.p50_after_ms is not None:
        before, after, ratio = format_ms(found.p50_before_ms), format_ms(found.p50_after_ms), _ratio(promise.duration)
        lines.append(f"median duration: {after}, and {before} before; promised: {ratio} of the mean")
    if found.saving is not None:
        saved, promised = (format_usd(each, promise.currency) for each in (found.saving, promise.saving.expected))
        lines.append(f"saving in 30 days at today's traffic: {saved}; promised: {promised}")
    return tuple(lines)


def _body(text: ProposalText, report: str) -> str:
    promise = text.record.promise
    picture = "" if text.picture is None else f"![Cost and duration by memory size]({text.picture})"
    blocks = [
        f"> {text.note}" if text.note else "",
        _headline(promise),
        _saving(promise),
        picture,
        details("What was measured", report.strip()),
        "#### To know before you merge" if text.change.notes else "",
        listed(escape(note) for note in text.change.notes),
        "#### How to undo it",
        listed(_undo(promise)),
        "#### What happens next",
        listed(_next()),
        marker_of(promise.function_arn),
        hidden(text.record),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _headline(promise: Promise) -> str:
    ref = promise.function
    where = f"in {ref.region}, account {ref.account_id}"
    return f"This changes {code(ref.name)} {where} from {promise.before} to **{promise.after}**."


def _saving(promise: Promise) -> str:
    saving, currency = promise.saving, promise.currency
    expected, low, high = (format_usd(each, currency) for each in (saving.expected, saving.low, saving.high))
    cost, duration = _ratio(promise.cost), _ratio(promise.duration)
    return (
        f"**Expected saving: {expected} a month** [{low}, {high}], at {promise.invocations_per_month:,.0f} "
        f"invocations in 30 days. An invocation costs {cost} and takes {duration} of now. Intervals hold with 95 %."
    )


def _undo(promise: Promise) -> list[str]:
    ref, before = promise.function, promise.before
    words = ["aws", "lambda", "update-function-configuration", "--region", ref.region or ""]
    command = shlex.join((*words, "--function-name", promise.function_arn, "--memory-size", str(before.memory_mb)))
    undo = ["Revert this pull request and deploy."]
    if promise.after.architecture is before.architecture:
        undo.append(f"To go back at once, until the next deployment: {code(command)}")
    return undo


def _next() -> list[str]:
    return [
        "If you merge and deploy it, a later run compares the days before and after in CloudWatch, and says here "
        "whether the saving came true.",
        "If you close it, the same configuration is not proposed again for six months.",
        f"The label {code(IGNORE)} keeps powertune away from it.",
        "If you push to its branch, powertune does not update it any more.",
    ]


def _ratio(ratio: PromisedRatio) -> str:
    return f"{format_ratio(ratio.expected)} [{ratio.low:.2f}, {ratio.high:.2f}]"


def _target(promise: Promise) -> str:
    chosen: Configuration = promise.after
    return f"{chosen.memory_mb} MB" if chosen.architecture is promise.before.architecture else str(chosen)
