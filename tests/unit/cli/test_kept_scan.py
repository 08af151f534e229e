"""A kept scan in `powertune report`: as a table with what was measured, and as the other formats of a scan."""

import json
from pathlib import Path

import pytest
from scans import full_scan

from powertune.cli.app import run_app
from powertune.scan.scan_document import dump_scan


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scan.json").write_bytes(dump_scan(full_scan()))
    return "scan.json"


def test_a_scan_ends_in_what_was_measured_of_its_functions(kept: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_app(["report", kept]) == 0
    *_, header, orders, images, shop = capfd.readouterr().out.splitlines()
    assert header.split("  ")[0] == "function"
    assert [line.split()[0] for line in (orders, images, shop)] == ["orders", "resize-images", "shop"]
    assert all(line.endswith("not measured") for line in (orders, images, shop))


def test_other_formats_are_those_of_a_scan(kept: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_app(["report", kept, "--format", "json"]) == 0
    assert json.loads(capfd.readouterr().out)["schema"] == "powertune/scan/1"
    assert run_app(["report", kept, "-o", "page.html"]) == 0
    assert Path("page.html").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--raw", "--format", "csv"], "--raw and --open are about runs"),
        (["--format", "png"], "unknown format 'png'"),
        (["-o", "scan.json"], "would overwrite"),
        (["--strategy", "cost", "--explain"], "--strategy and --explain cannot apply to a scan"),
    ],
)
def test_what_a_scan_cannot_be_shown_as(
    kept: str, arguments: list[str], words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run_app(["report", kept, *arguments]) == 2
    assert words in capfd.readouterr().err
