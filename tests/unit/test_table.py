import os
from pathlib import Path

import pytest
from factories import make_analysis, make_function, make_invocation, make_measurement, make_prices, recorded

from powertune.analysis import Strategy
from powertune.cli.table import render_table
from powertune.model import Status

GOLDEN = Path(__file__).parents[1] / "golden" / "table.txt"


def words(text: bytes) -> str:
    return " ".join(text.decode().split())


def test_the_table_is_the_golden_one() -> None:
    text = render_table(recorded(), color=False, width=None)
    if os.environ.get("POWERTUNE_UPDATE_GOLDEN"):
        GOLDEN.write_bytes(text)
    assert text.decode() == GOLDEN.read_text()


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_it_fits_the_width_and_cuts_no_figure(width: int) -> None:
    text = render_table(recorded(), color=False, width=width).decode()
    assert max(map(len, text.splitlines())) <= width
    assert "\u2026" not in text
    for word in ("cheapest", "fastest", "now", "1024 MB", "ran out"):
        assert word in text


def test_a_current_size_that_does_not_work_is_said() -> None:
    killed = make_invocation(status=Status.OUT_OF_MEMORY)
    analysis = make_analysis(
        make_measurement(memory_mb=512, cold=0, others=[killed]),
        make_measurement(memory_mb=1024, durations=[10.0, 11.0, 12.0]),
    )
    words_ = words(render_table(analysis, color=False, width=None))
    assert "512 MB x86_64, which it has now, ran out of memory in 1 of 1 invocations." in words_


def test_color_is_there_only_when_wanted() -> None:
    assert b"\x1b[" in render_table(recorded(), color=True, width=80)
    assert b"\x1b[" not in render_table(recorded(), color=False, width=80)


def test_one_sample_has_no_interval_and_says_so_by_leaving_it_out() -> None:
    text = words(render_table(make_analysis(make_measurement(durations=[10.0])), color=False, width=None))
    assert "[" not in text.split("No recommendation")[0]
    assert "No recommendation" in text


def test_the_current_size_wins_or_was_not_measured() -> None:
    same = make_analysis(make_measurement(memory_mb=512, durations=[10.0, 11.0, 12.0]))
    assert "512 MB x86_64, which it has now." in words(render_table(same, color=False, width=None))
    other = make_analysis(make_measurement(memory_mb=1024, durations=[10.0, 11.0, 12.0]))
    text = words(render_table(other, color=False, width=None))
    assert "Recommended for cost: 1024 MB x86_64." in text
    assert "was not measured" in text


def test_currency_and_place_are_named() -> None:
    function = make_function(region="cn-north-1", qualifier="prod")
    analysis = make_analysis(
        make_measurement(durations=[10.0, 11.0, 12.0]), function=function, prices=make_prices(currency="CNY")
    )
    text = render_table(analysis, color=False, width=None).decode()
    assert "¥" in text
    assert text.startswith("resize:prod (python3.13) on cn-north-1")


def test_what_a_function_says_is_text_and_never_markup() -> None:
    failed = make_invocation(status=Status.ERROR, error_type="[bold red]Boom[/bold red]\x1b[31m")
    analysis = make_analysis(make_measurement(cold=0, others=[failed]), strategy=Strategy.SPEED)
    text = render_table(analysis, color=False, width=None)
    assert b"[bold red]Boom" in text
    assert b"\x1b" not in text
