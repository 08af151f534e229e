from pathlib import Path

import pytest
import runner
from composite_action import written

HOSTILE = ("", "one", "a=b", "two\nlines\n", "x<<end\nend", "$(touch x) `y` %0A ::error::", "é\u2028")


@pytest.mark.parametrize("text", HOSTILE)
def test_an_output_is_read_as_it_was_set(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    runner.set_output("first", text)
    runner.set_output("second", "2")
    read = written((tmp_path / "output").read_text())
    assert read == {"first": text, "second": "2"}


def test_an_annotation_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    runner.annotate("error", "100 %\n::warning::x\r")
    assert capsys.readouterr().out == "::error title=powertune::100 %25%0A::warning::x%0D\n"


def test_lines_are_stripped_and_empty_ones_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INPUT", "\n  --a b \r\n\n-c\n")
    assert runner.lines("INPUT") == ("--a b", "-c")
    assert runner.lines("NOT_SET") == ()


@pytest.mark.parametrize("before", [0, 100, runner.SUMMARY_LIMIT_BYTES - 20, runner.SUMMARY_LIMIT_BYTES])
@pytest.mark.parametrize("line", ["line\n", "é" * 1000 + "\n"])
def test_a_summary_never_grows_beyond_what_is_shown(
    before: int, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = tmp_path / "summary"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    summary.write_text("x" * before)
    runner.add_summary(line * (2 * runner.SUMMARY_LIMIT_BYTES // len(line)))
    assert summary.stat().st_size <= runner.SUMMARY_LIMIT_BYTES
    if before <= 100:
        assert summary.stat().st_size > runner.SUMMARY_LIMIT_BYTES - 3000
        assert summary.read_text().endswith("holds all of it.*\n")


def test_a_short_summary_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary"))
    runner.add_summary("# One")
    runner.add_summary("# Two\n")
    assert (tmp_path / "summary").read_text() == "# One\n# Two\n"


def test_outside_of_github_nothing_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_EVENT_PATH"):
        monkeypatch.delenv(name, raising=False)
    runner.set_output("a", "b")
    runner.add_summary("c")
    assert runner.event() == {}
