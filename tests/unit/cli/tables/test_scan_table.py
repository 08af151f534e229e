"""A scan on a terminal: no line too long, no figure cut, and everything said."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from factories import HOSTILE
from scanned import NOW
from scans import earlier_scan, full_scan, function_line, make_test_scan, scan_finding

from powertune.cli.tables.scan import render_scan_table
from powertune.cli.tables.screen import Screen
from powertune.report.scan import ReportedScan
from powertune.scan.evidence import AccountRegion
from powertune.scan.scan import CostedPlace

GOLDEN = Path(__file__).parents[3] / "golden"
REPORTED = ReportedScan(scan=full_scan(), earlier=(earlier_scan(),))


def rendered(reported: ReportedScan, width: int) -> str:
    return render_scan_table(reported, Screen(width=width)).decode()


@pytest.mark.parametrize("width", [80, 120])
def test_the_table_is_the_golden_one(width: int) -> None:
    text, path = rendered(REPORTED, width), GOLDEN / f"scan-{width}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text)
    assert text == path.read_text()


@pytest.mark.parametrize("width", range(60, 201, 7))
def test_it_fits_the_width_and_cuts_no_figure(width: int) -> None:
    text = rendered(REPORTED, width)
    assert max(map(len, text.splitlines())) <= width
    assert "\u2026" not in text
    words = text.split()
    for figure in ("$14.50", "[-$1.25,", "$21.00]", "¥50.00", "$90.00", "$0.0054", "256,512,1024"):
        assert figure in words
    for part in ("by rule (USD)", "by account (CNY)", "by region (USD)", "could not be read", "suppressed", "asked"):
        assert part in text
    for heading in ("new", "changed", "fixed", "functions created", "functions deleted"):
        assert f"{heading} since 2027-01-08 08:00 UTC" in text


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("width", [60, 100, 160])
def test_hostile_texts_fit_too(text: str, width: int) -> None:
    place = AccountRegion(account_id=text, region=text)
    line = function_line(text, place)
    scan = make_test_scan(
        scan_finding(text, line, summary=text, next_step=text),
        functions=(line,),
        places=(CostedPlace(place=place),),
    )
    assert all(line.isprintable() for line in rendered(ReportedScan(scan=scan), width).split("\n"))


def test_a_name_of_64_characters_is_folded_not_cut() -> None:
    line = function_line("a" * 32 + "b" * 32)
    for width in (60, 100, 160):
        text = rendered(ReportedScan(scan=make_test_scan(scan_finding(line=line), functions=(line,))), width)
        assert text.count("a") >= 32
        assert text.count("b") >= 32
        assert max(map(len, text.splitlines())) <= width


def test_nothing_new_is_said_too() -> None:
    earlier = replace(full_scan(), scanned_at=NOW - 60)
    assert "Nothing has changed since 2027-01-15 07:59 UTC." in rendered(
        ReportedScan(scan=full_scan(), earlier=(earlier,)), 80
    )
    assert "since" not in rendered(ReportedScan(scan=full_scan()), 80)


def test_long_lists_end_with_how_many_are_left_out() -> None:
    lines = tuple(function_line(f"fn-{number}") for number in range(25))
    scan = make_test_scan(functions=lines)
    reported = ReportedScan(scan=scan, earlier=(replace(scan, scanned_at=NOW - 9, functions=()),))
    assert rendered(reported, 80).count("fn-") == 20
    assert "  and 5 more\n" in rendered(reported, 80)


def test_a_terminal_may_show_the_largest_findings_only() -> None:
    text = rendered(replace(REPORTED, most_findings=2), 120)
    assert text.count("powertune run") == 2
    assert "\nand 4 more (--top)\n" in text
    assert "6 findings about 3 of 5 functions could save $26.00 and ¥30.00 a month.\n" in text


def test_rules_that_save_nothing_have_findings_but_no_total() -> None:
    text = rendered(REPORTED, 120)
    assert "timeouts, medium confidence" in text
    assert "Timeouts are billed in full" not in text
    free = ReportedScan(scan=make_test_scan(scan_finding("timeouts", saving=None)))
    assert "by rule" not in rendered(free, 120)
    assert "1 finding about 1 function; no saving was found.\n" in rendered(free, 120)


def test_a_finding_has_its_rule_and_from_100_columns_what_it_rests_on() -> None:
    reported = ReportedScan(scan=make_test_scan(scan_finding()))
    for width, because in ((99, 0), (160, 1)):
        text = rendered(reported, width)
        assert text.count("memory-oversized, medium confidence") == 1
        assert text.count("because: used 180 MB at most") == because


def test_a_command_is_marked_only_where_there_are_words_around_it() -> None:
    for step, shown in (
        ("`aws lambda list-aliases`", "    aws lambda list-aliases\n"),
        ("raise it with `aws lambda x`, or not", "    raise it with `aws lambda x`, or not\n"),
    ):
        assert shown in rendered(ReportedScan(scan=make_test_scan(scan_finding(next_step=step))), 80)


def test_color_is_there_only_when_wanted() -> None:
    assert b"\x1b[" in render_scan_table(REPORTED, Screen(color=True))
    assert b"\x1b[" not in render_scan_table(REPORTED, Screen())
    assert b"?50.00" in render_scan_table(REPORTED, Screen(encoding="ascii"))
