import os
from pathlib import Path

import pytest
from factories import (
    HOSTILE,
    degenerate_analyses,
    hostile_analysis,
    make_analysis,
    make_function,
    make_invocation,
    make_measurement,
    make_prices,
    recorded,
)

from powertune.analysis import Analysis
from powertune.cli.tables.run import render_run_table
from powertune.cli.tables.screen import Screen
from powertune.model import Advisory, Status

GOLDEN = Path(__file__).parents[3] / "golden" / "table.txt"
DEGENERATE = degenerate_analyses()


def rendered(analysis: Analysis, width: int = 80) -> str:
    return render_run_table(analysis, Screen(width=width)).decode()


def words(analysis: Analysis) -> str:
    return " ".join(rendered(analysis).split())


def test_the_table_is_the_golden_one() -> None:
    text = rendered(recorded())
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(text)
    assert text == GOLDEN.read_text()


@pytest.mark.long
@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_it_fits_the_width_and_cuts_no_figure(width: int) -> None:
    text = rendered(recorded(), width)
    assert max(map(len, text.splitlines())) <= width
    assert "\u2026" not in text
    for word in ("cheapest", "fastest", "now", "1024 MB", "ran out"):
        assert word in text


@pytest.mark.long
@pytest.mark.parametrize("case", DEGENERATE)
def test_every_run_fits_eighty_columns(case: str) -> None:
    text = rendered(DEGENERATE[case])
    assert max(map(len, text.splitlines())) <= 80
    assert "\u2026" not in text


@pytest.mark.long
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_texts_fit_too(text: str) -> None:
    assert max(map(len, rendered(hostile_analysis(text)).splitlines())) <= 80


def test_with_one_architecture_the_heading_names_it_and_the_counts_have_room() -> None:
    text = rendered(DEGENERATE["identical"])
    assert text.startswith("resize (python3.13 in us-east-1, x86_64)\n")
    assert "arch" not in text
    assert " 5/1 " in text
    assert "100 ms [100, 100]" in text


def test_a_current_size_that_does_not_work_is_said() -> None:
    killed = make_invocation(status=Status.OUT_OF_MEMORY)
    analysis = make_analysis(
        make_measurement(memory_mb=512, cold=0, others=[killed]),
        make_measurement(memory_mb=1024, durations=[10.0, 11.0, 12.0]),
    )
    assert "512 MB x86_64, which it has now, ran out of memory in 1 of 1 invocations." in words(analysis)


def test_color_is_there_only_when_wanted() -> None:
    assert b"\x1b[" in render_run_table(recorded(), Screen(width=80, color=True))
    assert b"\x1b[" not in render_run_table(recorded(), Screen(width=80))


def test_a_terminal_without_unicode_gets_ascii() -> None:
    yuan = make_analysis(
        make_measurement(durations=[10.0, 11.0]),
        make_measurement(memory_mb=1024, durations=[9.0, 9.1]),
        prices=make_prices(currency="CNY"),
    )
    for encoding in ("ascii", "latin-1", "cp1252", "ANSI_X3.4-1968"):
        text = render_run_table(yuan, Screen(width=80, encoding=encoding))
        assert text.replace("¥".encode(encoding, "replace"), b"").isascii()
        assert b"[x]" in text
    assert "┤" in rendered(yuan)


def test_one_sample_has_no_interval_and_says_so_by_leaving_it_out() -> None:
    text = words(make_analysis(make_measurement(durations=[10.0])))
    assert "[" not in text.split("No recommendation")[0]
    assert "No recommendation" in text


def test_the_current_size_wins_or_was_not_measured() -> None:
    same = make_analysis(make_measurement(memory_mb=512, durations=[10.0, 11.0, 12.0]))
    assert "Stay at 512 MB x86_64, lowest cost." in words(same)
    other = words(make_analysis(make_measurement(memory_mb=1024, durations=[10.0, 11.0, 12.0])))
    assert "Recommended: 1024 MB x86_64, lowest cost." in other
    assert "was not measured" in other


def test_currency_and_place_are_named() -> None:
    function = make_function(region="cn-north-1", qualifier="prod")
    analysis = make_analysis(
        make_measurement(durations=[10.0, 11.0, 12.0]), function=function, prices=make_prices(currency="CNY")
    )
    text = rendered(analysis)
    assert "¥" in text
    assert text.startswith("resize:prod (python3.13 in cn-north-1, x86_64)")


def test_the_date_of_the_prices_is_told() -> None:
    analysis = make_analysis(make_measurement(), prices=make_prices(as_of="2025-10-30"))
    assert "Prices: as of 2025-10-30." in words(analysis)


def test_a_finding_has_its_next_step_and_is_said_once() -> None:
    finding = Advisory(code="x", message="only 10 at a time", next_step="ask for more")
    text = rendered(make_analysis(make_measurement(durations=[10.0, 11.0]), advisories=(finding, finding)))
    assert text.count("! only 10 at a time\n  Next: ask for more\n") == 1
    assert text.count("only 10") == 1


def test_what_a_function_says_is_text_and_never_markup() -> None:
    failed = make_invocation(status=Status.ERROR, error_type="[bold red]Boom[/]\x1b[31m")
    text = rendered(make_analysis(make_measurement(cold=0, others=[failed])), 200)
    assert "[bold red]Boom[/]" in text
    assert "\x1b" not in text
