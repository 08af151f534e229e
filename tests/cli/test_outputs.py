"""Where reports go, and two results files side by side: commands that need no AWS."""

import json
import os
import subprocess
import sys
import tempfile
import webbrowser
from pathlib import Path

import pytest
from factories import make_measurement, make_run

from powertune import results
from powertune.cli.app import run_app
from powertune.cli.outputs import Output, parse_outputs, refuse_overwriting
from powertune.errors import UsageError
from powertune.model import Architecture, TuningRun
from powertune.report import RUN, TABLE


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
    for name, known in RUN.formats.items():
        for suffix in known.suffixes:
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
        ("json", ["a.json", "b.json"], [], False, "cannot apply to 2 files"),
        (None, ["r.html"], [], True, "--raw is for csv"),
        (None, ["folder"], [], False, "is a directory"),
        (None, ["plain/r.html"], [], False, "cannot write"),
        (None, ["r.json", "x/../r.json"], [], False, "'x/../r.json' would overwrite 'r.json'"),
        (None, ["r.{json,json}"], [], False, "would overwrite"),
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
    wanted = [f"out/r{RUN.formats[name].suffixes[0]}" for name in RUN.renderers]
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


def test_the_page_is_shown_in_a_browser(
    file: str, place: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    shown: list[str] = []

    def show(url: str) -> bool:
        shown.append(url)
        return True

    monkeypatch.setattr(webbrowser, "open", show)
    temporary = place / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    assert run_app(["report", file, "-o", "r.html", "--open"]) == 0
    assert shown == [(place / "r.html").resolve().as_uri()]
    assert run_app(["report", "nowhere.json", "--open"]) == 2
    assert list(temporary.iterdir()) == []
    capfd.readouterr()
    assert run_app(["report", file, "--open"]) == 0
    (page,) = temporary.glob("powertune-*/report.html")
    assert shown[1] == page.resolve().as_uri()
    out, err = capfd.readouterr()
    assert "Recommended: " in out
    assert f"wrote {page}" in err
    assert run_app(["report", file, "--open", "-o", "r.md"]) == 0
    out, err = capfd.readouterr()
    assert out == ""
    assert "Recommended: " in err
    assert run_app(["report", file, "--open", "--format", "html", "--quiet"]) == 0
    assert capfd.readouterr().out.startswith("<!")
    assert len(shown) == 4


@pytest.mark.parametrize("place_", ["run.json", "./run.json", "folder/../run.json", "link.json"])
def test_a_results_file_is_never_overwritten_by_its_report(
    place_: str, file: str, place: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (place / "folder").mkdir()
    (place / "link.json").symlink_to("run.json")
    results.save(both_architectures(), place / "other.json")
    before = (place / file).read_bytes()
    for command in (["report", file], ["compare", file, "other.json"], ["compare", "other.json", file]):
        assert run_app([*command, "-o", place_]) == 2
        err = capfd.readouterr().err
        assert f"{place_.removeprefix('./')!r} would overwrite 'run.json'" in err
        assert "hint: " in err
        assert (place / file).read_bytes() == before


def test_a_price_file_is_an_input_too_and_a_device_loses_nothing(
    file: str, place: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (place / "prices.json").write_text("{}")
    for command in (["report", file], ["compare", file]):
        assert run_app([*command, "--prices", "prices.json", "-o", "prices.json"]) == 2
        assert "would overwrite 'prices.json'" in capfd.readouterr().err
    refuse_overwriting([Path(os.devnull), None, place / "new.json"], [os.devnull, None, file])
    with pytest.raises(UsageError):
        refuse_overwriting([place / "new.json"], [place / "new.json"])


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
    for wanted in (["--format", "html"], ["-o", "c.html"], ["-o", "folder/"], ["-o", "c.md", "--format", "csv"]):
        (place / "folder").mkdir(exist_ok=True)
        assert run_app(["compare", file, *wanted]) == 2
        assert "hint: " in capfd.readouterr().err


def test_the_ending_names_the_format_of_a_comparison_too(
    file: str, place: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run_app(["compare", file, "-o", "out/c.{md,json,txt,url}"]) == 0
    out, err = capfd.readouterr()
    assert out == ""
    assert err.count("wrote ") == 4
    assert (place / "out/c.md").read_text().startswith("### ")
    assert json.loads((place / "out/c.json").read_text())["schema"] == "powertune/comparison/1"
    assert (place / "out/c.txt").read_text().startswith("resize arm64 compared with resize x86_64\n")
    assert (place / "out/c.url").read_text().startswith("https://")
    assert run_app(["compare", file, file, "-o", "c.md", "c.json"]) == 0
    assert (place / "c.json").exists()
    assert run_app(["compare", file, "-o", "c.txt", "--format", "json"]) == 0
    assert json.loads((place / "c.txt").read_text())["schema"] == "powertune/comparison/1"


def test_the_visualizer_draws_one_run_of_one_architecture_by_itself(
    file: str, place: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    results.save(make_run(measurements=[make_measurement(durations=steady(5.0))]), place / "one.json")
    assert run_app(["compare", "one.json", "--format", "visualizer"]) == 0
    assert capfd.readouterr().out.count(";") == 2


def test_an_amount_in_another_currency_is_refused(file: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_app(["report", file, "--max-cost", "<=500usd/1M"]) == 0
    capfd.readouterr()
    assert run_app(["report", file, "--max-cost", "<=500cny/1M"]) == 2
    err = capfd.readouterr().err
    assert "max-cost is in CNY, but what is paid here is USD" in err
    assert "hint: write the amount in USD" in err


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
