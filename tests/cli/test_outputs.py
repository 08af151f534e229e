"""Where reports go, and two results files side by side: commands that need no AWS."""

import json
import os
import subprocess
import sys
import webbrowser
from pathlib import Path

import pytest
from factories import make_measurement, make_run

from powertune import results
from powertune.cli.app import run_app
from powertune.cli.outputs import TABLE, Output, formats, parse_outputs
from powertune.errors import UsageError
from powertune.model import Architecture, TuningRun
from powertune.report import FORMATS


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def steady(mean: float) -> list[float]:
    return [mean * factor for factor in (0.99, 1.0, 1.01, 1.0, 0.995, 1.005)]


def both_architectures() -> TuningRun:
    return make_run(
        measurements=[
            make_measurement(memory_mb=mb, architecture=architecture, durations=steady(mean), lanes=3)
            for architecture, factor in ((Architecture.X86_64, 1.0), (Architecture.ARM64, 0.9))
            for mb, mean in ((512, 200.0 * factor), (1024, 100.0 * factor))
        ]
    )


@pytest.fixture
def file(place: Path) -> str:
    """A results file."""
    results.save(both_architectures(), place / "run.json")
    return "run.json"


def test_without_wishes_the_table_goes_to_stdout() -> None:
    assert parse_outputs(None, ()) == (Output(format=TABLE, path=None),)
    assert parse_outputs("csv", (), raw=True) == (Output(format="raw-csv", path=None),)


def test_braces_and_what_a_shell_makes_of_them_are_the_same(place: Path) -> None:
    quoted = parse_outputs(None, ["out/r.{html,png}"])
    assert [(output.format, str(output.path)) for output in quoted] == [("html", "out/r.html"), ("png", "out/r.png")]
    assert parse_outputs(None, ["out/r.html"], ["out/r.png"]) == quoted
    assert parse_outputs(None, ["out/r.html", "out/r.png"]) == quoted
    (nested,) = parse_outputs("json", ["{odd}.name"])
    assert nested.path == Path("{odd}.name")
    assert len(parse_outputs(None, ["{a,b}.{md,csv}"])) == 4


def test_every_ending_names_its_format(place: Path) -> None:
    for name, suffixes in formats().items():
        for suffix in suffixes:
            assert parse_outputs(None, [f"report{suffix}"])[0].format == name
            assert parse_outputs(None, [f"REPORT{suffix.upper()}"])[0].format == name


def test_a_format_that_is_named_beats_the_ending(place: Path) -> None:
    assert parse_outputs("markdown", ["summary"])[0].format == "markdown"


@pytest.mark.parametrize(
    ("format_", "files", "more", "raw", "words"),
    [
        (None, [], ["other"], False, "unexpected argument 'other'"),
        ("pdf", [], [], False, "unknown format 'pdf'"),
        (None, ["r.pdf"], [], False, "names no format"),
        (None, ["r"], [], False, "names no format"),
        ("json", ["a.json", "b.json"], [], False, "cannot hold for 2 files"),
        (None, ["r.html"], [], True, "--raw is for csv"),
        (None, ["folder"], [], False, "is a directory"),
        (None, ["plain/r.html"], [], False, "cannot write"),
    ],
)
def test_what_cannot_be_written_is_refused(
    format_: str | None, files: list[str], more: list[str], raw: bool, words: str, place: Path
) -> None:
    (place / "folder").mkdir()
    (place / "plain").write_text("")
    with pytest.raises(UsageError) as caught:
        parse_outputs(format_, files, more, raw=raw)
    assert words in caught.value.message
    assert caught.value.hint


def test_a_results_file_becomes_every_format_at_once(
    file: str, place: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    wanted = [f"out/r{known.suffixes[0]}" for known in FORMATS.values()]
    assert run_app(["report", file, "-o", *wanted]) == 0
    assert all((place / name).stat().st_size > 100 for name in wanted if not name.endswith(".url"))
    assert (place / "out/r.url").read_text().startswith("https://lambda-power-tuning.show/")
    out, err = capfd.readouterr()
    assert out == ""
    assert err.count("wrote ") == len(wanted)
    assert run_app(["report", file, "-o", "again.json", "--quiet"]) == 0
    assert capfd.readouterr() == ("", "")


def test_one_row_for_each_invocation(file: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_app(["report", file, "--format", "csv", "--raw"]) == 0
    out = capfd.readouterr().out
    assert len(out.splitlines()) == 1 + sum(len(m.invocations) for m in both_architectures().measurements)


def test_the_page_is_shown_in_a_browser(file: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []

    def show(url: str) -> bool:
        shown.append(url)
        return True

    monkeypatch.setattr(webbrowser, "open", show)
    assert run_app(["report", file, "-o", "r.html", "--open"]) == 0
    assert shown == [(place / "r.html").resolve().as_uri()]
    assert run_app(["report", file, "--open"]) == 0
    assert shown[1].endswith("/report.html")


def test_goals_and_constraints_are_asked_of_a_results_file_again(
    file: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run_app(["report", file, "--format", "json", "--strategy", "speed", "--invocations-per-month", "1M"]) == 0
    document = json.loads(capfd.readouterr().out)
    assert document["recommendation"]["memory_mb"] == 1024
    assert document["recommendation"]["monthly_saving_usd"] > 0
    assert run_app(["report", file, "--max-cost", "0.0001"]) == 8
    assert "nearest is" in capfd.readouterr().err
    assert run_app(["report", file, "--headroom", "x"]) == 2


@pytest.mark.parametrize("format_", ["table", "json", "markdown", "visualizer"])
def test_architectures_and_files_are_compared(format_: str, file: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_app(["compare", file, "--format", format_]) == 0
    alone = capfd.readouterr().out
    assert run_app(["compare", file, file, "--format", format_]) == 0
    pair = capfd.readouterr().out
    if format_ == "visualizer":
        assert alone.count(";") == pair.count(";") == 7
    else:
        assert "faster" in alone
        assert "indistinguishable" in pair
        assert "faster" not in pair


def test_a_comparison_that_cannot_be_made(file: str, place: Path, capfd: pytest.CaptureFixture[str]) -> None:
    results.save(make_run(measurements=[make_measurement(durations=steady(5.0))]), place / "one.json")
    assert run_app(["compare", "one.json"]) == 2
    assert "one architecture" in capfd.readouterr().err
    assert run_app(["compare", file, "nowhere.json"]) == 2
    assert run_app(["compare", file, "--format", "pdf"]) == 2
    assert run_app(["compare", file, "-o", "comparison.md", "--format", "markdown"]) == 0
    assert (place / "comparison.md").read_text().startswith("### ")


def test_a_picture_is_not_for_a_terminal(file: str) -> None:
    parent, child = os.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "powertune", "report", file, "--format", "png"],
        stdout=child,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(child)
    os.close(parent)
    assert done.returncode == 2
    assert b"not for a terminal" in done.stderr
