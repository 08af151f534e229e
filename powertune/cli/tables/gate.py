"""A judged gate for the terminal."""

import textwrap

from powertune.cli.tables.screen import Screen
from powertune.gate.result import GateResult
from powertune.report.gate.gate_text import GateText, write_gate_text
from powertune.units import printable

_GAP = "  "
#: A narrower column breaks a sentence into too many lines: then it stands below, indented.
_LEAST_SENTENCE = 36
_INDENT = "    "
_COLORS = {"failed": "31", "inconclusive": "33", "passed": "32", "warning": "33", "not proven": "33"}


def render_gate_table(result: GateResult, screen: Screen) -> bytes:
    """A line for each check, failed ones first, with the verdict above and what it took below."""
    text = write_gate_text(result)
    lines = [*_wrapped(text.subtitle, screen.width), *_rows(text, screen)]
    facts = (f"{label.lower()}: {fact}" for label, fact in text.facts)
    for sentence in (*text.money, *(f"note: {note}" for note in text.notes), *facts, text.headline):
        lines += _wrapped(sentence, screen.width)
    return "".join(f"{line}\n" for line in lines).encode(screen.encoding, errors="replace")


def _rows(text: GateText, screen: Screen) -> list[str]:
    heads = [(row.outcome, printable(row.name), printable(row.check.rule)) for row in text.rows]
    widths = [max(map(len, column)) for column in zip(*heads, strict=True)]
    beside = screen.width - sum(widths) - len(_GAP) * len(widths)
    lines = []
    for head, row in zip(heads, text.rows, strict=True):
        cells = [cell.ljust(width) for cell, width in zip(head, widths, strict=True)]
        if screen.color:
            cells[0] = f"\x1b[{_COLORS[row.outcome]}m{cells[0]}\x1b[0m"
        start = _GAP.join(cells)
        if beside >= _LEAST_SENTENCE:
            first, *others = _wrapped(row.sentence, beside)
            lines += [f"{start}{_GAP}{first}", *(f"{' ' * (screen.width - beside)}{other}" for other in others)]
        else:
            lines += [
                start.rstrip(),
                *(f"{_INDENT}{line}" for line in _wrapped(row.sentence, screen.width - len(_INDENT))),
            ]
    return lines


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(printable(text), max(1, width), break_long_words=False, break_on_hyphens=False) or [""]
