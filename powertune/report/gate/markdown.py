"""A gate as GitHub-flavored Markdown: a comment on a pull request, and the summary of a job."""

from collections.abc import Sequence

from powertune.gate.result import GateResult
from powertune.report.gate.gate_text import READING, GateRow, GateText, write_gate_text
from powertune.report.markdown import code, details, escape, listed, table_line
from powertune.report.scan.markdown import COMMENT_BYTES
from powertune.units import plural, shortened

#: A sentence may repeat what somebody called a function, a commit or a folder.
_LONGEST = 1_000
_HEADERS = ("outcome", "function", "check", "change", "candidate", "baseline")


def render_gate_markdown(result: GateResult) -> bytes:
    """The verdict, failed checks first, money, and what it took; it fits into a comment on GitHub."""
    return gate_markdown(result, COMMENT_BYTES)


def gate_markdown(result: GateResult, most_bytes: int) -> bytes:
    """The report, at most `most_bytes` long: each list has as many lines as fit, and says how many are left out.

    What has to be looked at comes first, so that checks that passed are left out first. Without any lines, it has
    some thousand bytes, which is the least.
    """
    text = write_gate_text(result)
    lines = max(len(text.rows), len(text.money), len(text.notes))
    best = _rendered(text, lines)
    fits, too_many = (lines, lines + 1) if len(best) <= most_bytes else (0, lines)
    if not fits:
        best = _rendered(text, 0)
    while fits + 1 < too_many:
        lines = (fits + too_many) // 2
        data = _rendered(text, lines)
        if len(data) <= most_bytes:
            fits, best = lines, data
        else:
            too_many = lines
    return best


def _rendered(text: GateText, lines: int) -> bytes:
    shown = text.rows[:lines]
    alignments = ("---",) * len(_HEADERS)
    told = [f"{escape(row.name)}, {code(row.check.rule)}: {escape(row.sentence)}" for row in shown if _told(row)]
    blocks = [
        f"### {escape(shortened(text.title))}",
        f"**{escape(shortened(text.headline, _LONGEST))}**",
        f"{escape(shortened(text.subtitle, _LONGEST))}.",
        _limited(text.money, lines),
        "\n".join(map(table_line, (_HEADERS, alignments, *map(_cells, shown)))) if shown else "",
        _left_out(len(text.rows) - lines, "check"),
        listed(told),
        details("Notes", _limited(text.notes, lines)) if text.notes else "",
        f"{'; '.join(f'{escape(label)}: {escape(shortened(fact))}' for label, fact in text.facts)}.",
        details("How to read this", READING),
    ]
    return ("\n\n".join(block for block in blocks if block) + "\n").encode()


def _limited(items: Sequence[str], lines: int) -> str:
    return "\n\n".join(filter(None, (listed(map(escape, items[:lines])), _left_out(len(items) - lines, "line"))))


def _left_out(count: int, noun: str) -> str:
    return f"{plural(count, noun)} more than fit here." if count > 0 else ""


def _told(row: GateRow) -> bool:
    """Whether its sentence says more than its row does."""
    return row.outcome != "passed"


def _cells(row: GateRow) -> tuple[str, ...]:
    mark = row.outcome if row.outcome == "passed" else f"**{row.outcome}**"
    cells = (row.change, row.candidate, row.baseline)
    return (mark, escape(row.name), code(row.check.rule), *map(escape, cells))
