"""The page of a scan in a real browser: it draws, filters and sorts, silently and without a network."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from scanned import NOW
from scans import WEEK_S, earlier_scan, full_scan, function_line, make_test_scan, scan_finding

from powertune.report.html.scan_page import render_scan_html
from powertune.report.scan import ReportedScan
from powertune.scan.evidence import EvidenceSource
from powertune.scan.finding import Fact

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = os.environ.get("TEST_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
REASON = f"no Chromium: set TEST_CHROMIUM, or install one of {', '.join(NAMES)}"
pytestmark = [pytest.mark.long, pytest.mark.skipif(CHROMIUM is None, reason=REASON)]
ARGUMENTS = ["--no-sandbox", "--no-first-run", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
REPORTED = ReportedScan(
    scan=full_scan(), earlier=(replace(earlier_scan(), scanned_at=NOW - 2 * WEEK_S), earlier_scan())
)
EVIL = "</script><script>window.pwned = 1</script><img src=x onerror='window.pwned = 1'><b>bold</b>"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


class OpenPage:
    """Opens pages, and collects what they complain of, ask for or fetch."""

    def __init__(self, browser: Browser, folder: Path) -> None:
        self.browser, self.folder = browser, folder
        self.complaints: list[str] = []
        self.pages: list[Page] = []

    def __call__(self, reported: ReportedScan = REPORTED, **options: object) -> Page:
        file = self.folder / "scan.html"
        file.write_bytes(render_scan_html(reported))
        page: Page = self.browser.new_page(**options)  # type: ignore[arg-type]
        page.set_default_timeout(15_000)
        page.on("console", lambda message: self.complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("request", lambda request: self._check(request.url))
        page.goto(file.as_uri())
        self.pages.append(page)
        return page

    def _check(self, url: str) -> None:
        if not url.startswith(("file:", "data:")):
            self.complaints.append(f"request: {url}")


@pytest.fixture
def visit(browser: Browser, tmp_path: Path) -> Iterator[OpenPage]:
    opened = OpenPage(browser, tmp_path)
    yield opened
    for page in opened.pages:
        page.close()
    assert opened.complaints == []


def names(page: Page) -> list[str]:
    """The functions of the rows that are shown, in their order."""
    return [
        cell.split("\n")[0].split(" ")[0] for cell in page.locator("#findings tbody th:visible").all_inner_texts()
    ]


def test_rows_are_filtered_by_words_choices_and_what_is_new(visit: OpenPage) -> None:
    page = visit()
    assert names(page) == ["resize-images", "orders", "orders", "/aws/lambda/orders", "shop", "resize-images"]
    expect(page.locator("#count")).to_have_text("6 of 6 findings")

    page.get_by_label("Search").fill("orders ARM64")
    assert names(page) == ["orders"]
    expect(page.locator("#count")).to_have_text("1 of 6 findings")
    page.get_by_label("Search").fill("")
    page.locator("[data-filter=region]").select_option("cn-north-1")
    assert names(page) == ["shop"]
    page.locator("[data-filter=region]").select_option("")
    page.locator("[data-filter=rule]").select_option("Memory larger than needed")
    page.get_by_label("new or changed").check()
    assert names(page) == ["resize-images", "orders"]


def test_headings_sort_money_and_severity_from_the_top(visit: OpenPage) -> None:
    page = visit()
    page.get_by_role("button", name="Severity").click()
    assert names(page)[0] == "resize-images"
    assert page.locator("#findings tbody tr").first.get_attribute("data-severity") == "high"
    page.get_by_role("button", name="Function").press("Enter")
    assert names(page) == ["/aws/lambda/orders", "orders", "orders", "resize-images", "resize-images", "shop"]
    page.get_by_role("button", name="Saving a month").click()
    assert names(page)[0] == "shop"
    assert page.locator("#findings tbody tr .money").last.inner_text() == "-"
    page.get_by_role("button", name="Saving a month").click()
    assert page.locator("#findings tbody tr .money").first.inner_text() == "$1.50"
    assert page.locator("th[aria-sort]").count() == 1


def test_the_treemap_shows_cost_or_saving_in_one_currency_and_a_tile_leads_to_its_findings(visit: OpenPage) -> None:
    page = visit()
    assert page.locator("#tree .tile").count() == 3
    areas = page.evaluate(
        "[...document.querySelectorAll('.tile')].map((t) => t.width.baseVal.value * t.height.baseVal.value)"
    )
    assert max(areas) == pytest.approx(min(areas), rel=1e-3)  # each costs $30
    page.get_by_label("Area").select_option("saving")
    assert page.locator("#tree .tile").count() == 2
    larger, smaller = page.evaluate(
        "[...document.querySelectorAll('.tile')].map((t) => t.width.baseVal.value * t.height.baseVal.value)"
    )
    assert larger / smaller == pytest.approx(14.5 / 11.5, rel=1e-3)
    page.get_by_label("Currency").select_option("CNY")
    expect(page.locator("#tree .tile title")).to_contain_text("could save ¥30 a month")
    page.locator("#tree .tile").click()
    assert names(page) == ["shop"]


def test_the_history_has_a_point_for_each_scan(visit: OpenPage) -> None:
    page = visit()
    assert page.locator("#history svg").count() == 2
    assert page.locator("#history svg").first.locator("circle.due").count() == 3
    expect(page.locator("#history circle.saving title").last).to_contain_text("2027-01-15: costs ¥30, could save ¥30")


#: Whether any two tables of totals lie upon each other.
OVERLAPPING = """[...document.querySelectorAll('.groups')].some((group) => {
  const boxes = [...group.children].map((table) => table.getBoundingClientRect());
  return boxes.some((a, i) => boxes.slice(i + 1).some(
    (b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom));
})"""


@pytest.mark.parametrize("width", [340, 400, 700, 1280])
def test_it_fits_every_screen(visit: OpenPage, width: int) -> None:
    page = visit(viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    frame = "document.querySelector('#findings').parentElement"
    assert page.evaluate(f"{frame}.scrollWidth - {frame}.clientWidth") <= 0
    assert page.locator(".groups table").count() == 6
    assert not page.evaluate(OVERLAPPING)


def test_the_name_on_the_fullest_tile_is_dark_in_both_color_schemes(visit: OpenPage) -> None:
    page = visit()
    page.get_by_label("Currency").select_option("CNY")  # all of what it costs could be saved
    name = "getComputedStyle(document.querySelector('#tree .tile + text')).fill"
    for scheme, color in (("light", "rgb(27, 31, 36)"), ("dark", "rgb(23, 28, 34)")):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        assert page.evaluate(name) == color


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_both_color_schemes_can_be_switched(visit: OpenPage, scheme: str) -> None:
    page = visit(color_scheme=scheme)
    ground = "getComputedStyle(document.body).backgroundColor"
    colors = {"light": "rgb(245, 246, 248)", "dark": "rgb(15, 19, 23)"}
    assert page.evaluate(ground) == colors[scheme]
    page.get_by_role("button", name="Switch to").click()
    assert page.evaluate(ground) == colors["light" if scheme == "dark" else "dark"]


def test_without_javascript_every_finding_is_there(visit: OpenPage) -> None:
    page = visit(java_script_enabled=False)
    assert len(names(page)) == 6
    assert not page.locator("#filters").is_visible()


def test_a_scan_without_anything_opens_too(visit: OpenPage) -> None:
    page = visit(ReportedScan(scan=make_test_scan(functions=(), places=())))
    expect(page.locator("h1")).to_have_text("Scan of 0 accounts in 0 regions")
    assert page.locator("#findings").count() == 0


def test_hostile_texts_are_only_read(visit: OpenPage) -> None:
    line = function_line(EVIL, arn="arn:evil")
    fact = Fact(source=EvidenceSource.METRICS, text=EVIL)
    scan = make_test_scan(
        scan_finding(EVIL, line, summary=EVIL, next_step=EVIL, facts=(fact,)), functions=(line,), tool_version=EVIL
    )
    page = visit(ReportedScan(scan=scan, earlier=(make_test_scan(scanned_at=NOW - 9),)))
    expect(page.locator("#findings")).to_contain_text("<img src=x")
    expect(page.locator("#tree .tile title").first).to_contain_text("<img src=x")
    assert page.locator("main img, main b").count() == 0
    assert page.evaluate("window.pwned") is None
