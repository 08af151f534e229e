"""A gate as workflow commands of GitHub Actions, which a job shows as annotations."""

from collections.abc import Sequence

from powertune.gate.model import GateVerdict, Level
from powertune.gate.result import GateResult, OnInconclusive
from powertune.report.gate.gate_text import GateRow, write_gate_text
from powertune.units import plural, printable, shortened

#: GitHub shows ten annotations of each kind of a step.
MOST_OF_A_KIND = 10
#: An annotation is a sentence or two.
_LONGEST = 1_000
#: As `@actions/core` escapes the message of a command, and beyond that its properties.
_MESSAGE = (("%", "%25"), ("\r", "%0D"), ("\n", "%0A"))
_PROPERTY = (*_MESSAGE, (":", "%3A"), (",", "%2C"))


def github_annotations(result: GateResult) -> str:
    """A line for each check that failed or is inconclusive, at most ten of a kind; empty if all passed.

    Where there are more, the last line of its kind counts the rest.
    """
    rows = write_gate_text(result).rows
    kinds = {
        kind: [row for row in rows if _kind(row, result.on_inconclusive) == kind] for kind in ("error", "warning")
    }
    return "".join(f"{line}\n" for kind, found in kinds.items() for line in _lines(kind, found))


def _kind(row: GateRow, on_inconclusive: OnInconclusive) -> str | None:
    verdict, warns = row.check.verdict, row.check.level is Level.WARN
    if verdict is GateVerdict.FAILED:
        return "warning" if warns else "error"
    if verdict is GateVerdict.PASSED or warns or on_inconclusive is OnInconclusive.PASS:
        return None
    return "error" if on_inconclusive is OnInconclusive.FAIL else "warning"


def _lines(kind: str, rows: Sequence[GateRow]) -> list[str]:
    shown = rows if len(rows) <= MOST_OF_A_KIND else rows[: MOST_OF_A_KIND - 1]
    lines = [_command(kind, f"{row.name}: {row.check.rule} {row.outcome}", row.sentence) for row in shown]
    if left := len(rows) - len(shown):
        lines.append(_command(kind, f"{plural(left, 'more check')}", "the summary of the job lists all of them"))
    return lines


def _command(kind: str, title: str, message: str) -> str:
    return f"::{kind} title={_escaped(title, _PROPERTY)}::{_escaped(message, _MESSAGE)}"


def _escaped(text: str, replacements: Sequence[tuple[str, str]]) -> str:
    text = shortened(printable(text), _LONGEST)
    for char, code in replacements:
        text = text.replace(char, code)
    return text
