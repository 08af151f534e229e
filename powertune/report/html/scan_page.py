"""The page of a scan: findings to sort and filter, where the money goes, and how that went over time."""

from collections.abc import Mapping
from typing import Any

from powertune.report.html.frame import asset, policy, script_data, template
from powertune.report.html.theme import theme_css
from powertune.report.scan.amounts import interval_words, monthly
from powertune.report.scan.reported import ReportedScan
from powertune.report.scan.text import FindingText, ScanText, currencies_of, write_scan_text
from powertune.report.scan.totals_text import OVERLAP, functions_found
from powertune.scan.evidence import AccountRegion
from powertune.scan.finding import Confidence
from powertune.scan.totals import CurrencyTotals, grouped, savings_by_function
from powertune.units import format_share, plural

#: More tiles than this cannot be told apart; what costs less is one tile in its region.
_MOST_TILES = 400
#: Headings of the table, and whether it is one of figures.
_COLUMNS = (
    ("Saving a month", True),
    ("Function", False),
    ("Finding", False),
    ("Severity", False),
    ("Next step", False),
)


def render_scan_html(reported: ReportedScan) -> bytes:
    """The report as one HTML file in UTF-8 that loads nothing. The bytes are the same for the same scans."""
    from markupsafe import Markup

    text = write_scan_text(reported)
    script, style = asset("scan.js"), theme_css() + asset("report.css") + asset("scan.css")
    page = template("scan.html.j2").render(
        report=text,
        version=reported.scan.tool_version,
        figures=_key_figures(reported.totals),
        columns=_COLUMNS,
        sort_keys=_sort_keys,
        choices=_choices(text),
        overlap=OVERLAP,
        mapped=any(totals.cost for totals in reported.totals),
        traced=bool(reported.earlier),
        policy=policy(scripts=(script,), styles=(style,)),
        script=Markup(script),  # noqa: S704 - these come from this package, or are escaped by script_data
        style=Markup(style),  # noqa: S704
        data=Markup(script_data(_data(reported))),  # noqa: S704
    )
    return page.encode()


def _key_figures(totals: tuple[CurrencyTotals, ...]) -> tuple[tuple[str, str, str], ...]:
    """A label, a value and what to know of it: saving and cost in each currency."""
    figures = []
    for each in totals:
        saved, currency = each.saving.expected, each.currency
        share = f"{format_share(saved / each.due)} of the cost" if 0 < saved <= each.due else ""
        detail = "; ".join(filter(None, (interval_words(each.saving, currency), share, _source(each))))
        figures.append(("Could be saved a month", monthly(saved, currency), detail))
        free = f"after {monthly(each.free_tier, currency)} of free tier" if each.free_tier else "at list prices"
        unpriced = f", without {plural(each.unpriced, 'function')} of unknown cost" if each.unpriced else ""
        figures.append(("Functions cost a month", monthly(each.due, currency), f"{free}{unpriced}"))
    found = sum(each.findings for each in totals)
    return (*figures, ("Findings", f"{found:,}", f"about {functions_found(totals)}"))


def _source(totals: CurrencyTotals) -> str:
    """What a saving rests on."""
    counted, measured = totals.counted.expected, totals.to_measure.expected
    if measured > 0 and counted > 0:
        return f"{monthly(measured, totals.currency)} of it has to be measured first"
    if measured > 0:
        return "it has to be measured first"
    return "it follows from counts and prices" if counted > 0 else "no saving was found"


def _sort_keys(row: FindingText) -> tuple[str, ...]:
    """What each column is sorted by."""
    finding = row.finding
    amount = "" if row.amount is None else repr(row.amount)
    return amount, finding.name, row.title, str(finding.severity.rank), finding.next_step


def _choices(text: ScanText) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """What the table can be filtered by: the name of a filter, and its values."""
    findings = [row.finding for row in text.rows]
    return (
        ("rule", tuple(sorted({row.title for row in text.rows}))),
        ("account", tuple(sorted({finding.place.account for finding in findings}))),
        ("region", tuple(sorted({finding.place.region for finding in findings}))),
        ("severity", tuple(map(str, sorted({f.severity for f in findings}, key=lambda s: -s.rank)))),
        ("confidence", tuple(str(each) for each in Confidence if each in {f.confidence for f in findings})),
    )


def _data(reported: ReportedScan) -> dict[str, Any]:
    return {
        "currencies": [totals.currency for totals in reported.totals],
        "tiles": _tiles(reported),
        "trend": [
            {
                "at": point.scanned_at,
                "currency": point.currency,
                "due": point.due,
                "saving": point.saving.expected,
                "low": point.saving.low,
                "high": point.saving.high,
                "findings": point.findings,
            }
            for point in (reported.trend if reported.earlier else ())
        ],
    }


def _tiles(reported: ReportedScan) -> list[dict[str, Any]]:
    """Functions that cost something, the most expensive first, and what others in each region cost together."""
    saved, currencies = savings_by_function(reported.scan), currencies_of(reported.scan)
    priced = sorted(
        (line for line in reported.scan.functions if line.cost is not None and line.cost.total > 0),
        key=lambda line: (-(line.cost.total if line.cost else 0.0), line.arn),
    )
    tiles = [
        _tile(
            line.name, line.place, currencies, line.cost.total, saved[line.arn].expected if line.arn in saved else 0
        )
        for line in priced[:_MOST_TILES]
        if line.cost is not None
    ]
    for place, lines in grouped(priced[_MOST_TILES:], lambda line: line.place).items():
        cost = sum(line.cost.total for line in lines if line.cost is not None)
        saving = sum(saved[line.arn].expected for line in lines if line.arn in saved)
        tiles.append(_tile("", place, currencies, cost, saving) | {"others": len(lines)})
    return tiles


def _tile(
    name: str, place: AccountRegion, currencies: Mapping[AccountRegion, str], cost: float, saving: float
) -> dict[str, Any]:
    return {
        "name": name,
        "account": place.account,
        "region": place.region,
        "currency": currencies[place],
        "cost": cost,
        "saving": saving,
    }
