"""The figure: one file, the same bytes everywhere, legible, and true to the run."""

import hashlib
import html
import logging
import math
import os
import random
import re
import struct
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

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
from powertune.model import Architecture, Invocations, Measurement
from powertune.report.charts import own_settings, render_png, render_svg
from powertune.report.palette import ARCHITECTURES
from powertune.report.report_text import write_report_text

pytestmark = pytest.mark.long

TESTS = Path(__file__).parents[2]
SVG = "{http://www.w3.org/2000/svg}"
ROUND_SIZES = tuple(128 * step for step in range(1, 25))
ODD_SIZES = (128, 192, 256, 320, 384, 448, 512, 640, 768, 896, 1024, 1280, 1536, 1769, 2048, 2304, 2560, 3008, 3538)
DEGENERATE = degenerate_analyses()


def measured(memory_mb: int, architecture: Architecture, invocations: int = 12) -> Measurement:
    """Work for the processor up to one core's worth of memory, with some noise that is the same each time."""
    speed = 1.0 if architecture is Architecture.X86_64 else 0.93
    mean = speed * 120_000 * (1 / min(memory_mb, 1769) + 0.1 / memory_mb)
    noise = random.Random(f"{memory_mb} {architecture}")
    cold = [make_invocation(init_ms=noise.gauss(280, 9), duration_ms=1.4 * mean, memory_mb=memory_mb)] * 3
    warm = [make_invocation(duration_ms=noise.lognormvariate(math.log(mean), 0.05)) for _ in range(invocations)]
    measurement = make_measurement(memory_mb=memory_mb, architecture=architecture)
    return replace(measurement, invocations=Invocations.of((*cold, *warm)))


def curve(
    sizes: tuple[int, ...] = (128, 512, 1769),
    architectures: tuple[Architecture, ...] = tuple(Architecture),
    invocations: int = 12,
) -> Analysis:
    return make_analysis(*(measured(size, each, invocations) for size in sizes for each in sorted(architectures)))


def size_of(png: bytes) -> tuple[int, int]:
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def words(analysis: Analysis) -> list[str]:
    """Every text of the figure, as matplotlib notes it next to its outlines."""
    texts = re.findall(r"<!-- (.*?) -->", render_svg(analysis).decode(), flags=re.DOTALL)
    return [html.unescape(text) for text in texts]


def said(analysis: Analysis) -> str:
    return "\n".join(words(analysis))


def text_boxes(analysis: Analysis) -> list[tuple[str, tuple[float, float, float, float]]]:
    """Every visible text and where it is drawn in pixels, a pixel of rounding taken off each side."""
    with own_settings():
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.text import Text

        from powertune.report.charts.page import draw_page

        figure = draw_page(write_report_text(analysis))
        canvas: Any = FigureCanvasAgg(figure)
        canvas.draw()
        found = []
        for text in figure.findobj(Text):
            assert isinstance(text, Text)
            if text.get_visible() and text.get_text().strip():
                box = Text.get_window_extent(text, canvas.get_renderer())
                found.append((text.get_text(), (box.x0 + 1, box.y0 + 1, box.x1 - 1, box.y1 - 1)))
        width, height = canvas.get_width_height()
        assert all(x0 >= 0 and y0 >= 0 and x1 <= width and y1 <= height for _, (x0, y0, x1, y1) in found)
        return found


RUNS = {
    "recorded": recorded(),
    "24 round sizes, two architectures": curve(ROUND_SIZES),
    "19 odd sizes, two architectures": curve(ODD_SIZES),
    "seven sizes": curve((128, 256, 512, 1024, 1769, 3008, 10240), (Architecture.X86_64,)),
    "now beside the best": curve((512, 576), (Architecture.ARM64,)),
    **{name: DEGENERATE[name] for name in ("no success", "pairs", "tiny and huge", "many sizes")},
}


def test_png_is_one_picture_of_a_generous_size() -> None:
    png = render_png(recorded())
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = size_of(png)
    assert width == 1540
    assert 1100 < height < 1500
    assert b"Matplotlib" not in png
    assert b"tIME" not in png


def test_more_configurations_get_more_room_up_to_a_limit() -> None:
    heights = [size_of(render_png(run))[1] for run in (recorded(), RUNS["24 round sizes, two architectures"])]
    assert heights[0] < heights[1] < 2600


