"""The words that every report of several functions shares."""

from dataclasses import dataclass

from powertune.analysis import Recommendation
from powertune.report.answer_cells import apply_cell, saving_cell
from powertune.report.functions.model import FunctionResult, FunctionResults, FunctionStatus
from powertune.units import format_ratio, format_usd, plural

HEADERS = ("function", "now", "result", "saving a month", "duration")
#: The advisory that nothing is known of the current configuration.
_NOT_COMPARED = "current-not-measured"
_SET_ASIDE = (
    "before each invocation, powertune sets aside what it costs if it runs into the timeout; so a run can stop "
    "before its budget is spent"
)
#: What a function is called that has no answer.
_WITHOUT = {
    FunctionStatus.INCONCLUSIVE: "inconclusive",
    FunctionStatus.FAILED: "failed",
    FunctionStatus.NOT_RESTORED: "NOT RESTORED",
    FunctionStatus.INTERRUPTED: "interrupted",
    FunctionStatus.NOT_BEGUN: "not begun",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionRow:
    """A function as texts, in the order of `HEADERS`. `change`: it should get another configuration."""

    name: str
    now: str
    result: str
    saving: str
    duration: str
    change: bool

    @property
    def cells(self) -> tuple[str, ...]:
        """The texts, in the order of the columns."""
        return self.name, self.now, self.result, self.saving, self.duration


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionsText:
    """A report as texts.

    `commands` are pairs of a function and what applies its answer; `unanswered` of a function and why it has none,
    `notes` are sentences about the whole.
    """

    title: str
    rows: tuple[FunctionRow, ...]
    commands: tuple[tuple[str, str], ...]
    unanswered: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


def write_functions_text(results: FunctionResults) -> FunctionsText:
    """All that a report of several functions says."""
    ranked = results.ranked
    called = {id(each): _name(each, results) for each in ranked}
    answered = len(ranked) - len(results.unanswered)
    return FunctionsText(
        title=f"{plural(len(ranked), 'function')}, {answered} with an answer",
        rows=tuple(_row(each, called[id(each)]) for each in ranked),
        commands=tuple(
            (called[id(each)], apply_cell(each.analysis, each.answer, each.file or ""))
            for each in ranked
            if each.status is FunctionStatus.CHANGE
            and each.analysis is not None
            and each.answer is not None
            and each.analysis.function.platform is None
        ),
        unanswered=tuple((called[id(each)], _why(each)) for each in ranked if each.error is not None),
        notes=_notes(results),
    )


def outcome_words(result: FunctionResult) -> str:
    """What became of one function, in a line."""
    answer, analysis = result.answer, result.analysis
    if result.status is FunctionStatus.INTERRUPTED and result.failed is not None:
        return result.failed.message
    if answer is None or analysis is None:
        return f"{_WITHOUT[result.status]}: {_why(result)}"
    if result.status is FunctionStatus.STAY:
        return f"stay at {answer.configuration}"
    saving = "" if answer.saving is None else f", saving {saving_cell(answer, analysis.currency)} a month"
    return f"change to {answer.configuration}{'' if _compared(answer) else ', unproven'}{saving}"


def _name(result: FunctionResult, results: FunctionResults) -> str:
    """How a function is called: code by its path; else its region is named if there are several."""
    function = result.function
    if function is None or "/" in result.target or "." in result.target:
        return result.target
    name = function.name if function.qualifier is None else f"{function.name}:{function.qualifier}"
    regions = {each.function.region for each in results.results if each.function is not None}
    return f"{name} ({function.region})" if len(regions) > 1 else name


def _row(result: FunctionResult, name: str) -> FunctionRow:
    answer, analysis = result.answer, result.analysis
    now = "" if result.function is None else str(result.function.current)
    if answer is None or analysis is None:
        return FunctionRow(name=name, now=now, result=_WITHOUT[result.status], saving="", duration="", change=False)
    if result.status is FunctionStatus.STAY:
        return FunctionRow(name=name, now=now, result="stay", saving="", duration="", change=False)
    ratio = None if answer.duration_ratio is None else answer.duration_ratio.ratio
    return FunctionRow(
        name=name,
        now=now,
        result=str(answer.configuration) if _compared(answer) else f"{answer.configuration}, unproven",
        saving=saving_cell(answer, analysis.currency),
        duration="not known" if ratio is None else format_ratio(ratio),
        change=True,
    )


def _compared(answer: Recommendation) -> bool:
    """Whether the answer was compared with the current configuration, and so is proven to be better."""
    return answer.cost_ratio is not None or answer.duration_ratio is not None


def _why(result: FunctionResult) -> str:
    error = result.error
    assert error is not None
    return error.message if error.hint is None else f"{error.message}; {error.hint}"


def _notes(results: FunctionResults) -> tuple[str, ...]:
    found = []
    known = [each for each in results.results if each.status is FunctionStatus.CHANGE and each.saving is not None]
    if known:
        saved = format_usd(abs(results.saving), results.currency)
        does = "save" if results.saving >= 0 else "cost"
        found.append(f"the {plural(len(known), 'change')} with known traffic would {does} {saved} a month together")
    ranked = any(each.answer is not None and each.saving is not None for each in results.results)
    unknown = [each for each in results.results if each.status is FunctionStatus.CHANGE and each.saving is None]
    if unknown:
        found.append(
            f"{plural(len(unknown), 'change')} cannot be ranked, as the traffic is not known "
            f"(--invocations-per-month){': these come after the others' if ranked else ''}"
        )
    found += _uncompared(results)
    stopped = {each.analysis.run.stopped for each in results.unanswered if each.analysis is not None}
    if "budget" in stopped:
        found.append(_SET_ASIDE)
    embedded = any(each.function is not None and each.function.platform is not None for each in results.results)
    spent, limit = (format_usd(amount, results.currency) for amount in (results.spent, results.max_spend))
    found.append(f"{spent} of {limit} {'at AWS prices, free on this machine' if embedded else 'spent'}")
    return tuple(found)


def _uncompared(results: FunctionResults) -> list[str]:
    """Of changes whose gain is not known as nothing is known of the current size: that, and what to do about it."""
    return [
        f"{_name(each, results)}: {advisory.message}; {advisory.next_step}"
        for each in results.ranked
        if each.status is FunctionStatus.CHANGE and each.analysis is not None
        for advisory in each.analysis.advisories
        if advisory.code == _NOT_COMPARED
    ]
