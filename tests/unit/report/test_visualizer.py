import struct
from base64 import b64decode
from dataclasses import replace
from urllib.parse import unquote

import pytest
from factories import hostile_analysis, make_analysis, make_function, make_measurement, make_prices, recorded

from powertune.analysis import Analysis
from powertune.model import Architecture
from powertune.report import RUN
from powertune.report.visualizer import VisualizerChart, compare_url, visualizer_url

PAGE = "https://lambda-power-tuning.show/#"


def numbers(part: str, letter: str) -> list[float]:
    data = b64decode(part, validate=True)
    return list(struct.unpack(f"<{len(data) // struct.calcsize(letter)}{letter}", data))


def one_architecture() -> Analysis:
    return make_analysis(
        *(make_measurement(memory_mb=size, durations=[64000.0 / size] * 3) for size in (1024, 128, 512, 256)),
        make_measurement(memory_mb=2048, cold=0, unmeasured="refused"),
    )


def test_sizes_are_packed_as_the_tool_packs_them() -> None:
    sizes, _, _ = VisualizerChart(name="x", sizes=(128, 256, 512, 1024), durations=(1.0,) * 4, costs=(1.0,) * 4).parts
    assert sizes == "gAAAAQACAAQ="


def test_figures_are_packed_as_the_tool_packs_them() -> None:
    sizes, durations, costs = ["gAAAAQACAAQ=", "ZMsORykTkEZcbQVGKexxRQ==", "naKfOJZloTgdDZY4jhWIOA=="]
    chart = VisualizerChart(
        name="x",
        sizes=tuple(int(size) for size in numbers(sizes, "h")),
        durations=tuple(numbers(durations, "f")),
        costs=tuple(numbers(costs, "f")),
    )
    assert chart.parts == (sizes, durations, costs)


def test_one_architecture_is_one_chart_of_the_configurations_with_figures() -> None:
    url = visualizer_url(one_architecture())
    assert url is not None
    assert url.startswith(PAGE)
    sizes, durations, costs = url.removeprefix(PAGE).split(";")
    assert numbers(sizes, "h") == [128, 256, 512, 1024]
    assert numbers(durations, "f") == [500.0, 250.0, 125.0, 62.5]
    assert numbers(costs, "f") == pytest.approx(
        [p.cost.warm for p in one_architecture().profiles if p.cost], rel=1e-6
    )


def test_two_architectures_are_a_comparison_with_names() -> None:
    url = visualizer_url(recorded())
    assert url is not None
    parts = url.removeprefix(PAGE).split(";")
    assert len(parts) == 8
    assert numbers(parts[0], "h") == [256, 512, 1024]
    assert numbers(parts[3], "h") == [1024]
    assert parts[6:] == ["resize%20x86_64", "resize%20arm64"]


def test_two_runs_are_a_comparison() -> None:
    other = make_analysis(make_measurement(durations=[5.0, 6.0]), function=make_function(name="shrink"))
    url = compare_url(one_architecture(), other)
    assert url is not None
    assert url.split(";")[6:] == ["resize%20x86_64", "shrink%20x86_64"]
    later = replace(one_architecture(), run=replace(one_architecture().run, run_id="later"))
    url = compare_url(one_architecture(), later)
    assert url is not None
    assert [unquote(name) for name in url.split(";")[6:]] == ["resize x86_64 20260901-abcdef", "resize x86_64 later"]
    assert compare_url(one_architecture(), make_analysis()) is None


def test_china_pays_in_yuan() -> None:
    analysis = make_analysis(make_measurement(durations=[5.0, 6.0]), prices=make_prices(currency="CNY"))
    assert RUN.render(analysis, "visualizer").startswith(b"https://lambda-power-tuning.show/?currency=CNY#")


def test_without_figures_it_says_so() -> None:
    assert RUN.render(make_analysis(), "visualizer") == b"# no configuration has figures\n"
    huge = make_analysis(make_measurement(memory_mb=40_000, durations=[5.0, 6.0]))
    assert visualizer_url(huge) is None


def test_a_name_stays_within_its_part() -> None:
    analysis = hostile_analysis("a;b#c&d?\n")
    both = replace(
        analysis.profiles[1],
        configuration=replace(analysis.profiles[1].configuration, architecture=Architecture.ARM64),
    )
    url = visualizer_url(replace(analysis, profiles=(*analysis.profiles, both)))
    assert url is not None
    assert len(url.split(";")) == 8
    assert unquote(url.split(";")[7]) == "a;b#c&d?  arm64"
