"""What a change set would change, for a person."""

from collections.abc import Sequence

from powertune.aws.stacks.stack_changes import SettingChange, StackChange
from powertune.units import printable

_HEADER = ("action", "resource", "type", "replacement")
_NONE = "(none)"
_REPLACEMENT = {None: "", "True": "yes", "Conditional": "maybe"}


def changes_text(changes: Sequence[StackChange]) -> str:
    """A line for each resource, below a header."""
    rows = [_HEADER, *(_row(change) for change in changes)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADER))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join(printable(line) for line in lines)


def settings_text(settings: Sequence[SettingChange]) -> str:
    """A line for each parameter and tag, from what to what."""
    return "\n".join(printable(f"{each.name}: {each.before or _NONE} -> {each.after or _NONE}") for each in settings)


def _row(change: StackChange) -> tuple[str, str, str, str]:
    replacement = _REPLACEMENT.get(change.replacement, str(change.replacement))
    return change.action.lower(), change.resource, change.type, replacement
