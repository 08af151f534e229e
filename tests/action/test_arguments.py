from pathlib import Path

import pytest
from arguments import REPORTS, Inputs, command_line
from runner import StepFailed

FOLDER = Path("/tmp/reports")
BASE = "1" * 40


def words(base: str | None = None, **inputs: object) -> list[str]:
    """What follows the reports."""
    given = Inputs(**{"command": "gate", **inputs})  # type: ignore[arg-type]
    line = list(command_line(given, FOLDER, base))
    return line[1 + 2 * len(REPORTS[given.command]) :]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("--dry-run", ["--dry-run"]),
        ("--memory 512,1024", ["--memory=512,1024"]),
        ("--memory=512", ["--memory=512"]),
        ("--local   path with spaces/app.py:handler", ["--local=path with spaces/app.py:handler"]),
        ("--payload $(touch x); `touch x` \"'", ["--payload=$(touch x); `touch x` \"'"]),
        ("--payload --yes", ["--payload=--yes"]),
        ("-p {}", ["-p", "{}"]),
        ("-p -1", ["-p", "-1"]),
    ],
)
def test_a_line_is_an_option_with_its_value(line: str, expected: list[str]) -> None:
    assert words(command="scan", options=(line,)) == expected


@pytest.mark.parametrize("line", ["orders", "# a comment", "'--memory' 512"])
def test_a_line_that_is_no_option_is_refused(line: str) -> None:
    with pytest.raises(StepFailed, match=r"is not an option: .* `target`"):
        words(options=(line,))


def test_a_target_is_never_an_option() -> None:
    assert words(target=("--on-inconclusive=pass", "a b.json")) == [
        "--yes",
        "--",
        "--on-inconclusive=pass",
        "a b.json",
    ]


def test_a_gate_gets_its_budgets_and_its_baseline() -> None:
    assert words(
        base=BASE,
        options=("--local app.py:handler",),
        budgets=("p(95)<300ms", "-1"),
        max_regression="duration=5%",
        on_inconclusive="warn",
    ) == [
        "--yes",
        "--save=/tmp/reports/results",
        "--local=app.py:handler",
        "--budget=p(95)<300ms",
        "--budget=-1",
        "--max-regression=duration=5%",
        "--on-inconclusive=warn",
        f"--baseline-ref={BASE}",
    ]


def test_every_command_writes_its_reports() -> None:
    for command, endings in REPORTS.items():
        line = command_line(Inputs(command=command), FOLDER, None)
        assert [Path(word).name for word in line if word.startswith("/")] == [f"report.{each}" for each in endings]


def test_a_run_keeps_its_results_and_a_scan_agrees_to_nothing() -> None:
    assert words(command="run", target=("orders",)) == ["--yes", "--save=/tmp/reports/run.json", "--", "orders"]
    assert words(command="scan") == []


def test_a_baseline_of_a_branch_or_none() -> None:
    assert words(baseline_ref="main") == ["--yes", "--baseline-ref=main"]
    assert words(baseline_ref="--upload-pack=touch x") == ["--yes", "--baseline-ref=--upload-pack=touch x"]
    assert words(baseline_ref="none") == words(baseline_ref="auto") == ["--yes"]


@pytest.mark.parametrize(
    ("command", "options", "ref", "wants"),
    [
        ("gate", ("--memory 512", "--local app.py:handler"), "auto", True),
        ("gate", ("--local=app.py:handler",), "auto", True),
        ("gate", ("--local app.py:handler",), "main", False),
        ("gate", ("--local app.py:handler", "--baseline-ref main"), "auto", False),
        ("gate", ("--local app.py:handler", "--baseline=base.json"), "auto", False),
        ("gate", ("--run orders",), "auto", False),
        ("run", ("--local app.py:handler",), "auto", False),
    ],
)
def test_only_a_local_gate_without_a_baseline_wants_the_base(
    command: str, options: tuple[str, ...], ref: str, wants: bool
) -> None:
    assert Inputs(command=command, options=options, baseline_ref=ref).wants_base is wants


def test_unknown_commands_and_inputs_of_another_command_are_refused() -> None:
    with pytest.raises(StepFailed, match="unknown command 'destroy'"):
        command_line(Inputs(command="destroy"), FOLDER, None)
    with pytest.raises(StepFailed, match="'--budget=avg<1ms' is for the command `gate`"):
        command_line(Inputs(command="run", budgets=("avg<1ms",)), FOLDER, None)
