"""A judged gate on a terminal: golden files, widths, colors, and texts that stay texts."""

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from factories import HOSTILE
from gates import full_gate, judged, make_case, make_result

from powertune.cli.tables.gate import render_gate_table
from powertune.cli.tables.screen import Screen
from powertune.gate.result import GateResult

GOLDEN = Path(__file__).parents[3] / "golden"


def rendered(result: GateResult, width: int) -> str:
    return render_gate_table(result, Screen(width=width)).decode()


@pytest.mark.parametrize("width", [80, 120])
def test_the_table_is_the_golden_one(width: int) -> None:
    text, path = rendered(full_gate(), width), GOLDEN / f"gate-{width}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text)
    assert text == path.read_text()


@pytest.mark.parametrize("width", range(70, 201, 10))
def test_it_fits_the_width_and_says_everything(width: int) -> None:
    text = rendered(full_gate(), width)
    assert max(map(len, text.splitlines())) <= width
    words = " ".join(text.split())
    for check in full_gate().judgement.checks:
        assert check.rule in words
    assert "note: budget" in words
    assert "The gate failed: orders 512 MB x86_64: duration 3" in words


def test_color_is_for_outcomes_and_changes_no_width() -> None:
    plain = rendered(full_gate(), 120)
    colored = render_gate_table(full_gate(), Screen(width=120, color=True)).decode()
    assert "\x1b[31mfailed" in colored
    assert re.sub(r"\x1b\[\d+m", "", colored) == plain


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_function_cannot_control_the_terminal(text: str) -> None:
    judgement = judged(make_case())
    checks = tuple(replace(check, function=text, reason=text, rule=text) for check in judgement.checks)
    result = make_result(
        replace(judgement, checks=checks, notes=(text,)), candidate=text, baseline=text, stopped=text
    )
    shown = rendered(result, 80)
    assert all(char.isprintable() or char == "\n" for char in shown)


def test_an_encoding_that_lacks_a_character_is_no_failure() -> None:
    result = make_result(judged(make_case()), candidate="bestellungen-\u00fc")
    assert b"bestellungen-?" in render_gate_table(result, Screen(encoding="ascii"))
