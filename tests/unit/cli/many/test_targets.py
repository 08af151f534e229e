"""Which functions a command line and a list name."""

import io
import os
import sys
from pathlib import Path

import pytest

from powertune.cli.many.targets import check_kind, distinct_code, more_functions, read_list, several
from powertune.errors import UsageError

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:orders"


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    file = tmp_path / "functions.txt"
    file.write_text(f"# the busy ones\norders\n\n  billing:live  # an alias\r\n{ARN}\n")
    return file


def test_one_function_is_no_case_of_several() -> None:
    assert several("orders", (), None, files=False) is None
    assert several(None, (), None, files=False) is None
    # A shell has expanded -o report.{html,json}.
    assert several("orders", ("report.json",), None, files=True) is None


def test_words_and_a_list_go_together_each_once(listed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert several("search", ("orders",), str(listed), files=False) == ("search", "orders", "billing:live", ARN)
    assert capsys.readouterr().err == "note: orders is named more than once, and measured once\n"
    assert several("a", ("b", "a", "b"), None, files=False) == ("a", "b")
    assert capsys.readouterr().err == "note: a, b are named more than once, and measured once\n"


def test_code_is_named_once_however_its_path_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("sums", "other"):
        Path(folder).mkdir()
        Path(folder, "app.py").write_text("def handler(event, context): ...\ndef second(event, context): ...\n")
    same = ("sums/app.py:handler", "./sums/app.py:handler", f"{tmp_path}/sums/app.py:handler", "./sums", "sums/")
    assert distinct_code((*same, "other/", "sums/app.py:second")) == (same[0], "other/", "sums/app.py:second")
    said = capsys.readouterr().err
    assert said.count("is the code that sums/app.py:handler names, and is measured once\n") == 4


def test_a_list_of_one_is_a_list(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("orders")
    assert several(None, (), str(tmp_path / "one"), files=False) == ("orders",)


@pytest.mark.parametrize(
    ("word", "report"),
    [("r.json", True), ("r.{html,png}", True), ("out/R.MD", True), ("orders", False), (ARN, False), ("./app", False)],
)
def test_a_word_is_a_report_by_its_ending_and_only_where_files_are_written(word: str, report: bool) -> None:
    assert more_functions([word], files=True) == (() if report else (word,))
    assert more_functions([word], files=False) == (word,)


def test_a_list_from_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("\ufefforders\nbilling\n".encode())))
    assert read_list("-") == ("orders", "billing")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"bad name\n")))
    with pytest.raises(UsageError, match="line 1 of stdin: 'bad name' is not the name or ARN"):
        read_list("-")


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("orders billing", "line 3 of .*: 'orders billing' is not the name or ARN"),
        ("orders\tbilling", "line 3 of .*: 'orders.*billing' is not the name or ARN"),
        ("$(rm -rf ~)", "line 3 of .*is not the name or ARN"),
        ("--yes", "line 3 of .* is '--yes', which begins as an option"),
        ("\x1b]0;title\x07", r"line 3 of .*'\\x1b.*is not the name or ARN"),
        ("../../etc/passwd", "line 3 of .* is '../../etc/passwd', which is a path"),
        ("./app.py:handler", "line 3 of .* which is a path"),
        ("https://evil/x", "line 3 of .*: 'https://evil/x' is not the name or ARN"),
        ("<b>x</b>", "line 3 of .*: '<b>x</b>' is not the name or ARN"),
        ("x" * 10_000, r"line 3 of .*\.\.\. is not the name or ARN"),
        ("arn:aws:lambda:eu-west-1:12:function:f", "line 3 of .*is not the name or ARN"),
        ("arn:aws:lambda:nowhere:123456789012:function:f", "line 3 of .*: .nowhere. is not a region"),
    ],
)
def test_a_bad_line_is_named_with_its_number(line: str, error: str, tmp_path: Path) -> None:
    file = tmp_path / "functions.txt"
    file.write_text(f"orders\n# fine\n{line}\nbilling\n")
    with pytest.raises(UsageError, match=error) as caught:
        read_list(str(file))
    assert "\x1b" not in caught.value.message
    assert len(caught.value.message) < 400


def test_all_bad_lines_are_named_up_to_a_limit(tmp_path: Path) -> None:
    file = tmp_path / "functions.txt"
    file.write_text("bad one\norders\n--yes\n./app.py\n")
    with pytest.raises(UsageError, match=r"line 1 of .*; line 3 of .*; line 4 of .* is './app\.py', which is a path"):
        read_list(str(file))
    file.write_text("bad one\n" * 1_000)
    with pytest.raises(UsageError, match=r"line 10 of .*; and 990 other lines$") as caught:
        read_list(str(file))
    assert "line 11 " not in caught.value.message


def test_a_folder_that_is_named_like_a_function_can_be_meant_as_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("sums").mkdir()
    Path("sums/app.py").touch()
    with pytest.raises(UsageError) as caught:
        check_kind(["sums/app.py:handler", "sums"])
    assert str(caught.value.hint).endswith("; or write ./sums to measure the code in that folder")
    with pytest.raises(UsageError) as caught:
        check_kind(["sums/app.py:handler", "orders"])
    assert "./orders" not in str(caught.value.hint)


def test_the_usual_listing_of_names_is_explained(tmp_path: Path) -> None:
    (tmp_path / "names").write_text("a\tb\tc\n")
    with pytest.raises(UsageError) as caught:
        read_list(str(tmp_path / "names"))
    assert "Functions[].[FunctionName]" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", "names no function"),
        (b"# nothing\n\n", "names no function"),
        (b"\xff\xfe", "is not UTF-8 text"),
        (b"a\n" * 600_000, "is larger than 1,000,000 bytes"),
        (b"a\n" * 6_000, "names 6,000 functions, and 5,000 are the most"),
    ],
)
def test_a_list_that_cannot_be_one_is_refused(content: bytes, error: str, tmp_path: Path) -> None:
    (tmp_path / "names").write_bytes(content)
    with pytest.raises(UsageError, match=error):
        several(None, (), str(tmp_path / "names"), files=False)


@pytest.mark.parametrize("place", ["missing", "."])
def test_a_list_that_cannot_be_read_is_refused(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=f"cannot read '{place}': "):
        read_list(place)


def test_an_endless_device_is_not_read_to_its_end() -> None:
    with pytest.raises(UsageError, match="is larger than"):
        read_list("/dev/zero")
    reading, writing = os.pipe()
    os.write(writing, b"orders\n")
    os.close(writing)
    assert read_list(f"/dev/fd/{reading}") == ("orders",)
    os.close(reading)


def test_code_and_functions_on_aws_are_two_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.py").write_text("")
    (tmp_path / "run.json").write_text("{}")
    assert check_kind(["a", ARN]) is False
    assert check_kind(["./app.py:handler", "app.py:other"]) is True
    with pytest.raises(UsageError, match="is code on this machine, and 'orders' is a function on AWS"):
        check_kind(["orders", "app.py:handler"])
    with pytest.raises(UsageError, match=r"'run.json' is not a function"):
        check_kind(["orders", "run.json"])
