"""The words of a gate's report, which every format shows: the verdict, a row for each check, and what it took."""

from dataclasses import dataclass

from powertune.gate.figure_text import change_text, figure_text
from powertune.gate.model import Check, CheckKind, GateVerdict, Level, MonthlyChange
from powertune.gate.result import GateResult, OnInconclusive, rounded
from powertune.units import format_usd, plural

#: What a person has to look at comes first.
_URGENCY = {GateVerdict.FAILED: 0, GateVerdict.INCONCLUSIVE: 1, GateVerdict.PASSED: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRow:
    """One check in words. `outcome` is its verdict, `warning` for one of level `warn` that failed."""

    check: Check
    outcome: str
    name: str
    candidate: str
    baseline: str
    change: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GateText:
    """A gate in words: failed checks first. `facts` are label and text."""

    title: str
    headline: str
    subtitle: str
    rows: tuple[GateRow, ...]
    money: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


def write_gate_text(result: GateResult) -> GateText:
    """The report of a gate in words."""
    judgement = result.judgement
    checks = sorted(
        judgement.checks,
        key=lambda c: (_URGENCY[c.verdict], c.level is Level.WARN, c.function, c.configuration),
    )
    return GateText(
        title=f"Gate {outcome_words(result)}: {result.candidate}",
        headline=f"{result.headline[:1].upper()}{result.headline[1:]}.",
        subtitle=_subtitle(result),
        rows=tuple(map(_row, checks)),
        money=tuple(map(money_words, judgement.money)),
        facts=_facts(result),
        notes=judgement.notes,
    )


def outcome_words(result: GateResult) -> str:
    """`failed`, `passed`, `inconclusive`, or what becomes of an inconclusive build."""
    verdict = result.judgement.verdict
    if verdict is GateVerdict.INCONCLUSIVE and result.on_inconclusive is not OnInconclusive.FAIL:
        return f"inconclusive ({'passes' if result.on_inconclusive is OnInconclusive.PASS else 'a warning'})"
    return verdict.value


def money_words(change: MonthlyChange) -> str:
    """`orders 512 MB arm64: this change costs +$212 a month [$180, $244] at today's traffic (2,500,000 invocations)`.

    In brackets, what the verb says is positive.
    """
    saves = change.amount < 0
    sign = -1.0 if saves else 1.0
    amount = format_usd(sign * change.amount, change.currency)
    ends = [] if change.interval is None else sorted(sign * end for end in change.interval)
    interval = f" [{', '.join(format_usd(end, change.currency) for end in ends)}]" if ends else ""
    verb = "saves " if saves else "costs +"
    return (
        f"{change.function} {change.configuration}: this change {verb}{amount} a month{interval} at today's traffic "
        f"({change.invocations_per_month:,.0f} invocations)"
    )


def _subtitle(result: GateResult) -> str:
    if result.baseline is None:
        return f"{result.candidate} against its budgets"
    how = ", measured side by side" if result.side_by_side else ""
    return f"{result.candidate} compared with {result.baseline}{how}"


def _row(check: Check) -> GateRow:
    warns = check.level is Level.WARN and check.verdict is not GateVerdict.PASSED
    needed = check.invocations_to_decide
    more = (
        ""
        if needed is None
        else f" (about {plural(rounded(needed), 'more invocation')} of each side would decide it)"
    )
    if check.kind is CheckKind.BUDGET and needed is not None:
        more = more.replace(" of each side", "")
    return GateRow(
        check=check,
        outcome={GateVerdict.FAILED: "warning", GateVerdict.INCONCLUSIVE: "not proven"}[check.verdict]
        if warns
        else check.verdict.value,
        name=f"{check.function} {check.configuration}",
        candidate=figure_text(check.figure, check.unit),
        baseline=figure_text(check.baseline, check.unit),
        change="-" if check.ratio is None else change_text(check.ratio, check.metric),
        sentence=f"{check.reason}{more}",
    )


def _facts(result: GateResult) -> tuple[tuple[str, str], ...]:
    effort, look = result.effort, result.judgement.look
    invocations = plural(effort.invocations, "invocation")
    if effort.environments is not None:
        invocations = f"{invocations} in {plural(effort.environments, 'environment')}"
    cost = "" if effort.cost is None else f", {format_usd(effort.cost, effort.currency)}"
    kind = "Measured" if effort.measured else "Read"
    facts = [(kind, f"{invocations}{cost}")]
    if look.of > 1:
        facts.append(("Looks", f"{look.number} of at most {look.of}"))
    if result.stopped is not None:
        facts.append(("Stopped", result.stopped))
    return tuple(facts)


READING = (
    "A check fails only if the whole interval is beyond what is allowed, and passes only if all of it is within. The "
    "lower end holds at 99 % or more for all checks of a function and all looks together, the upper one at 95 %."
)
