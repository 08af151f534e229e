import base64
import dataclasses
import hashlib
import json
import math
import re
from html.parser import HTMLParser
from importlib import resources
from typing import Any

import pytest
from factories import make_analysis, make_function, make_invocation, make_measurement, make_prices, recorded

from powertune.analysis import Analysis
from powertune.model import Advisory, Architecture, Goal, Status, Strategy, Usage
from powertune.report import RUN
from powertune.report.html import render_html
from powertune.report.html.axes import amount_axis, labelled_sizes, memory_axis
from powertune.report.html.frame import asset
from powertune.report.html.samples import spread, thinned
from powertune.report.html.theme import DARK, LIGHT

TEMPLATES = resources.files("powertune.report.html") / "templates"
#: Of the file that npm has as plotly.js-basic-dist-min 4.1.1.
PLOTLY = "99784e3abfb07b142a15e521a439e6d9addceadb3f79553fd24c72774f0649ba"
VOID = {"meta", "link", "input", "br"}
HOSTILE = '</script><img src=x onerror="alert(1)">{{ 7 * 7 }}\'=1+1\n\x1b[31m\u2028\u202e&amp;\ud800'


class Page(HTMLParser):
    """A page taken apart: its elements, the texts of scripts and styles, and the text that is read."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.styles: list[str] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(page.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag in ("script", "style"):
            (self.scripts if tag == "script" else self.styles).append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        where = self.open[-1] if self.open else ""
        if where in ("script", "style"):
            (self.scripts if where == "script" else self.styles)[-1] += data
        else:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    @property
    def data(self) -> Any:
        return json.loads(self.scripts[0], parse_constant=pytest.fail)

    def trace(self, chart: str, name: str) -> Any:
        return next(trace for trace in self.data["charts"][chart]["data"] if trace.get("name") == name)


def page(analysis: Analysis) -> Page:
    return Page(render_html(analysis))


def hostile() -> Analysis:
    failed = make_invocation(status=Status.ERROR, error_type=HOSTILE)
    return make_analysis(
        make_measurement(memory_mb=256, cold=0, others=[failed, failed]),
        make_measurement(memory_mb=512, durations=[10.0, 11.0, 12.0]),
        make_measurement(memory_mb=1024, durations=[5.0, 5.1, 5.2]),
        make_measurement(memory_mb=2048, cold=0, unmeasured=HOSTILE),
        function=make_function(name=HOSTILE, qualifier=HOSTILE, runtime=HOSTILE),
        advisories=(Advisory(code="x", message=HOSTILE, next_step=HOSTILE),),
        run_id=HOSTILE,
        tool_version=HOSTILE,
        engine=HOSTILE,
        stopped=HOSTILE,
    )


def degenerate() -> dict[str, Analysis]:
    failed = make_invocation(status=Status.TIMEOUT, duration_ms=None)
    return {
        "one configuration": make_analysis(make_measurement(durations=[10.0, 11.0, 12.0])),
        "nothing successful": make_analysis(make_measurement(cold=0, others=[failed])),
        "nothing measured": make_analysis(make_measurement(cold=0, unmeasured="refused")),
        "nothing at all": make_analysis(),
        "only cold": make_analysis(make_measurement(cold=3)),
        "n = 1": make_analysis(make_measurement(durations=[10.0]), make_measurement(memory_mb=1024, durations=[9.0])),
        "identical": make_analysis(
            make_measurement(durations=[10.0] * 20), make_measurement(memory_mb=256, durations=[10.0] * 20)
        ),
        "zero": make_analysis(make_measurement(durations=[0.0] * 3), prices=make_prices(gb_second=0.0, request=0.0)),
        "extremes": make_analysis(
            make_measurement(memory_mb=128, durations=[900_000.0, 899_000.0, 900_000.0]),
            make_measurement(memory_mb=10240, durations=[0.5, 0.5, 0.6]),
        ),
    }


def test_it_is_a_format() -> None:
    assert RUN.render(recorded(), "html") == render_html(recorded())
    assert RUN.formats["html"].suffixes == (".html", ".htm")


def test_the_same_analysis_gives_the_same_bytes() -> None:
    assert render_html(recorded()) == render_html(recorded())


def test_it_needs_no_other_file_and_no_network() -> None:
    whole = page(recorded())
    assert not whole.open
    for tag, attributes in whole.elements:
        assert not {"style", "srcset", "action", "formaction", "ping"} & attributes.keys(), tag
        assert not [name for name in attributes if name.startswith("on")], tag
        for name in ("src", "href"):
            assert (attributes.get(name) or "#").startswith(("#", "data:image/svg+xml,")), tag
    own = (TEMPLATES / "report.css").read_text() + (TEMPLATES / "report.js").read_text()
    assert not re.search(r"url\(|@import|https?://|fetch\(|innerHTML|eval\(|Storage", own)


def test_the_policy_allows_exactly_what_is_there() -> None:
    whole = page(recorded())
    (policy,) = (a["content"] or "" for _, a in whole.elements if a.get("http-equiv") == "Content-Security-Policy")
    directives = dict(part.split(" ", 1) for part in policy.split("; "))
    assert directives["default-src"] == directives["base-uri"] == directives["form-action"] == "'none'"
    assert directives["img-src"] == "data: blob:"
    # The first script is data, which needs no permission.
    assert directives["script-src"].split() == [digest(text) for text in whole.scripts[1:]]
    assert set(directives["style-src"].split()) == {digest(text) for text in whole.styles}
    assert "unsafe" not in policy
    assert "http" not in policy


def digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_plotly_is_the_published_file_and_fits_into_a_script_element() -> None:
    data = (TEMPLATES / "plotly-basic.min.js").read_bytes()
    assert hashlib.sha256(data).hexdigest() == PLOTLY
    for script in (data, (TEMPLATES / "report.js").read_bytes()):
        assert b"</script" not in script.lower()
        assert b"<!--" not in script


def test_whatever_a_text_holds_is_shown_and_does_nothing() -> None:
    whole, plain = page(hostile()), page(recorded())
    assert {tag for tag, _ in whole.elements} <= {tag for tag, _ in plain.elements}
    assert len(whole.scripts) == len(plain.scripts) == 3
    assert whole.scripts[1:] == plain.scripts[1:]
    shown = '</script><img src=x onerror="alert(1)">{{ 7 * 7 }}\'=1+1 \ufffd[31m \ufffd&amp;\ufffd'
    assert whole.text.count(shown) > 8
    assert shown in "\n".join(whole.trace("curves", "x86_64")["hovertext"]) + whole.text
    assert not set("<>&\u2028") & set(whole.scripts[0])
    assert not {char for char in "".join(whole.texts) if not char.isprintable()} - {"\n"}


def test_the_answer_stands_first_and_all_that_there_is_to_say_follows() -> None:
    text = page(recorded()).text
    order = ["resize", "Recommended: 1024 MB arm64", "now $2.16", "Duration and cost", "ran out of memory"]
    order += ["Cold starts", "only 10 at a time", "ask for more", "How it was measured", "version 0.1.0"]
    assert "The charts and the slider need JavaScript." in text
    places = [text.index(words) for words in order]
    assert places == sorted(places)


def test_the_slider_knows_the_candidates_and_nothing_else() -> None:
    candidates = page(recorded()).data["candidates"]
    names = ["256 MB x86_64", "512 MB x86_64", "1024 MB arm64", "1024 MB x86_64"]
    assert [candidate["name"] for candidate in candidates] == names
    assert [candidate["recommended"] for candidate in candidates] == [False, False, True, False]
    assert candidates[1]["figures"][-1] == "what it has now"
    assert candidates[2]["figures"][-1] == "0.83x the cost and 0.51x the duration of now"
    assert candidates[2]["position"] == {
        "memory": 1024,
        "duration": pytest.approx(119.5, abs=1),
        "cost": pytest.approx(1.8, abs=0.01),
    }


def test_configurations_that_miss_a_constraint_are_no_candidates() -> None:
    measurements = [
        make_measurement(memory_mb=size, durations=[ms, ms + 1, ms + 2])
        for size, ms in ((256, 40.0), (512, 20.0), (1024, 10.0))
    ]
    analysis = make_analysis(*measurements, goal=Goal(strategy=Strategy.COST, max_cost=0.0000005))
    left_out = {str(profile.configuration) for profile in analysis.profiles if profile.unmet}
    assert left_out == set()
    tight = make_analysis(*measurements, goal=Goal(strategy=Strategy.COST, headroom=4.5))
    left_out = {str(profile.configuration) for profile in tight.profiles if profile.unmet}
    assert left_out
    assert not left_out & {candidate["name"] for candidate in page(tight).data["candidates"]}


def test_hover_says_memory_architecture_n_interval_and_cost() -> None:
    (hover,) = page(recorded()).trace("curves", "arm64")["hovertext"]
    lines = hover.split("\n")
    assert lines[:2] == ["1024 MB arm64", "24 warm invocations"]
    assert re.fullmatch(r"mean duration 119 ms \[\d+, \d+\]", lines[2])
    assert re.fullmatch(r"\$1\.80 \[1\.79, 1\.81\] per million", lines[3])
    assert "recommended" in lines


def test_current_and_recommended_are_marked_and_a_size_that_fails_is_a_cross() -> None:
    whole = page(recorded())
    assert whole.trace("curves", "now")["x"] == [512]
    assert whole.trace("curves", "recommended")["x"] == [1024]
    assert whole.trace("curves", "x86_64, cannot be used")["x"] == [128]
    assert whole.trace("plane", "recommended")["meta"] == {"moves": True, "x": "duration", "y": "cost"}
    assert [a.get("class") for tag, a in whole.elements if tag == "tr" and a.get("data-name") == "512 MB x86_64"] == [
        " current"
    ]


@pytest.mark.long
@pytest.mark.parametrize("case", degenerate())
def test_every_degenerate_run_renders_and_says_what_cannot_be_said(case: str) -> None:
    analysis = degenerate()[case]
    whole = page(analysis)
    assert not whole.open
    assert len(whole.data["charts"]) + whole.text.count("nothing to") + whole.text.count("there is no") >= 4
    if analysis.recommendation is None:
        assert "No recommendation" in whole.text
        assert "Next:" in whole.text


def test_without_anything_to_draw_a_sentence_stands_there() -> None:
    text = page(degenerate()["nothing successful"]).text
    for words in ("nothing to draw", "could be judged", "no distribution", "No cold start was seen"):
        assert words in text


def test_the_currency_is_the_region_s() -> None:
    text = page(make_analysis(make_measurement(durations=[10.0, 11.0]), prices=make_prices(currency="CNY"))).text
    assert "¥" in text
    assert "$" not in text


def test_the_saving_is_a_key_figure_when_the_traffic_is_known() -> None:
    def text(ms: float, other: float) -> str:
        durations = [[scale * value for value in (1.0, 1.01, 1.02, 0.99, 1.0)] for scale in (ms, other)]
        return page(
            make_analysis(
                make_measurement(memory_mb=512, durations=durations[0], lanes=5),
                make_measurement(memory_mb=1024, durations=durations[1], lanes=5),
                strategy=Strategy.SPEED,
                usage=Usage(invocations_per_month=10_000_000, cold_share=0.0),
            )
        ).text

    assert "Saves a month" in text(1000.0, 300.0)
    assert "Costs more a month" in text(1000.0, 900.0)
    assert "Saving not proven" in text(1000.0, 500.2)


@pytest.mark.long
def test_what_is_drawn_is_thinned_and_what_is_said_is_not() -> None:
    durations = [100.0 + turn % 997 / 10 for turn in range(1000)]
    sizes = [128 + 64 * turn for turn in range(24)]
    analysis = make_analysis(
        *(
            make_measurement(memory_mb=size, architecture=architecture, durations=durations)
            for size in sizes
            for architecture in Architecture
        )
    )
    found = spread(analysis, analysis.profiles[0].configuration, configurations=48)
    assert found is not None
    assert len(found.points) == 50
    duration = analysis.profiles[0].duration
    assert duration is not None
    assert found.quantiles[2] == pytest.approx(duration.median, rel=1e-3)
    whole = page(analysis)
    assert sum(len(trace["x"]) for trace in whole.data["charts"]["distributions"]["data"]) < 3_000
    assert len(render_html(analysis)) < 1_600_000


def test_thinning_keeps_both_ends_and_the_order() -> None:
    values = [float(value) for value in range(1000)]
    few = thinned(values, 50)
    assert len(few) == len(set(few)) == 50
    assert (few[0], few[-1]) == (0.0, 999.0)
    assert few == sorted(few)
    assert thinned(values[:50], 50) == values[:50]


def test_labels_of_memory_sizes_keep_their_distance() -> None:
    sizes = list(range(128, 10241, 64))
    shown = labelled_sizes(sizes)
    assert {128, 256, 512, 1024, 2048, 4096, 10240} <= set(shown)
    assert len(shown) < 16
    assert labelled_sizes([512]) == [512]
    assert memory_axis([512])["range"][0] < math.log10(512) < memory_axis([512])["range"][1]


def test_an_axis_is_logarithmic_when_the_values_span_much_and_shows_the_intervals() -> None:
    assert amount_axis("x", [1.0, 9.0])["type"] == "log"
    narrow = amount_axis("x", [100.0, 101.0], [95.0, 1e9])
    assert "type" not in narrow
    assert narrow["range"][0] < 95
    assert 303 < narrow["range"][1] < 350


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_text_and_marks_stand_out(theme: dict[str, str]) -> None:
    texts = [("ink", "page"), ("ink", "card"), ("muted", "page"), ("muted", "card"), ("ink", "recommended-wash")]
    texts += [("recommended-ink", "recommended-wash"), ("caution-ink", "caution-wash"), ("ink", "caution-wash")]
    texts += [("muted", "recommended-wash"), ("recommended-ink", "card"), ("caution-ink", "page")]
    for text, ground in texts:
        assert contrast(theme[text], theme[ground]) >= 4.5, (text, ground)
    for mark in ("recommended", "focus", "x86_64", "arm64", "muted"):
        assert contrast(theme[mark], theme["card"]) >= 3, mark


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_names_on_tiles_can_be_read(theme: dict[str, str]) -> None:
    shares = re.findall(r"\.share-(\d) \{ fill: color-mix\(in srgb, var\(--caution\) (\d+)%", asset("scan.css"))
    assert [step for step, _ in shares] == ["1", "2", "3", "4"]
    for step, share in shares:
        text = theme["card" if theme is DARK and step == "4" else "ink"]
        assert contrast(text, mixed(theme["caution"], theme["card"], int(share) / 100)) >= 4.5, step


def mixed(one: str, other: str, share: float) -> str:
    """The color of which `share` is the first one."""
    pairs = [(int(one[start : start + 2], 16), int(other[start : start + 2], 16)) for start in (1, 3, 5)]
    return "#" + "".join(f"{round(share * a + (1 - share) * b):02X}" for a, b in pairs)


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2."""

    def luminance(color: str) -> float:
        shares = [int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)]
        linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_figures_that_no_axis_can_show_are_left_out() -> None:
    analysis = recorded()
    profiles = tuple(
        dataclasses.replace(p, duration=p.duration and dataclasses.replace(p.duration, mean=math.inf))
        for p in analysis.profiles
    )
    whole = page(dataclasses.replace(analysis, profiles=profiles))
    assert set(whole.data["charts"]) == {"distributions", "cold"}
