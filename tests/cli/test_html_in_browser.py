"""The HTML report in a real browser: it draws, moves, sorts and prints, silently and without a network."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from factories import make_analysis, make_function, make_invocation, make_measurement, recorded
from playwright.sync_api import Browser, Page, expect, sync_playwright

from powertune.analysis import Analysis
from powertune.model import Advisory, Architecture, Status, Strategy
from powertune.report.html import render_html

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = os.environ.get("TEST_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
REASON = f"no Chromium: set TEST_CHROMIUM, or install one of {', '.join(NAMES)}"
pytestmark = [pytest.mark.long, pytest.mark.skipif(CHROMIUM is None, reason=REASON)]
QUIET = ("sandbox", "first-run")
ARGUMENTS = [
    *(f"--no-{name}" for name in QUIET),
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
MARKER = "document.getElementById('chart-{}').data.find((trace) => trace.meta && trace.meta.moves)"
HOVER = "[...document.querySelectorAll('#chart-{} .hoverlayer text')].map((text) => text.textContent).join(' ')"
SLIDER = "Weight of cost against speed"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


class Visit:
    """A page that fails the test for whatever it says, asks for or fetches."""

    def __init__(self, browser: Browser, file: Path, **options: object) -> None:
        self.complaints: list[str] = []
        self.page: Page = browser.new_page(**options)  # type: ignore[arg-type]
        self.page.set_default_timeout(15_000)
        self.page.on("console", lambda message: self.complaints.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("dialog", lambda dialog: self.complaints.append(f"dialog: {dialog.message}"))
        self.page.on("request", lambda request: self._check(request.url))
        self.page.goto(file.as_uri())

    def _check(self, url: str) -> None:
        if not url.startswith(("file:", "data:", "blob:")):
            self.complaints.append(f"request: {url}")

    def show(self, chart: str) -> None:
        """Scroll to a chart, and wait until it is drawn."""
        self.page.locator(f"#chart-{chart}").scroll_into_view_if_needed()
        self.page.wait_for_selector(f"#chart-{chart} .subplot", state="attached")


@pytest.fixture
def visit(browser: Browser, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Visit]:
    options = getattr(request, "param", {})
    file = tmp_path / "report.html"
    file.write_bytes(render_html(recorded()))
    visit = Visit(browser, file, **options)
    yield visit
    visit.page.close()
    assert visit.complaints == []


def open_report(browser: Browser, tmp_path: Path, analysis: Analysis, **options: object) -> Visit:
    file = tmp_path / "other.html"
    file.write_bytes(render_html(analysis))
    return Visit(browser, file, **options)


def settle(page: Page) -> None:
    """Two frames: what was asked for is drawn."""
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def test_charts_are_drawn_and_the_pointer_shows_what_a_point_is(visit: Visit) -> None:
    page = visit.page
    for chart in ("curves", "plane", "distributions", "cold"):
        visit.show(chart)
    point = page.locator("#chart-plane .scatterlayer .points path").first
    point.scroll_into_view_if_needed()
    box = point.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=4)
    page.wait_for_selector("#chart-plane .hoverlayer text")
    text = page.evaluate(HOVER.format("plane"))
    for words in ("1024 MB", "x86_64", "24 warm invocations", "[117, 118]", "$2.17 [2.17, 2.18] per million"):
        assert words in text


def test_a_chart_can_be_saved_as_a_picture_and_sent_nowhere(visit: Visit) -> None:
    page = visit.page
    visit.show("plane")
    buttons = [button.get_attribute("data-title") or "" for button in page.locator("#chart-plane .modebar-btn").all()]
    assert [title.split()[0] for title in buttons] == ["Download", "Reset"]
    page.locator("#chart-plane").hover()
    with page.expect_download() as download:
        page.locator("#chart-plane [data-title^=Download]").click()
    assert download.value.path().read_bytes().startswith(b"\x89PNG")


def test_arrow_keys_walk_through_the_points(visit: Visit) -> None:
    page = visit.page
    visit.show("curves")
    page.focus("#chart-curves")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#spoken")).to_contain_text("256 MB x86_64, 24 warm invocations")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#spoken")).to_contain_text("512 MB x86_64")
    expect(page.locator("#chart-curves .hoverlayer")).to_contain_text("512 MB x86_64")


def test_the_slider_moves_the_marked_point_by_keyboard_and_back(visit: Visit) -> None:
    page = visit.page
    visit.show("curves")
    visit.show("plane")
    slider, choice, back = page.get_by_label(SLIDER), page.locator("#choice"), page.get_by_role("button", name="Back")
    expect(choice).to_contain_text("Recommended: 1024 MB arm64")
    expect(back).to_be_disabled()
    assert page.evaluate(f"{MARKER.format('curves')}.x") == [1024]
    slider.focus()
    page.keyboard.press("Home")
    expect(choice).to_contain_text("0 % cost, 100 % speed: 1024 MB x86_64")
    expect(choice).to_contain_text("1.01x the cost and 0.50x the duration of now")
    assert slider.get_attribute("aria-valuetext") == "0 % cost, 100 % speed: 1024 MB x86_64"
    settle(page)
    assert page.evaluate(f"{MARKER.format('curves')}.y")[0] < 119
    assert page.evaluate(f"{MARKER.format('plane')}.y")[0] > 2
    assert page.locator(".note-slider:visible").count() == 1
    back.press("Enter")
    expect(choice).to_contain_text("Recommended: 1024 MB arm64")
    settle(page)
    assert page.evaluate(f"{MARKER.format('plane')}.y")[0] < 2
    page.keyboard.press("End")
    expect(choice).to_contain_text("100 % cost, 0 % speed: 1024 MB arm64")


def test_the_table_sorts_by_click_and_by_keyboard(visit: Visit) -> None:
    page = visit.page

    def column(number: int) -> list[str]:
        cells = page.locator(f"#configurations tbody tr > :nth-child({number})")
        return [cell.get_attribute("data-key") or "" for cell in cells.all()]

    page.get_by_role("button", name="Cost per million").click()
    assert page.locator("th[data-column=cost_interval]").get_attribute("aria-sort") == "ascending"
    costs = column(3)
    assert costs[-1] == ""
    assert [float(cost) for cost in costs[:-1]] == sorted(float(cost) for cost in costs[:-1])
    page.get_by_role("button", name="Cost per million").press("Enter")
    assert page.locator("th[data-column=cost_interval]").get_attribute("aria-sort") == "descending"
    assert column(3) == [*reversed(costs[:-1]), ""]
    page.get_by_role("button", name="Architecture").press("Space")
    assert column(2)[0] == "arm64"
    assert page.locator("th[aria-sort]").count() == 1


@pytest.mark.parametrize("visit", [{"color_scheme": "dark"}, {"color_scheme": "light"}], indirect=True)
def test_both_color_schemes_reach_page_and_charts_and_can_be_switched(visit: Visit) -> None:
    page = visit.page
    visit.show("curves")

    def grounds() -> tuple[str, str]:
        return (
            page.evaluate("getComputedStyle(document.body).backgroundColor"),
            page.evaluate("getComputedStyle(document.querySelector('#chart-curves .main-svg')).backgroundColor"),
        )

    light, dark = ("rgb(245, 246, 248)", "rgb(255, 255, 255)"), ("rgb(15, 19, 23)", "rgb(23, 28, 34)")
    before = light if page.evaluate("matchMedia('(prefers-color-scheme: light)').matches") else dark
    assert grounds() == before
    page.get_by_role("button", name="Switch to").press("Enter")
    settle(page)
    assert grounds() == (dark if before == light else light)


def test_the_system_may_change_its_mind(visit: Visit) -> None:
    page = visit.page
    visit.show("curves")
    page.emulate_media(color_scheme="dark")
    expect(page.get_by_role("button", name="Switch to light colors")).to_be_visible()
    assert page.evaluate("document.getElementById('chart-curves').layout.paper_bgcolor") == "#171C22"


@pytest.mark.parametrize("visit", [{"viewport": {"width": 380, "height": 800}}], indirect=True)
def test_it_fits_a_narrow_screen_and_a_turned_one(visit: Visit) -> None:
    page = visit.page
    wide = "document.documentElement.scrollWidth - window.innerWidth"
    for chart in ("curves", "plane", "distributions", "cold"):
        visit.show(chart)
    assert page.evaluate(wide) <= 0
    page.set_viewport_size({"width": 700, "height": 380})
    expect(page.locator("#chart-cold .main-svg").first).to_have_attribute("width", re.compile("6.."))
    assert page.evaluate(wide) <= 0


def test_every_chart_is_drawn_once_the_page_is_loaded(visit: Visit) -> None:
    """A screenshot tool that neither scrolls nor waits sees no empty frame."""
    charts = "[...document.querySelectorAll('[data-chart]')]"
    drawn = visit.page.evaluate(f"{charts}.map((chart) => chart.querySelector('.subplot') !== null)")
    assert drawn == [True] * 4


@pytest.mark.parametrize("visit", [{"viewport": {"width": 1280, "height": 900}}], indirect=True)
def test_the_table_shows_its_last_column_on_a_usual_screen(visit: Visit) -> None:
    frame = "document.querySelector('#configurations').parentElement"
    assert visit.page.evaluate(f"{frame}.scrollWidth - {frame}.clientWidth") <= 0


def test_it_prints_with_charts_that_nobody_had_scrolled_to(visit: Visit) -> None:
    page = visit.page
    count = "window.drawn = document.querySelectorAll('.subplot').length;"
    page.evaluate(f"window.addEventListener('beforeprint', () => {{ {count} }})")
    pdf = page.pdf(prefer_css_page_size=True, print_background=True)
    assert pdf.startswith(b"%PDF")
    assert pdf.count(b"/Type /Page\n") >= 3
    assert page.evaluate("window.drawn") == 5
    assert page.evaluate("document.documentElement.dataset.theme") is None


def test_the_skip_link_comes_first_and_everything_can_be_reached(visit: Visit) -> None:
    page = visit.page
    reached = []
    for _ in range(20):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()"))
    assert reached[0] == "Skip to the answer"
    assert {"scheme", "weight", "chart-curves", "chart-plane", "Cost per million"} <= set(reached)


def test_without_javascript_everything_but_the_charts_is_there(browser: Browser, tmp_path: Path) -> None:
    visit = open_report(browser, tmp_path, recorded(), java_script_enabled=False)
    page = visit.page
    expect(page.locator("#configurations")).to_contain_text("$1.80")
    assert not page.locator("#balance").is_visible()
    page.close()
    assert visit.complaints == []


def test_hostile_texts_are_only_read(browser: Browser, tmp_path: Path) -> None:
    evil = "</script><script>window.pwned = 1</script><img src=x onerror='window.pwned = 1'><b>bold</b>"
    evil += "<a href='javascript:window.pwned = 1'>a</a> $x$ \x1b[31m\n@ink %{x}"
    failed = make_invocation(status=Status.ERROR, error_type=evil)
    analysis = make_analysis(
        make_measurement(memory_mb=256, durations=[20.0, 21.0], others=[failed] * 4),
        make_measurement(memory_mb=512, durations=[10.0, 11.0, 12.0]),
        make_measurement(memory_mb=1024, durations=[5.0, 5.1, 5.2]),
        function=make_function(name=evil, runtime=evil),
        advisories=(Advisory(code="x", message=evil, next_step=evil),),
    )
    visit = open_report(browser, tmp_path, analysis)
    page = visit.page
    visit.show("curves")
    page.focus("#chart-curves")
    spoken, hovered = page.locator("#spoken"), page.locator("#chart-curves .hoverlayer")
    for _ in range(8):
        page.keyboard.press("ArrowRight")
        if "<img" in (spoken.text_content() or ""):
            break
    expect(hovered).to_contain_text("<img src=x")
    assert page.locator("#chart-curves .hoverlayer a").count() == 0
    assert page.locator("main img, main b, main a").count() == 0
    assert page.evaluate("window.pwned") is None
    page.close()
    assert visit.complaints == []


def degenerate() -> dict[str, Analysis]:
    failed = make_invocation(status=Status.TIMEOUT, duration_ms=None)
    sizes = [128 + 64 * turn for turn in range(24)]
    return {
        "one": make_analysis(make_measurement(durations=[10.0, 11.0, 12.0])),
        "nothing": make_analysis(make_measurement(cold=0, others=[failed])),
        "n = 1": make_analysis(make_measurement(durations=[10.0])),
        "extremes": make_analysis(
            make_measurement(memory_mb=128, durations=[900_000.0, 899_000.0, 900_000.0]),
            make_measurement(memory_mb=10240, durations=[0.5, 0.5, 0.5]),
        ),
        "many": make_analysis(
            *(
                make_measurement(
                    memory_mb=size, architecture=arch, durations=[9e4 / size + turn % 7 for turn in range(200)]
                )
                for size in sizes
                for arch in Architecture
            ),
            strategy=Strategy.BALANCED,
        ),
    }


@pytest.mark.parametrize("case", degenerate())
def test_every_kind_of_run_opens_without_complaint(browser: Browser, tmp_path: Path, case: str) -> None:
    visit = open_report(browser, tmp_path, degenerate()[case])
    page = visit.page
    for chart in page.locator("[data-chart]").all():
        visit.show(chart.get_attribute("data-chart") or "")
    expect(page.locator("h1")).to_be_visible()
    page.close()
    assert visit.complaints == []
