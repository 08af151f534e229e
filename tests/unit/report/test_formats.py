"""Every format: whatever it is fed, it renders, and renders harmlessly."""

import csv
import io
import json
import os
import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from factories import HOSTILE, degenerate_analyses, hostile_analysis, recorded

from powertune.analysis import Analysis
from powertune.cli.tables.run import render_run_table
from powertune.cli.tables.screen import Screen
from powertune.report import FORMATS, RUN

GOLDEN = Path(__file__).parents[2] / "golden"
GOLDEN_FILES = {"markdown": "analysis.md", "csv": "analysis.csv", "junit": "analysis.junit.xml"}
DEGENERATE = degenerate_analyses()
#: Every renderer, and those whose bytes are a text.
EVERY = (*RUN.renderers, "table")
TEXTS = tuple(name for name in EVERY if name != "png")


def each(names: Iterable[str]) -> list[Any]:
    """Formats as parameters; drawing pictures takes long."""
    return [pytest.param(name, marks=pytest.mark.long if name in ("png", "svg") else ()) for name in names]


every_hostile = pytest.mark.parametrize("case", HOSTILE)


def rendered(analysis: Analysis, name: str) -> bytes:
    return render_run_table(analysis, Screen()) if name == "table" else RUN.render(analysis, name)


@cache
def hostile(case: str, name: str) -> str:
    return rendered(hostile_analysis(HOSTILE[case]), name).decode()


@cache
def harmless(name: str) -> str:
    return rendered(hostile_analysis("harmless"), name).decode()


@pytest.mark.parametrize("name", GOLDEN_FILES)
def test_the_recorded_run_is_the_golden_one(name: str) -> None:
    data = RUN.render(recorded(), name)
    path = GOLDEN / GOLDEN_FILES[name]
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_bytes(data)
    assert data.decode() == path.read_bytes().decode()


def test_every_format_is_documented_with_its_endings() -> None:
    page = (Path(__file__).parents[3] / "docs/reference/formats.md").read_text()
    documented = re.findall(r"^\| `([\w-]+)` \| ([^|]*) \|", page, flags=re.MULTILINE)
    endings = {name: tuple(re.findall(r"`([^`]+)`", cell)) for name, cell in documented}
    assert endings == {name: known.suffixes for name, known in FORMATS.items()}


def test_every_format_has_endings_of_its_own() -> None:
    endings = [suffix for known in FORMATS.values() for suffix in known.suffixes]
    assert len(endings) == len(set(endings))
    assert all(re.fullmatch(r"(\.[a-z]+)+", suffix) for suffix in endings)


@pytest.mark.long
@pytest.mark.parametrize("name", each(EVERY))
def test_the_same_run_gives_the_same_bytes(name: str) -> None:
    assert rendered(recorded(), name) == rendered(recorded(), name)


@pytest.mark.long
@pytest.mark.parametrize("name", each(EVERY))
@pytest.mark.parametrize("case", DEGENERATE)
def test_every_run_renders_in_every_format(name: str, case: str) -> None:
    data = rendered(DEGENERATE[case], name)
    assert data
    if name in TEXTS and name not in ("html", "svg"):
        assert not re.search(r"\b(nan|inf|infinity|None)\b", data.decode(), flags=re.IGNORECASE)


# A PNG is the same drawing as the SVG.
@pytest.mark.long
@pytest.mark.parametrize("name", each(TEXTS))
@every_hostile
def test_no_text_steers_a_terminal(name: str, case: str) -> None:
    steering = {char for char in hostile(case, name) if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
    assert steering <= set(harmless(name))


@pytest.mark.parametrize("name", ["markdown", "csv", "raw-csv", "junit", "visualizer"])
@every_hostile
def test_no_text_adds_a_line(name: str, case: str) -> None:
    """So that none can forge one."""
    assert len(hostile(case, name).splitlines()) == len(harmless(name).splitlines())


# JSON and CSV are data: it is their reader who must not put a text into a page as it is.
@pytest.mark.long
@pytest.mark.parametrize("name", each(("markdown", "junit", "html", "svg")))
@every_hostile
def test_no_text_is_markup(name: str, case: str) -> None:
    assert "<script>alert" not in hostile(case, name)
    assert "<img src=x" not in hostile(case, name)


@every_hostile
def test_json_holds_every_text_unchanged(case: str) -> None:
    assert json.loads(hostile(case, "json"))["function"]["name"] == HOSTILE[case]


@pytest.mark.parametrize("name", ["csv", "raw-csv"])
@every_hostile
def test_no_cell_is_a_formula(name: str, case: str) -> None:
    header, *rows = csv.reader(io.StringIO(hostile(case, name), newline=""))
    assert rows
    for row in rows:
        assert len(row) == len(header)
        assert not [cell for cell in row if cell.lstrip().startswith(("=", "+", "-", "@"))]
