"""GitHub-flavored Markdown, for a pull request."""

import html
import re
from collections.abc import Callable, Iterable

from powertune.analysis import Analysis
from powertune.report.change import shell_lines
from powertune.report.report_text import ReportText, Row, write_report_text
from powertune.units import plural, printable

#: Header, alignment and field of a row.
_COLUMNS = (
    ("memory", "---:", "memory"),
    ("architecture", "---", "architecture"),
    ("warm/cold", "---:", "counts"),
    ("mean duration", "---:", "duration_interval"),
    ("p95", "---:", "p95"),
    ("cost per million", "---:", "cost_interval"),
    ("vs now", "---:", "against_now"),
    ("memory used", "---:", "used"),
    ("init", "---:", "init"),
)
_COMMAND_WIDTH = 100
#: A zero-width space is the only thing that keeps GitHub from finding mentions and references in a text: it looks for
#: them after the Markdown is rendered, when backslashes and entities are gone.
_BREAK = "&#8203;"
#: What is more than text, by how it is made harmless. An amount of money is no formula, but any other dollar sign may
#: end one; an underscore within a word is no emphasis.
_SPECIAL = re.compile(
    r"(?P<html>[&<>])"
    r"|(?P<dollar>\$(?!\d))"
    r"|(?P<mark>[\\`*\[\]|~]|(?<![^\W_])_|_(?![^\W_])|\A[-+](?=\s))"
    r"|(?P<link>[#@]|(?<![a-z0-9])gh-(?=\d)|:(?=//)|(?<![a-z0-9])www(?=\.)|\A\d+(?=[.)](?:\s|\Z)))",
    re.IGNORECASE,
)
_HARMLESS: dict[str, Callable[[str], str]] = {
    "html": html.escape,
    "dollar": lambda _: "&#36;",
    "mark": lambda text: f"\\{text}",
    "link": lambda text: f"{text}{_BREAK}",
}


def render_markdown(analysis: Analysis) -> bytes:
    """The answer, the table and the reasons; advisories and how it was measured are folded away."""
    report = write_report_text(analysis)
    blocks = [
        f"### {escape(report.title)}",
        f"**{escape(report.headline)}**",
        _table(report),
        listed(escape(reason) for reason in report.reasons),
        _change(report),
        _advisories(report),
        details("How it was measured", _facts(report)),
    ]
    return ("\n\n".join(block for block in blocks if block) + "\n").encode()


def escape(text: str) -> str:
    """The text on one line, as nothing but text: no markup, no HTML, no mention, no reference, no link."""
    return _SPECIAL.sub(lambda match: _HARMLESS[match.lastgroup or ""](match[0]), " ".join(printable(text).split()))


def code(text: str) -> str:
    """The text as code, for a table as well: as it is where that is safe, else as an element of HTML."""
    text = " ".join(printable(text).split())
    if not text or any(char in "`<>&\\" for char in text):
        return f"<code>{escape(text)}</code>"
    return f"`{text.replace('|', chr(92) + '|')}`"


def _table(report: ReportText) -> str:
    if not report.rows:
        return "Nothing was measured."
    headers = [header for header, _, _ in _COLUMNS] + [""]
    alignments = [alignment for _, alignment, _ in _COLUMNS] + ["---"]
    return "\n".join(map(table_line, (headers, alignments, *map(_cells, report.rows))))


def _cells(row: Row) -> list[str]:
    cells = [escape(getattr(row, field)) for _, _, field in _COLUMNS]
    if row.recommended:
        cells[0] = f"**{cells[0]}**"
    return [*cells, escape(", ".join(row.notes))]


def table_line(cells: Iterable[str]) -> str:
    """A row of a table, of cells that are Markdown."""
    return f"| {' | '.join(cells)} |"


def _advisories(report: ReportText) -> str:
    advisories = dict.fromkeys(report.advisories)
    if not advisories:
        return ""
    items = listed(f"{escape(advisory.message)}. _Next: {escape(advisory.next_step)}._" for advisory in advisories)
    return details(f"{plural(len(advisories), 'thing')} to know about this measurement", items)


def _change(report: ReportText) -> str:
    """How to apply the answer: the commands in a block, which needs no escapes but for its own fence."""
    change = report.change
    if change is None:
        return ""
    lines = [line for command in change.commands for line in shell_lines(command, _COMMAND_WIDTH)]
    commands = "\n".join(printable(line) for line in lines)
    properties = listed(f"{escape(tool)}: {escape(', '.join(texts))}" for tool, texts in change.definitions)
    note = "" if change.note is None else f"{escape(change.note)}\n\n"
    return details("How to apply it", f"```shell\n{commands}\n```\n\n{note}{properties}")


def _facts(report: ReportText) -> str:
    function = ("Function", report.subtitle)
    return listed(f"{escape(label)}: {escape(text)}" for label, text in (function, *report.facts))


def listed(items: Iterable[str]) -> str:
    """A list of items that are Markdown."""
    return "\n".join(f"- {item}" for item in items)


def details(summary: str, body: str) -> str:
    """Markdown that is folded away. Inside of HTML it needs empty lines around it."""
    return f"<details>\n<summary>{summary}</summary>\n\n{body}\n\n</details>"
