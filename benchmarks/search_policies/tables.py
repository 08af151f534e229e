"""The figures of a benchmark of searches as people read them: a table per goal, a line per policy."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from benchmarks.search_policies.goals import Aim
from benchmarks.search_policies.scores import Scores

_NAME = 14


@dataclass(frozen=True, slots=True)
class Column:
    """A heading, and what stands below it for a policy."""

    heading: str
    text: Callable[[Scores], str]


def _percent(value: float | None, digits: int = 0) -> str:
    return "-" if value is None else f"{value:.{digits}%}"


def _number(value: float | None, digits: int = 1) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"


_LOSS = (
    Column("loss: mean", lambda of: _percent(of.mean_loss, 1)),
    Column("median", lambda of: _percent(of.median_loss, 1)),
    Column("p90", lambda of: _percent(of.p90_loss, 1)),
    Column("<=5%", lambda of: _percent(of.within_5)),
    Column("<=10%", lambda of: _percent(of.within_10)),
)
#: What a goal wants to know of picks.
_QUALITY: Mapping[Aim, tuple[Column, ...]] = {
    Aim.TOLERANCE: (
        Column("good picks", lambda of: _percent(of.good)),
        Column("excess cost", lambda of: _percent(of.excess, 1)),
        Column("slowness", lambda of: _percent(of.slowness, 1)),
    ),
    Aim.COST: _LOSS,
    Aim.SPEED: _LOSS,
    Aim.BALANCED: _LOSS,
    Aim.P95: (
        Column("limit missed", lambda of: _percent(of.missed)),
        Column("excess cost", lambda of: _percent(of.excess, 1)),
        Column("p90", lambda of: _percent(of.p90_loss, 1)),
    ),
}
_SPENT = (
    Column("fails", lambda of: _percent(of.failures, 1)),
    Column("invocations", lambda of: _number(of.invocations)),
    Column("sizes", lambda of: _number(of.sizes)),
    Column("units", lambda of: _number(of.exploration)),
    Column("p90", lambda of: _number(of.p90_exploration)),
    Column("exhausted", lambda of: _percent(of.exhausted)),
)
_STATED = (
    Column("holds", lambda of: _percent(of.coverage, 1)),
    Column("P(best)", lambda of: _percent(of.p_best, 1)),
    Column("was", lambda of: _percent(of.was_best, 1)),
    Column("off by", lambda of: _percent(of.miscalibration, 1)),
    Column("in ten", lambda of: _number(of.sizes_in_ten)),
    Column("agree", lambda of: _percent(of.agreeing)),
)
_YEAR = Column("year $", lambda of: _number(of.year_usd, 2))
_CHANGES = (
    Column("changes", lambda of: _percent(of.changed)),
    Column("harms", lambda of: _percent(of.harmed)),
)


def table(aim: Aim, scores: Mapping[str, Scores]) -> str:
    """A heading, and a line per policy."""
    columns = [*_QUALITY[aim], *_SPENT, *_STATED]
    if any(of.year_usd is not None for of in scores.values()):
        columns.append(_YEAR)
    if any(of.changed is not None for of in scores.values()):
        columns += _CHANGES
    texts = {name: [column.text(of) for column in columns] for name, of in scores.items()}
    lines = {"policy": [column.heading for column in columns], **texts}
    widths = [max(map(len, below)) for below in zip(*lines.values(), strict=True)]
    return "\n".join(
        f"{name:{_NAME}}" + "  ".join(text.rjust(width) for text, width in zip(line, widths, strict=True))
        for name, line in lines.items()
    )
