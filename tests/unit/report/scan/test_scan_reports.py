"""A scan as CSV, Markdown, JSON and HTML: golden files, limits, and texts that stay texts."""

import csv
import html
import io
import json
import os
import re
import unicodedata
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from factories import HOSTILE
from scanned import NOW, PLACE
from scans import RULES, earlier_scan, full_scan, function_line, make_test_scan, scan_finding

from powertune.cli.tables.scan import render_scan_table
from powertune.cli.tables.screen import Screen
from powertune.report import SCAN
from powertune.report.html.scan_page import render_scan_html
from powertune.report.scan import ReportedScan
from powertune.report.scan.amounts import interval_words, monthly
from powertune.report.scan.machine import COLUMNS
from powertune.report.scan.markdown import COMMENT_BYTES, SUMMARY_BYTES, render_scan_markdown, scan_markdown
from powertune.report.scan.text import gap_lines, window_words, write_scan_text
from powertune.scan.coverage import Gap, ScanEffort
from powertune.scan.evidence import AccountRegion, EvidenceSource
from powertune.scan.finding import Fact, MonthlySaving, Severity
from powertune.scan.scan import AccountFreeTier, CostedPlace, Payer, SuppressedFinding

GOLDEN = Path(__file__).parents[3] / "golden"
GOLDEN_FILES = {"markdown": "scan.md", "csv": "scan.csv", "json": "scan.json"}
REPORTED = ReportedScan(scan=full_scan(), earlier=(earlier_scan(),))
TEXTS = ("markdown", "csv", "html", "table")


def rendered(reported: ReportedScan, name: str) -> str:
    data = render_scan_table(reported, Screen()) if name == "table" else SCAN.render(reported, name)
    return data.decode()


def hostile(text: str) -> ReportedScan:
    """A scan that has a text wherever there is one."""
    place = AccountRegion(account_id=text, region=text, account_name=text)
    line = function_line(name=text, place=place, arn=text, runtime=text, log_group=text)
    found = scan_finding(
        text, line, summary=text, next_step=text, facts=(Fact(source=EvidenceSource.METRICS, text=text),)
    )
    scan = make_test_scan(
        found,
        functions=(line,),
        places=(CostedPlace(place=place),),
        suppressed=(SuppressedFinding(finding=replace(found, rule=f"{text}2"), reason=text),),
        gaps=(Gap(place=place, what=text, reason=text, subjects=(text,), action=text),),
        effort=ScanEffort(calls=((text, 1),)),
        tool_version=text,
    )
    return ReportedScan(scan=scan, earlier=(replace(scan, scanned_at=NOW - 9, findings=(), functions=(), gaps=()),))


@pytest.mark.parametrize("name", GOLDEN_FILES)
def test_the_report_is_the_golden_one(name: str) -> None:
    data = SCAN.render(REPORTED, name)
    path = GOLDEN / GOLDEN_FILES[name]
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_bytes(data)
    assert data.decode() == path.read_bytes().decode()


def test_where_nobody_knows_who_pays_costs_are_before_the_free_tier() -> None:
    scan = make_test_scan(scan_finding())
    for payer, cost in (
        (Payer.ACCOUNT, "1 function cost $30.00 a month; "),
        (Payer.UNKNOWN, "1 function cost $30.00 a month before the free tier; "),
    ):
        (totals,) = write_scan_text(ReportedScan(scan=replace(scan, payer=payer))).totals
        assert totals.sentence.startswith(cost)


def test_the_headline_says_what_has_to_be_measured_first() -> None:
    functions = (function_line(), function_line("other"))
    deleted = scan_finding("idle-function", functions[1], saving=(2.0,) * 3, next_step="aws lambda delete-function")
    measured = scan_finding(saving=(10.0, -6.0, 12.0))
    for findings, headline in (
        (
            (measured, deleted),
            "2 findings about 2 functions could save $12.00 a month: $2.00 follows from counts and prices, "
            "and $10.00 has to be measured first.",
        ),
        (
            (measured,),
            "1 finding about 1 of 2 functions could save $10.00 a month: it has to be measured first.",
        ),
        (
            (deleted,),
            "1 finding about 1 of 2 functions could save $2.00 a month: it follows from counts and prices.",
        ),
        (
            (replace(measured, saving=None, subject="/aws/lambda/gone"),),
            "1 finding about none of 2 functions; no saving was found.",
        ),
    ):
        scan = make_test_scan(*findings, functions=functions)
        assert write_scan_text(ReportedScan(scan=scan)).headline == headline