def test_bytes_depend_on_nothing_but_the_run(tmp_path: Path) -> None:
    """Not on the order of hashes, on anybody's settings, or on a cache; and nothing is said about any of them."""
    (tmp_path / "matplotlibrc").write_text(
        "backend: nonsense\nfont.family: serif\nfigure.dpi: 20\nsavefig.dpi: 30\nsavefig.bbox: tight\n"
        "lines.linewidth: 9\nsvg.fonttype: none\ntext.usetex: True\nno.such.setting: 1\nfont.size: many\n"
    )
    (tmp_path / "file").touch()
    code = """
import hashlib, sys
sys.path.insert(0, sys.argv[1])
from factories import recorded
from powertune.report.charts import render_png, render_svg
print(*(hashlib.sha256(render(recorded())).hexdigest() for render in (render_png, render_svg)))
"""
    hostile = {"PYTHONHASHSEED": "77", "MPLCONFIGDIR": str(tmp_path / "file" / "below"), "MPLBACKEND": "TkAgg"}
    settings = {"MATPLOTLIBRC": str(tmp_path / "matplotlibrc"), "SOURCE_DATE_EPOCH": "1", "LC_ALL": "C"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, str(TESTS)],
        env={
            "PATH": os.environ["PATH"],
            **hostile,
            **settings,
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout.split() == [
        hashlib.sha256(data).hexdigest() for data in (render_png(recorded()), render_svg(recorded()))
    ]


def test_the_settings_of_others_are_left_alone() -> None:
    import matplotlib

    logger = logging.getLogger("matplotlib")
    before = dict(matplotlib.rcParams), logger.level
    with matplotlib.rc_context({"font.size": 31.0, "text.usetex": True}):
        png = render_png(recorded())
        assert matplotlib.rcParams["font.size"] == 31.0
    assert (dict(matplotlib.rcParams), logger.level) == before
    assert png == render_png(recorded())


def test_matplotlib_is_imported_only_to_draw() -> None:
    code = "import sys, powertune.report; sys.exit('matplotlib' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_svg_is_a_picture_and_nothing_else(text: str) -> None:
    svg = render_svg(hostile_analysis(text)).decode()
    assert "<!DOCTYPE" not in svg
    root = ET.fromstring(svg)
    for element in root.iter():
        assert element.tag.removeprefix(SVG) in {
            *("svg", "title", "desc", "defs", "style", "g", "path", "use", "clipPath", "rect", "metadata"),
        }
        for name, value in element.attrib.items():
            assert not name.lower().startswith("on")
            assert "url(" not in value.replace("url(#", "")
            assert not name.endswith("href") or value.startswith("#")
        assert "url(" not in (element.text or "") or element.tag in (f"{SVG}title", f"{SVG}desc")


def test_svg_says_what_it_shows_to_those_who_do_not_see_it() -> None:
    root = ET.fromstring(render_svg(recorded()))
    assert root.get("role") == "img"
    assert root.findtext(f"{SVG}title") == "resize"
    assert (root.findtext(f"{SVG}desc") or "").startswith("Recommended: 1024 MB arm64")


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS.keys())
def test_no_text_lies_on_another(run: Analysis) -> None:
    for (one, a), (other, b) in combinations(text_boxes(run), 2):
        apart = a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
        assert apart, f"{one!r} and {other!r}"


@pytest.mark.parametrize("name", ["html", "newlines", "long"])
def test_texts_of_others_stay_in_place(name: str) -> None:
    for (one, a), (other, b) in combinations(text_boxes(hostile_analysis(HOSTILE[name])), 2):
        apart = a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
        assert apart, f"{one!r} and {other!r}"


def test_a_dollar_sign_is_a_dollar_sign() -> None:
    run = make_analysis(make_measurement(durations=[1.0, 2.0]), function=make_function(name=r"$\frac{a}{$ $x_1$"))
    assert r"$\frac{a}{$ $x_1$" in words(run)


def test_characters_that_the_font_lacks_are_replaced() -> None:
    run = make_analysis(make_measurement(durations=[1.0, 2.0]), function=make_function(name="a\u6f22\u5b57b"))
    assert "a\ufffd\ufffdb" in words(run)


def test_the_answer_and_the_marks_are_named() -> None:
    text = words(recorded())
    assert {"x86_64", "arm64", "recommended", "now", "fails", "Pareto front", "95 % interval of the mean"} <= set(
        text
    )
    assert {"now x86_64", "recommended arm64", "1024 MB, recommended", "512 MB, now"} <= set(text)
    assert any(line.startswith("Recommended: 1024\u00a0MB arm64") for line in text)


