"""What GitHub's runner gives a step, and what it takes from it: environment variables, files and lines of the log."""

import json
import os
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

#: A larger summary of a step is dropped whole.
SUMMARY_LIMIT_BYTES = 1024 * 1024
_CUT = "\n\n*The report was shortened here. The artifact of this workflow run holds all of it.*\n"


class StepFailed(Exception):
    """A step cannot do what it is asked to. The message says why, and what to do."""


def value(name: str) -> str:
    """An environment variable without the space around it; empty if it is not set."""
    return os.environ.get(name, "").strip()


def lines(name: str) -> tuple[str, ...]:
    """The lines of an environment variable that are not empty."""
    return tuple(line.strip() for line in value(name).split("\n") if line.strip())


def event() -> Mapping[str, Any]:
    """The payload of the event that started the workflow."""
    path = value("GITHUB_EVENT_PATH")
    payload: Mapping[str, Any] = json.loads(Path(path).read_text(encoding="utf-8")) if path else {}
    return payload


def set_output(name: str, text: str) -> None:
    """Set an output of the step, whatever characters it has."""
    delimiter = f"end-{uuid.uuid4()}"
    _append("GITHUB_OUTPUT", f"{name}<<{delimiter}\n{text}\n{delimiter}\n")


def add_summary(markdown: str) -> None:
    """Append to the summary of the step as much as it holds."""
    path = value("GITHUB_STEP_SUMMARY")
    if not path:
        return
    used = Path(path).stat().st_size if Path(path).exists() else 0
    room = SUMMARY_LIMIT_BYTES - used - 1
    if len(markdown.encode()) > room:
        kept = markdown.encode()[: max(0, room - len(_CUT.encode()))].decode(errors="ignore")
        markdown = kept[: kept.rfind("\n") + 1] + _CUT
    if len(markdown.encode()) <= room:
        _append("GITHUB_STEP_SUMMARY", markdown.rstrip("\n") + "\n")


def annotate(kind: str, message: str) -> None:
    """Write an annotation: `error`, `warning` or `notice`."""
    escaped = message.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    sys.stdout.write(f"::{kind} title=powertune::{escaped}\n")
    sys.stdout.flush()


def _append(variable: str, text: str) -> None:
    path = value(variable)
    if path:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(text)
