"""A gate as GitHub-flavored Markdown: a comment on a pull request, and the summary of a job."""

from powertune.gate.result import GateResult
from powertune.report.gate.gate_text import READING, GateRow, GateText, write_gate_text
from powertune.report.markdown import code, details, escape, listed, table_line
from powertune.report.scan.markdown import COMMENT_BYTES
from powertune.units import plural

_HEADERS = ("outcome", "function", "check", "change", "candidate", "baseline")


def render_gate_markdown(result: GateResult) -> bytes:
    """The verdict, failed checks first, money, and what it took; it fits into a comment on GitHub."""
    return gate_markdown(result, COMMENT_BYTES)


def gate_markdown(result: GateResult, most_bytes: int) -> bytes:
    """The report in at most so many bytes: checks that passed are left out first, and it says how many are."""
    text = write_gate_text(result)
    fits, too_many = 0, len(text.rows) + 1
    best = _rendered(text, 0, notes=False)
    while fits + 1 < too_many:
        lines = (fits + too_many) // 2
        data = _rendered(text, lines, notes=True)
        if len(data) <= most_bytes:
            fits, best = lines, data
        else:
            too_many = lines
    return best


def _rendered(text: GateText, lines: int, *, notes: bool) -> bytes:
    left = len(text.rows) - lines
    shown = text.rows[:lines]
    blocks = [
        f"### {escape(text.title)}",
        f"**{escape(text.headline)}**",
        f"{escape(text.subtitle)}.",
        "\n".join(map(table_line, (_HEADERS, ("---",) * len(_HEADERS), *map(_cells, shown)))) if shown else "",
        f"{plural(left, 'check')} more than fit here." if left else "",
        listed(f"{escape(row.name)}, {code(row.check.rule)}: {escape(row.sentence)}" for row in shown if _told(row)),
        listed(map(escape, text.money)),
        details("Not judged", listed(map(escape, text.notes))) if text.notes and notes else "",
        f"{'; '.join(f'{escape(label)}: {escape(fact)}' for label, fact in text.facts)}.",
        details("How to read this", READING),
    ]
    return ("\n\n".join(block for block in blocks if block) + "\n").encode()


def _told(row: GateRow) -> bool:
    """Whether its sentence says more than its row does."""
    return row.outcome != "passed"


def _cells(row: GateRow) -> tuple[str, ...]:
    mark = row.outcome if row.outcome == "passed" else f"**{row.outcome}**"
    cells = (row.change, row.candidate, row.baseline)
    return (mark, escape(row.name), code(row.check.rule), *map(escape, cells))