def test_totals_have_ranges_and_each_currency_says_what_has_to_be_measured_first() -> None:
    dollars, yuan = (totals.sentence for totals in write_scan_text(REPORTED).totals)
    assert dollars.endswith(
        "could save $26.00 [$7.50, $34.50], 31 % of it. $1.50 follows from counts and prices, and $24.50 "
        "[$6.00, $33.00] has to be measured first."
    )
    assert yuan.endswith("could save ¥30.00 [¥3.00, ¥30.00], 100 % of it. It has to be measured first.")


def test_a_key_figure_has_its_range_its_share_and_what_has_to_be_measured() -> None:
    page = rendered(REPORTED, "html")
    for detail in (
        "[$7.50, $34.50]; 31 % of the cost; $24.50 of it has to be measured first",
        "[¥3.00, ¥30.00]; 100 % of the cost; it has to be measured first",
    ):
        assert page.count(f'<dd class="detail">{detail}</dd>') == 1


@pytest.mark.parametrize(
    ("amount", "text"),
    [(0.803, "$0.80"), (0.0885, "$0.09"), (0.005, "$0.01"), (0.0049, "<$0.01"), (0.0, "$0.00"), (-0.2049, "-$0.20")],
)
def test_amounts_of_a_month_have_whole_cents(amount: float, text: str) -> None:
    assert monthly(amount, "USD") == text


@pytest.mark.parametrize(
    ("low", "high", "words"), [(1.0, 2.3, "[$1.00, $2.30]"), (0.511, 0.514, ""), (-0.001, 0.004, "[$0.00, <$0.01]")]
)
def test_a_range_within_a_cent_is_none(low: float, high: float, words: str) -> None:
    assert interval_words(MonthlySaving(expected=low, low=low, high=high), "USD") == words


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (14.0, "14 days (2027-01-01 to 2027-01-14, UTC)"),
        (1.0, "1 day (2027-01-14, UTC)"),
        (1e12, "1e+12 days"),
    ],
)
def test_the_window_is_whole_days_before_today(days: float, words: str) -> None:
    assert window_words(make_test_scan(days=days)) == words


@pytest.mark.parametrize(
    ("free_tier", "payer", "heading"),
    [
        (6.0, Payer.ACCOUNT, "cost before the free tier"),
        (0.0, Payer.UNKNOWN, "cost before the free tier"),
        (0.0, Payer.ACCOUNT, "cost a month"),
    ],
)
def test_costs_of_groups_say_that_they_are_before_the_free_tier(free_tier: float, payer: Payer, heading: str) -> None:
    free = (AccountFreeTier(account_id=PLACE.account_id, free_tier_usd=free_tier),)
    reported = ReportedScan(scan=make_test_scan(scan_finding(), free_tiers=free, payer=payer))
    assert f"| account | findings | saving a month | {heading} |" in rendered(reported, "markdown")
    assert f'class="number">{heading.capitalize()}</th>' in rendered(reported, "html")


def test_markdown_has_as_many_findings_as_are_wanted_and_a_page_has_all() -> None:
    wanted = replace(REPORTED, most_findings=2)
    text = rendered(wanted, "markdown")
    assert "\n| $10.00 " in text
    assert "\n| $4.00 " not in text
    assert "\n\nand 4 more (--top)\n\n" in text
    assert "\n\n6 findings more than fit here.\n\n" in scan_markdown(wanted, 1).decode()
    assert rendered(wanted, "html") == rendered(REPORTED, "html")


def test_every_format_names_the_rule() -> None:
    reported = ReportedScan(scan=make_test_scan(scan_finding()))
    assert "| `memory-oversized`, medium confidence | medium |" in rendered(reported, "markdown")
    assert "(<code>memory-oversized</code>), medium confidence</summary>" in rendered(reported, "html")
    for name in ("csv", "json", "table"):
        assert "memory-oversized" in rendered(reported, name)


@pytest.mark.parametrize(
    ("step", "markdown", "page"),
    [
        (
            "raise it with `aws lambda x --y`, or remove it",
            "raise it with `aws lambda x --y`, or remove it",
            "raise it with <code><span>aws</span> <span>lambda</span> <span>x</span> <span>--y</span></code>, "
            "or remove it",
        ),
        (
            "powertune run x",
            "`powertune run x`",
            "<code><span>powertune</span> <span>run</span> <span>x</span></code>",
        ),
        ("`aws x|y`", r"`aws x\|y`", "<code><span>aws</span> <span>x|y</span></code>"),
        ("ask `its owner", r"ask \`its owner", "ask `its owner"),
        ("do `aws <x>`", "do <code>aws &lt;x&gt;</code>", "do <code><span>aws</span> <span>&lt;x&gt;</span></code>"),
    ],
)
def test_commands_in_next_steps_are_code(step: str, markdown: str, page: str) -> None:
    reported = ReportedScan(scan=make_test_scan(scan_finding(next_step=step)))
    assert f" | medium | {markdown} |\n" in rendered(reported, "markdown")
    assert f">{page}</td>" in rendered(reported, "html")


