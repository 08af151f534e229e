"""Several tuned functions as GitHub-flavored Markdown, for a pull request or the summary of a job."""

from powertune.report.functions.model import FunctionResults
from powertune.report.functions.text import HEADERS, write_functions_text
from powertune.report.markdown import code, escape, listed, table_line

_ALIGNMENTS = ("---", "---:", "---:", "---:", "---:")


def render_functions_markdown(results: FunctionResults) -> bytes:
    """The table, what applies each answer, and why functions have none."""
    text = write_functions_text(results)
    rows = [[f"**{escape(c)}**" if row.change and c else escape(c) for c in row.cells] for row in text.rows]
    blocks = [
        f"### {escape(text.title)}",
        "\n".join(map(table_line, (HEADERS, _ALIGNMENTS, *rows))),
        listed(f"{escape(name)}: {code(command)}" for name, command in text.commands),
        listed(f"{escape(name)}: {escape(why)}" for name, why in text.unanswered),
        listed(escape(note) for note in text.notes),
    ]
    return ("\n\n".join(block for block in blocks if block) + "\n").encode()
