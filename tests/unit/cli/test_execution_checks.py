"""What is refused before an execution is started or followed: no call to AWS."""

from pathlib import Path

import pytest

from powertune.cli.app import run_app
from powertune.cli.execution_checks import check_engine
from powertune.errors import UsageError

ARN = "arn:aws:states:us-east-1:123456789012:execution:powertune:one"
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:powertune"


@pytest.mark.parametrize(
    ("arguments", "error", "hint"),
    [
        ([], "missing argument TARGET", "give its name or ARN"),
        (["fn", "--engine", "stepfunction"], "unknown engine 'stepfunction'", "did you mean stepfunctions?"),
        (["fn", "--stack-name", "mine"], "--stack-name is for the state machine", "add --engine stepfunctions"),
        (["fn", "--state-machine", MACHINE], "--state-machine is for the state machine", "add --engine"),
        (["fn", "--engine", "direct", "--stack-name", "mine"], "--stack-name is for the state machine", ""),
        (["./app.py:handler", "--engine", "stepfunctions"], "is code on this machine", "leave --engine out"),
        (
            ["fn", "--engine", "stepfunctions", "--start-from", "run.json"],
            "--start-from names a file",
            "leave it out",
        ),
        (["fn", "--engine", "stepfunctions", "--from", "run.json"], "--start-from names a file", "leave it out"),
        (["fn", "--engine", "stepfunctions", "--prices", "p.json"], "--prices names a file", "powertune report"),
        (["fn", "--engine", "stepfunctions"], "no terminal to ask on", "add --yes"),
        (["--attach", "one"], "'one' is not the ARN of an execution", "for example arn:aws:states"),
        (["--attach", MACHINE], "is not the ARN of an execution", ""),
        (["fn", "--attach", ARN], "unexpected argument 'fn'", "leave it out"),
        (["--attach", ARN, "--memory", "128"], "--memory is for a run that is started", "leave it out"),
        (["--attach", ARN, "--strategy", "cost"], "--strategy is for a run that is started", "powertune report"),
        (["--attach", ARN, "--payload", "{}"], "--payload is for a run that is started", ""),
        (["--attach", ARN, "--max-spend", "1"], "--max-spend is for a run that is started", ""),
        (["--attach", ARN, "--dry-run"], "--dry-run is for a run that is started", ""),
        (["--attach", ARN, "--engine", "direct"], "--engine direct does not go with --attach", "leave --engine out"),
        (["--attach", ARN, "--state-machine", MACHINE], "--state-machine is for a run that is started", ""),
        (["--attach", ARN, "--region", "eu-west-1"], "--region eu-west-1 is not the region of", "leave --region out"),
    ],
)
def test_a_mistake_is_found_before_anything_is_asked(
    arguments: list[str],
    error: str,
    hint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.py").write_text("def handler(event, context): return 1\n")
    assert run_app(["run", *arguments]) == 2
    err = capsys.readouterr().err
    assert error in err
    assert f"hint: {hint}" in err or hint in err


def test_the_direct_engine_is_the_default() -> None:
    assert check_engine(None, {"stack_name": None}) == "direct"
    assert check_engine("stepfunctions", {"stack_name": "mine"}) == "stepfunctions"
    with pytest.raises(UsageError):
        check_engine("", {"stack_name": "mine"})
