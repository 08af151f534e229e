"""`powertune run` with the deployed state machine: an execution is started, followed, attached to, and stopped."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from deployed_machine import Deployed

from powertune import results
from powertune.cli.app import run_app

SMALL = ("--memory", "256,512", "--invocations", "4", "--environments", "2", "--yes")


@pytest.mark.long
def test_a_run_by_the_state_machine_is_reported_as_a_run_from_here(
    deployed: Deployed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    deployed.function("followed")
    before = deployed.snapshot("followed")
    arguments = ["run", "followed", "--engine", "stepfunctions", *SMALL, "--save", "run.json", "--format", "json"]
    assert run_app(arguments) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["engine"] == "stepfunctions"
    execution = next(line.removeprefix("execution ") for line in err.splitlines() if line.startswith("execution "))
    assert "the state machine itself costs about" in err
    assert deployed.snapshot("followed") == before
    # Its results file is as one of the direct engine.
    assert run_app(["report", "run.json"]) == 0
    assert run_app(["run", "--attach", execution, "--save", "again.json"]) == 0
    assert results.load(Path("again.json")) == results.load(Path("run.json"))


@pytest.mark.long
def test_a_job_that_is_cancelled_stops_its_execution_and_restores_the_function(
    deployed: Deployed, tmp_path: Path
) -> None:
    deployed.function("cancelled")
    before = deployed.snapshot("cancelled")
    many = ("--memory", "256,512", "--invocations", "2000", "--max-spend", "5", "--yes")
    command = [sys.executable, "-m", "powertune", "run", "cancelled", "--engine", "stepfunctions", *many]
    with subprocess.Popen(
        [*command, "--payload", '{"sleep": 0.2}', "--save", "run.json"],
        cwd=tmp_path,
        env=dict(os.environ),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        lines = iter(process.stderr.readline, "")
        assert any(line == "state Measure\n" for line in lines)
        process.send_signal(signal.SIGTERM)
        told = process.stderr.read()
        assert process.wait(120) == 130
    assert "is stopped; cancelled is restored" in told
    assert deployed.snapshot("cancelled") == before


@pytest.mark.long
def test_an_input_that_the_state_machine_refuses_ends_as_here(deployed: Deployed) -> None:
    execution = deployed.start({"lambdaARN": "no-such-function"})
    deployed.wait(execution)
    assert run_app(["run", "--attach", execution, "--save", "none.json"]) == 5
    assert not Path("none.json").exists()
