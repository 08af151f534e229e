"""`powertune apply --iac` as a person types it: no AWS, and the file changes only if that was asked for."""

from pathlib import Path

import pytest
from factories import make_function, make_measurement, make_run

from powertune import results
from powertune.cli.app import run_app
from powertune.model import FunctionState

TEMPLATE = """\
Resources:
  Resize:  # the thumbnails
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: resize
      MemorySize: 512  # tuned by hand
"""
CHANGED = TEMPLATE.replace("512", "1024")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a template and the results of a run, and no way to AWS."""
    monkeypatch.chdir(tmp_path)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    Path("template.yaml").write_text(TEMPLATE)
    save(make_function())
    return tmp_path


def save(function: FunctionState) -> None:
    measurements = (
        make_measurement(memory_mb=512, durations=[200.0, 201.0, 202.0] * 8, lanes=4),
        make_measurement(memory_mb=1024, durations=[50.0, 51.0, 52.0] * 8, lanes=4),
    )
    Path("run.json").write_bytes(results.dump(make_run(measurements=measurements, function=function)))


def test_the_change_is_printed_as_a_diff_and_written_if_that_is_wanted(capfd: pytest.CaptureFixture[str]) -> None:
    assert run_app(["apply", "run.json", "--iac", "template.yaml"]) == 0
    shown = capfd.readouterr()
    assert "-      MemorySize: 512  # tuned by hand\n+      MemorySize: 1024  # tuned by hand\n" in shown.out
    assert Path("template.yaml").read_text() == TEMPLATE
    assert run_app(["apply", "run.json", "--iac", "template.yaml", "--write", "--dry-run"]) == 0
    assert Path("template.yaml").read_text() == TEMPLATE
    assert run_app(["apply", "run.json", "--iac", "template.yaml", "--resource", "Resize", "--write", "--yes"]) == 0
    assert Path("template.yaml").read_text() == CHANGED


def test_writing_with_nobody_to_ask_needs_yes(capfd: pytest.CaptureFixture[str]) -> None:
    assert run_app(["apply", "run.json", "--iac", "template.yaml", "--write"]) == 2
    assert "no terminal to ask on before writing template.yaml" in capfd.readouterr().err
    assert Path("template.yaml").read_text() == TEMPLATE


def test_a_size_can_be_named(capfd: pytest.CaptureFixture[str]) -> None:
    assert run_app(["apply", "run.json", "--iac", ".", "--memory", "768"]) == 0
    shown = capfd.readouterr()
    assert "+      MemorySize: 768  # tuned by hand" in shown.out
    assert "has not measured 768 MB x86_64" in shown.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--write",), "--write is about infrastructure code"),
        (("--resource", "Resize"), "--resource is about infrastructure code"),
        (("--iac", "template.yaml", "--alias", "prod"), "--alias is about the function on AWS"),
        (("--iac", "template.yaml", "--rollback"), "--iac is not for a rollback"),
    ],
)
def test_what_does_not_go_together(options: tuple[str, ...], words: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_app(["apply", "run.json", "--yes", *options]) == 2
    assert words in capfd.readouterr().err
    assert Path("template.yaml").read_text() == TEMPLATE


def test_code_with_another_size_than_the_measured_function_is_noted(capfd: pytest.CaptureFixture[str]) -> None:
    Path("template.yaml").write_text(TEMPLATE.replace("512", "384"))
    assert run_app(["apply", "run.json", "--iac", "template.yaml"]) == 0
    shown = capfd.readouterr()
    assert "-      MemorySize: 384" in shown.out
    assert "Resize has 384 MB in the code, but resize had 512 MB when it was measured" in shown.err


def test_figures_of_the_embedded_aws_are_not_written_into_a_definition(capfd: pytest.CaptureFixture[str]) -> None:
    save(make_function(platform="cgroup v1", cores=2.0))
    assert run_app(["apply", "run.json", "--iac", "template.yaml"]) == 0
    shown = capfd.readouterr()
    assert "+      MemorySize: 1024" in shown.out
    assert "was measured on the embedded AWS" in shown.err
    assert run_app(["apply", "run.json", "--iac", "template.yaml", "--write", "--yes"]) == 2
    assert "was measured on the embedded AWS" in capfd.readouterr().err
    assert Path("template.yaml").read_text() == TEMPLATE
