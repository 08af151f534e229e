"""`powertune baseline`: saved, listed and shown, in a folder and in S3 on the embedded AWS."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from factories import make_measurement, make_run

from powertune import results
from powertune.cli.app import run_app
from powertune.local.embedded import EmbeddedAWS


@pytest.fixture(params=["folder", "bucket"])
def place(
    request: pytest.FixtureRequest, aws_environment: EmbeddedAWS, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    for name in ("GITHUB_SHA", "GITHUB_REF_NAME", "CI_COMMIT_SHA", "CI_COMMIT_REF_NAME", "GIT_COMMIT", "BRANCH_NAME"):
        monkeypatch.delenv(name, raising=False)
    if request.param == "folder":
        yield "baselines"
        return
    with contextlib.closing(boto3.client("s3")) as s3:
        s3.create_bucket(Bucket="baselines")
        yield "s3://baselines/ci/"
        for item in s3.list_objects_v2(Bucket="baselines").get("Contents", []):
            s3.delete_object(Bucket="baselines", Key=item["Key"])


def save(*sizes: int, file: str = "run.json", duration_ms: float = 100.0) -> str:
    measurements = [make_measurement(memory_mb=mb, durations=[duration_ms] * 3, lanes=2) for mb in sizes]
    results.save(make_run(measurements=measurements), Path(file))
    return file


def test_each_size_is_saved_listed_and_shown(place: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_app(["baseline", "list", place]) == 0
    assert capfd.readouterr().out == "no baselines\n"
    assert run_app(["baseline", "save", save(512, 1024), "--to", place, "--commit", "1a2b3c4"]) == 0
    said = capfd.readouterr().err.splitlines()
    assert len(said) == 2
    assert all(line.startswith("saved ") and "/main/" in line for line in said)
    assert run_app(["baseline", "list", place, "--function", "resize", "--branch", "main"]) == 0
    head, *rows = capfd.readouterr().out.splitlines()
    assert head.split() == ["saved", "function", "size", "events", "branch", "commit", "samples", "where"]
    assert {row.split()[3] for row in rows} == {"512", "1024"}
    assert all("1a2b3c4" in row for row in rows)
    assert run_app(["baseline", "show", rows[0].split()[-1], "--format", "json"]) == 0
    assert len(json.loads(capfd.readouterr().out)["profiles"]) == 1


def test_nothing_is_replaced_silently(place: str, capfd: pytest.CaptureFixture[str]) -> None:
    words = ["baseline", "save", save(512), "--to", place, "--commit", "1a2b3c4"]
    assert run_app(words) == 0
    assert run_app(words) == 0  # the very same again
    save(512, duration_ms=50.0)
    assert run_app(words) == 2
    assert "--replace" in capfd.readouterr().err
    assert run_app([*words, "--replace", "--quiet"]) == 0


def test_what_cannot_be_read_is_named_and_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_app(["baseline", "save", save(512, 1024), "--to", "kept"]) == 0
    damaged, _ = sorted(Path("kept").rglob("*.json"))
    damaged.write_text("{")
    capfd.readouterr()
    assert run_app(["baseline", "list", "kept"]) == 0
    printed = capfd.readouterr()
    assert f"warning: {damaged} was left out" in printed.err
    assert len(printed.out.splitlines()) == 2
    assert run_app(["baseline", "show", str(damaged)]) == 2


@pytest.mark.parametrize(
    ("variables", "branch", "commit"),
    [
        ({"GITHUB_REF_NAME": "feature/x", "GITHUB_SHA": "a" * 40}, "feature%2Fx", "a" * 12),
        ({"CI_COMMIT_REF_NAME": "develop", "CI_COMMIT_SHA": "b" * 40}, "develop", "b" * 12),
        ({"BRANCH_NAME": "main", "GIT_COMMIT": "c" * 40}, "main", "c" * 12),
    ],
)
def test_the_job_tells_branch_and_commit(
    variables: dict[str, str], branch: str, commit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("GITHUB_SHA", "GITHUB_REF_NAME", "CI_COMMIT_SHA", "CI_COMMIT_REF_NAME", "GIT_COMMIT", "BRANCH_NAME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert run_app(["baseline", "save", save(512), "--to", "kept"]) == 0
    (file,) = Path("kept").rglob("*.json")
    assert (file.parent.name, file.stem.rpartition("-")[2]) == (branch, commit)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["save", "nope.json", "--to", "kept"], "nope.json"),
        (["save", "{run}", "--to", "kept.json"], "is a file"),
        (["save", "{run}", "--to", "s3:///x"], "not an S3 location"),
        (["save", "{run}", "--to", "kept", "--branch", ".."], "is not a branch"),
        (["save", "{run}", "--to", "kept", "--commit", "../x"], "is not a commit"),
        (["list", "{run}"], "is a file"),
        (["show", "nope.json"], "nope.json"),
    ],
)
def test_bad_input_is_named(
    words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    file = save(512)
    assert run_app(["baseline", *(word.format(run=file) for word in words)]) == 2
    printed = capfd.readouterr().err
    assert said in printed
    assert "hint:" in printed
