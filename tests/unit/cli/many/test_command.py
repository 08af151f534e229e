"""What is refused of a command line with several functions, before anything is started or asked."""

import io
import sys
from pathlib import Path

import pytest

from powertune.cli.app import run_app


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with code of two functions, a list and results; there is no way to AWS from it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "app.py").write_text("def handler(event, context): return 1\n")
    (tmp_path / "list").write_text("f\ng\n")
    (tmp_path / "bad").write_text("f\n\n# x\nnot a name\n")
    (tmp_path / "run.json").write_text("{}")
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "error", "hint"),
    [
        (["f", "g"], "no terminal to ask on before measuring 2 functions on AWS", "add --yes"),
        (["--functions-from", "list"], "no terminal to ask on before measuring 2 functions on AWS", "--dry-run"),
        (["f", "g", "--yes", "--save", "x.json"], "--save 'x.json' is one file", "name a folder: --save x/"),
        (["f", "g", "--yes", "--start-from", "run.json"], "--start-from is for one function", "in a run of its own"),
        (["f", "g", "--yes", "--from", "run.json"], "--start-from is for one function", "leave it out"),
        (["f", "g", "--yes", "--image-uri-arm64", "i"], "--image-uri-arm64 is for one function", "leave it out"),
        (["f", "g", "--yes", "--engine", "stepfunctions"], "an execution of the state machine", "leave --engine out"),
        (["f", "g", "--yes", "--engine", "step"], "unknown engine 'step'", "one of direct, stepfunctions"),
        (["f", "g", "--yes", "--open"], "--open shows the report of one function", "powertune report FILE --open"),
        (
            ["f", "g", "--yes", "--format", "png", "-o", "x.png"],
            "png is a report of one function",
            "powertune report",
        ),
        (
            ["f", "g", "--yes", "-o", "x.{html,json}"],
            "html is a report of one function",
            "table, json, markdown, csv",
        ),
        (["f", "g", "--yes", "--format", "csv", "--raw"], "raw-csv is a report of one function", "json"),
        (["f", "g", "--dry-run", "--format", "csv"], "a plan has no format csv", "json"),
        (["f", "g", "--yes", "-o", "list.json", "--functions-from", "list.json"], "cannot read 'list.json'", "check"),
        (["f", "g", "--yes", "--save", "d/", "-o", "d/summary.json"], "'d/summary.json' would overwrite", "another"),
        (["f", "./a"], "'./a' is code on this machine, and 'f' is a function on AWS", "in two runs"),
        (["f", "run.json"], "'run.json' is not a function", "powertune report run.json"),
        (["f", "bad name", "--yes"], "'bad name' is not the name or ARN of a Lambda function", "give a name"),
        (["f", "g", "--yes", "--memory", "128,abc"], "memory size 'abc'", "for example --memory"),
        (["f", "g", "--yes", "--region", "useast1"], "'useast1' is not a region", "did you mean us-east-1?"),
        (["f", "g", "--yes", "--parallel", "0"], "parallel '0' is not a whole number", "1"),
        (
            ["--functions-from", "bad", "--yes"],
            "line 4 of 'bad': 'not a name' is not the name or ARN",
            "one name per",
        ),
        (["--functions-from", "none", "--yes"], "cannot read 'none'", "check --functions-from"),
        (["./a", "./b", "--region", "eu-west-1"], "--region is for functions on AWS, and './a' runs", "leave it out"),
        (["./a", "./b", "--payload", "{broken"], "payload '{broken' is not JSON", ""),
        (["./a", "b/app.py:none"], "there is no 'none' in 'b/app.py'", "name"),
        (["--attach", "arn:aws:states:us-east-1:123456789012:execution:m:e", "--functions-from", "list"], "", ""),
    ],
)
def test_a_mistake_is_found_before_anything_starts(
    arguments: list[str], error: str, hint: str, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run_app(["run", *arguments]) == 2
    told = capfd.readouterr()
    assert told.out == ""
    assert f"error: {error}" in told.err, told.err
    assert hint in told.err
    assert not list(folder.glob("powertune-results")), "nothing is made"


def test_stdin_is_read_for_one_purpose(
    folder: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"f\ng\n")))
    assert run_app(["run", "--functions-from", "-", "-p", "@-", "--yes"]) == 2
    assert "stdin cannot be both --functions-from and --payload" in capfd.readouterr().err


def test_a_named_file_of_functions_is_not_overwritten(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (folder / "list.json").write_text("f\n")
    assert run_app(["run", "--functions-from", "list.json", "--yes", "-o", "list.json"]) == 2
    assert "'list.json' would overwrite" in capfd.readouterr().err
