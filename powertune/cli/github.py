"""What GitHub Actions shows of a gate besides its log: the summary of the job, and annotations."""

from collections.abc import Mapping
from pathlib import Path

from powertune.cli.console import say
from powertune.gate.result import GateResult
from powertune.report.gate.annotations import github_annotations
from powertune.report.gate.markdown import gate_markdown

#: GitHub drops the whole summary of a step that has more.
_SUMMARY_BYTES = 1024 * 1024
#: With less room than this, a summary would say nothing.
_LEAST_BYTES = 4096


def tell_github(result: GateResult, environment: Mapping[str, str]) -> None:
    """Append to the summary and annotate, where this is a job; what cannot be written is no reason to fail a build.

    Annotations go to stderr, as stdout is for data. GitHub documents commands on stdout, but the runner gives both
    streams to the same command manager (actions/runner, `src/Runner.Worker/Handlers/ScriptHandler.cs`).
    """
    if summary := environment.get("GITHUB_STEP_SUMMARY"):
        _summarize(result, Path(summary))
    if environment.get("GITHUB_ACTIONS") == "true":
        for line in github_annotations(result).splitlines():
            say(line)


def _summarize(result: GateResult, path: Path) -> None:
    try:
        taken = path.stat().st_size if path.exists() else 0
        room = _SUMMARY_BYTES - taken - 1
        if room < _LEAST_BYTES:
            say(f"warning: the summary of this step in {path} is full, and the gate is not in it")
            return
        with path.open("ab") as file:
            file.write((b"\n" if taken else b"") + gate_markdown(result, room))
    except OSError as error:
        say(f"warning: cannot write the summary to {path}: {error.strerror}")