def test_what_cannot_be_shown_is_said() -> None:
    text = said(recorded())
    assert "ran out of memory in 1 of 29 invocations" in text
    assert "this account may not use more than 3008 MB" in text
    assert "none seen" in text
    text = said(DEGENERATE["no success"])
    assert "No duration to show: no size could be judged." in text
    assert "failed in 4 of 4 invocations (KeyError)" in text
    assert "No cold start was seen." in text
    assert "Nothing was measured." in said(DEGENERATE["nothing"])
    assert "no band: one invocation only" in said(DEGENERATE["single"])
    assert "now (not measured)" in said(DEGENERATE["tiny and huge"])


def test_the_answer_as_it_is_now_is_named_once() -> None:
    run = make_analysis(make_measurement(memory_mb=512, durations=[10.0, 11.0, 12.0]))
    assert "recommended, as now" in words(run)
    both = DEGENERATE["one size, two architectures"]
    assert "now x86_64, recommended arm64" in words(both)


def test_money_is_in_the_currency_of_the_region() -> None:
    run = make_analysis(
        make_measurement(memory_mb=128, durations=[400.0, 410.0]),
        make_measurement(durations=[100.0, 101.0]),
        prices=make_prices(currency="CNY"),
    )
    assert any(re.fullmatch(r"\u00a5[\d.]+", text) for text in words(run))
    assert not [text for text in words(run) if text.startswith("$")]


def test_architectures_differ_in_more_than_color() -> None:
    x86, arm = (ARCHITECTURES[architecture] for architecture in Architecture)
    assert x86.marker != arm.marker
    assert x86.line != arm.line
    lightness = [
        sum(int(style.color[at : at + 2], 16) * share for at, share in ((1, 0.3), (3, 0.59), (5, 0.11)))
        for style in (x86, arm)
    ]
    assert abs(lightness[0] - lightness[1]) > 20


def test_a_large_run_is_drawn_in_part() -> None:
    run = curve(ROUND_SIZES, invocations=1_000)
    svg = render_svg(run)
    assert len(svg) < 2_000_000
    assert "dots: some of the invocations, with all extremes" in svg.decode()
    assert "n = 1,000" in words(run)
    assert "dots: the invocations" in said(recorded())


@pytest.mark.parametrize(("count", "most"), [(1, 24), (24, 24), (25, 24), (1_000, 83), (100_000, 150)])
def test_extremes_are_always_drawn(count: int, most: int) -> None:
    from powertune.report.charts.distribution import drawn

    chosen = list(drawn(count, most))
    assert len(chosen) == min(count, most)
    assert chosen == sorted(set(chosen))
    assert set(chosen[:8]) <= set(range(8))
    assert chosen[-1] == count - 1


@pytest.mark.parametrize(
    ("values", "logarithmic"),
    [((1.0, 7.0), False), ((1.0, 9.0), True), ((0.5, 900_000.0), True), ((100.0,) * 3, False), ((0.0, 50.0), False)],
)
def test_an_axis_shows_every_value_at_a_scale_that_suits_them(values: tuple[float, ...], logarithmic: bool) -> None:
    from powertune.report.charts.scales import scale_for

    scale = scale_for(values, (1e-12, 1e12, math.nan, math.inf))
    assert scale.logarithmic is logarithmic
    assert scale.low <= min(values) <= max(values) <= scale.high
    assert scale.high <= 4 * max(values) * (scale.high / scale.low if scale.low else 1) ** 0.1
    assert 2 <= len(scale.ticks) <= 8


def test_an_axis_of_money_has_cents_only_where_they_matter() -> None:
    from powertune.report.charts.scales import Scale, money

    def labels(*ticks: float, logarithmic: bool = False) -> list[str]:
        return money("USD")(Scale(low=0.0, high=1.0, logarithmic=logarithmic, ticks=ticks))

    assert labels(0.9, 1.0, 1.1) == ["$0.90", "$1.00", "$1.10"]
    assert labels(0.0, 5.0, 1000.0) == ["$0", "$5", "$1,000"]
    assert labels(0.002, 0.1, 100.0, logarithmic=True) == ["$0.002", "$0.10", "$100"]
