"""The step that runs powertune. It leaves it to the last step of the action to fail the job."""

import json
import signal
import subprocess
import tempfile
from pathlib import Path

import runner
from arguments import Inputs, command_line
from baseline import base_commit

#: What stands where a report would.
NO_REPORT = "powertune ended before it wrote a report. The log of the step `Run powertune` says why."
_OUTCOMES = {0: "passed", 8: "inconclusive", 10: "failed"}
_USAGE = 2


def main() -> None:
    """Run powertune, and tell the next steps how it ended and where its reports are."""
    command = runner.value("INPUT_COMMAND")
    folder = Path(tempfile.mkdtemp(prefix="powertune-", dir=runner.value("RUNNER_TEMP")))
    runner.set_output("report", str(folder))
    try:
        code = _powertune(folder)
    except runner.StepFailed as failure:
        runner.annotate("error", str(failure))
        code = _USAGE
    for output, name in (("summary", "report.md"), ("json", "report.json"), ("junit", "report.xml")):
        runner.set_output(output, str(folder / name) if (folder / name).is_file() else "")
    _summarize(command, code, folder / "report.md")
    runner.set_output("outcome", _outcome(code, folder / "report.json"))
    runner.set_output("exit-code", str(code))


def _powertune(folder: Path) -> int:
    inputs = Inputs(
        command=runner.value("INPUT_COMMAND"),
        options=runner.lines("INPUT_OPTIONS"),
        target=runner.lines("INPUT_TARGET"),
        budgets=runner.lines("INPUT_BUDGETS"),
        max_regression=runner.value("INPUT_MAX_REGRESSION"),
        on_inconclusive=runner.value("INPUT_ON_INCONCLUSIVE"),
        baseline_ref=runner.value("INPUT_BASELINE_REF") or "auto",
    )
    place = Path(runner.value("INPUT_WORKING_DIRECTORY") or ".")
    if not place.is_dir():
        raise runner.StepFailed(f"there is no folder {str(place)!r}: fix the input `working-directory`")
    base = base_commit(runner.event(), runner.value("GITHUB_SHA"), place) if inputs.wants_base else None
    runner.set_output("baseline", base or "")
    words = command_line(inputs, folder, base)
    return _waited_for([runner.value("POWERTUNE"), *words], place)


def _waited_for(command: list[str], place: Path) -> int:
    """The exit code. A job that is canceled gets signals: powertune is told, so that it can restore the function."""
    child = subprocess.Popen(command, cwd=place)  # noqa: S603 - no shell
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, _frame: child.send_signal(received))
    code = child.wait()
    # A signal is a negative number, which no step can exit with.
    return code if code >= 0 else 128 - code


def _outcome(code: int, report: Path) -> str:
    """What the exit code says, or what a gate says that is inconclusive and passes all the same."""
    outcome = _OUTCOMES.get(code, "error")
    if outcome == "passed" and report.is_file():
        document = json.loads(report.read_text(encoding="utf-8"))
        if document.get("verdict") == "inconclusive":
            return "inconclusive"
    return outcome


def _summarize(command: str, code: int, report: Path) -> None:
    """Show the report on the page of the workflow run; a gate has written its own."""
    if not report.is_file():
        runner.add_summary(f"### powertune {command}: exit code {code}\n\n{NO_REPORT}")
    elif command != "gate":
        runner.add_summary(report.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