def test_calls_have_a_line_for_each_operation_only_on_the_page() -> None:
    assert "lambda.list_functions: 3" in rendered(REPORTED, "html")
    for name in ("markdown", "table"):
        assert "lambda.list_functions" not in rendered(REPORTED, name)


@pytest.mark.parametrize(("read", "words"), [(2**30 // 200 + 1, "0.01 GiB of logs"), (1, "<0.01 GiB of logs")])
def test_logs_that_were_read_are_never_nothing(read: int, words: str) -> None:
    scan = make_test_scan(effort=ScanEffort(scanned_bytes=read))
    assert words in write_scan_text(ReportedScan(scan=scan)).effort


def test_a_key_figure_below_half_a_cent_is_written_as_in_the_table() -> None:
    page = rendered(ReportedScan(scan=make_test_scan(scan_finding(saving=(0.004, 0.0, 0.004)))), "html")
    assert page.count('<dd class="value">&lt;$0.01</dd>') == 1
    assert page.count('<span class="money">&lt;$0.01</span>') == 1


def test_findings_are_sorted_by_dollars_and_then_by_severity() -> None:
    rows = write_scan_text(REPORTED).rows
    assert [(row.saving, row.finding.name) for row in rows] == [
        ("$14.50", "resize-images"),
        ("$10.00", "orders"),
        ("$4.00", "orders"),
        ("$1.50", "/aws/lambda/orders"),
        ("¥50.00", "shop"),
        ("-", "resize-images"),
    ]
    other = make_test_scan(
        scan_finding(saving=None, severity=Severity.LOW),
        scan_finding("timeouts", saving=None, severity=Severity.HIGH),
    )
    assert [row.finding.severity for row in write_scan_text(ReportedScan(scan=other)).rows] == ["high", "low"]


def test_a_change_of_severity_says_what_it_was() -> None:
    before, after = scan_finding(severity=Severity.LOW), scan_finding(severity=Severity.HIGH)
    reported = ReportedScan(scan=make_test_scan(after), earlier=(make_test_scan(before, scanned_at=NOW - 9),))
    (row,) = write_scan_text(reported).rows
    assert (row.since, row.was) == ("changed", "was low")


def test_without_findings_the_headline_says_whether_all_was_read() -> None:
    assert write_scan_text(ReportedScan(scan=make_test_scan())).headline == "No findings about 1 function."
    gap = Gap(place=PLACE, what="memory", reason="not enrolled")
    partial = write_scan_text(ReportedScan(scan=make_test_scan(gaps=(gap,))))
    assert partial.headline == "No findings about 1 function. But not everything could be read."


def test_gaps_of_the_same_reason_are_one_line_and_name_a_few_of_many_functions() -> None:
    names = tuple(f"fn-{number}" for number in range(7))
    gaps = [
        Gap(place=PLACE, what="memory", reason="too expensive", subjects=names),
        Gap(place=PLACE, what="log groups", reason="access denied", action="logs:DescribeLogGroups"),
        Gap(
            place=AccountRegion(account_id="1", region="eu-west-1"),
            what="log groups",
            reason="access denied",
            action="logs:DescribeLogGroups",
        ),
    ]
    assert gap_lines(gaps) == (
        "123456789012 us-east-1: memory use of fn-0, fn-1, fn-2, fn-3, fn-4 and 2 more is unknown: too expensive",
        "123456789012 us-east-1, 1 eu-west-1: log groups are unknown: access denied; it needs logs:DescribeLogGroups",
    )


def test_csv_has_a_row_for_each_finding_with_its_function() -> None:
    rows = list(csv.DictReader(io.StringIO(rendered(REPORTED, "csv"), newline="")))
    assert tuple(rows[0]) == COLUMNS
    assert (rows[0]["monthly_saving_low"], rows[0]["monthly_cost"], rows[0]["since_last_scan"]) == (
        "-1.25",
        "30.0",
        "new",
    )
    assert (rows[4]["currency"], rows[5]["monthly_saving"], rows[5]["since_last_scan"]) == ("CNY", "", "new")


def test_json_has_what_follows_beside_the_document() -> None:
    document = json.loads(rendered(REPORTED, "json"))
    assert document["schema"] == "powertune/scan/1"
    assert [(each["currency"], each["cost"], each["free_tier"]) for each in document["totals"]] == [
        ("USD", 90.0, 6.0),
        ("CNY", 30.0, 0.0),
    ]
    assert [finding["name"] for finding in document["since_last_scan"]["fixed"]] == ["legacy", "orders"]
    assert len(document["trend"]) == 4
    assert json.loads(rendered(ReportedScan(scan=full_scan()), "json"))["since_last_scan"] is None


def many(count: int) -> ReportedScan:
    """A scan of many functions; every summary is 200 bytes long."""
    lines = tuple(function_line(f"fn-{number:05}") for number in range(count))
    findings = (scan_finding(line=line, saving=(9.0, 9.0, 9.0), summary="x" * 200) for line in lines)
    scan = make_test_scan(*findings, functions=lines)
    return ReportedScan(scan=scan, earlier=(replace(scan, scanned_at=NOW - 9, findings=(), functions=()),))


@pytest.mark.parametrize(("count", "most"), [(1_000, COMMENT_BYTES), (6_000, SUMMARY_BYTES)])
def test_markdown_fits_and_says_how_much_it_leaves_out(count: int, most: int) -> None:
    data = scan_markdown(many(count), most)

    text = data.decode()
    shown = len(re.findall(r"^\| \$9\.00 \|", text, flags=re.MULTILINE))
    assert most * 0.98 < len(data) <= most
    assert f"{count - shown:,} findings more than fit here." in text
    assert text.count("<details>") == text.count("</details>")


def test_markdown_that_fits_is_whole_and_the_least_has_no_lines() -> None:
    whole = render_scan_markdown(REPORTED)
    assert scan_markdown(REPORTED, len(whole)) == whole
    least = scan_markdown(REPORTED, 1).decode()
    assert "6 findings more than fit here." in least
    assert "| $14.50" not in least


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("case", HOSTILE)
def test_no_text_steers_a_terminal(name: str, case: str) -> None:
    allowed = set(rendered(hostile("harmless"), name))
    text = rendered(hostile(HOSTILE[case]), name)
    assert {char for char in text if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")} <= allowed


@pytest.mark.parametrize("name", ["markdown", "csv"])
@pytest.mark.parametrize("case", HOSTILE)
def test_no_text_adds_a_line(name: str, case: str) -> None:
    assert len(rendered(hostile(HOSTILE[case]), name).splitlines()) == len(
        rendered(hostile("harmless"), name).splitlines()
    )


@pytest.mark.parametrize("name", ["markdown", "html"])
@pytest.mark.parametrize("case", HOSTILE)
def test_no_text_is_markup(name: str, case: str) -> None:
    text = rendered(hostile(HOSTILE[case]), name)
    assert "<script>alert" not in text
    assert "<img src=x" not in text


@pytest.mark.parametrize("case", HOSTILE)
def test_no_cell_is_a_formula(case: str) -> None:
    (header, row) = csv.reader(io.StringIO(rendered(hostile(HOSTILE[case]), "csv"), newline=""))
    assert len(row) == len(header)
    assert not [cell for cell in row if cell.lstrip().startswith(("=", "+", "-", "@"))]


def page_data(reported: ReportedScan) -> Any:
    page = render_scan_html(reported).decode()
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, flags=re.DOTALL)
    assert found is not None
    return json.loads(found[1], parse_constant=pytest.fail)


def test_the_page_holds_what_its_pictures_show() -> None:
    data = page_data(REPORTED)
    assert data["currencies"] == ["USD", "CNY"]
    assert [(tile["name"], tile["currency"], tile["cost"], tile["saving"]) for tile in data["tiles"]] == [
        ("shop", "CNY", 30.0, 30.0),
        ("orders", "USD", 30.0, 11.5),
        ("resize-images", "USD", 30.0, 14.5),
        ("year-end-report", "USD", 30.0, 0),
    ]
    assert [(point["currency"], point["due"], point["saving"]) for point in data["trend"]] == [
        ("USD", 84.0, 8.5),
        ("CNY", 30.0, 30.0),
        ("USD", 84.0, 26.0),
        ("CNY", 30.0, 30.0),
    ]


def test_functions_that_are_too_small_to_see_are_one_tile() -> None:
    data = page_data(many(403))
    assert len(data["tiles"]) == 401
    assert data["tiles"][-1] == {
        "name": "",
        "account": "123456789012",
        "region": "us-east-1",
        "currency": "USD",
        "cost": 90.0,
        "saving": 27.0,
        "others": 3,
    }


def test_the_page_needs_nothing_but_itself_and_is_the_same_each_time() -> None:
    page = render_scan_html(REPORTED).decode()
    assert "default-src 'none'" in html.unescape(page)
    assert not re.search(r"""(?:src|href)=["'](?!data:|#)""", page)
    assert page == render_scan_html(REPORTED).decode()
    assert all(rule.title in page for rule in RULES if rule.id not in ("idle-function",))
