from dataclasses import replace

import pytest
from factories import degenerate_analyses, make_analysis, make_configuration, make_measurement, recorded

from powertune.model import Architecture
from powertune.report.plot import draw_plot

DEGENERATE = degenerate_analyses()


def test_it_is_twelve_lines_and_a_legend() -> None:
    assert draw_plot(recorded()) == (
        "       mean duration                          cost per million",
        "479 ms ┤ ●                              $2.20 ┤ ●            (●)            ●",
        "       │                                      │                            [▲]",
        "       │                                      │",
        "       │                                      │",
        "239 ms ┤              (●)               $1.10 ┤",
        "       │                                      │",
        "       │                           [◆]        │",
        "       │                                      │",
        "  0 ms ┤                                $0.00 ┤",
        "       └─┴─────────────┴────────────┴─        └─┴─────────────┴─────────────┴─",
        "        256           512      1024 MB         256           512       1024 MB",
        "● x86_64   ▲ arm64   ◆ both   [ ] recommended   ( ) now",
    )


@pytest.mark.parametrize("width", [40, 50, 66, 80, 200])
@pytest.mark.parametrize("case", DEGENERATE)
def test_it_fits_and_is_ascii_where_it_must_be(case: str, width: int) -> None:
    for unicode in (True, False):
        lines = draw_plot(DEGENERATE[case], width=width, unicode=unicode)
        assert max(map(len, lines)) <= min(width, 80)
    assert "".join(lines).replace("¥", "").isascii()


@pytest.mark.parametrize(
    ("case", "sentence"),
    [
        ("nothing", "No plot: no size has figures."),
        ("one configuration", "No plot: only one size has figures."),
    ],
)
def test_too_little_to_draw_is_said(case: str, sentence: str) -> None:
    assert draw_plot(DEGENERATE[case]) == (sentence,)


def test_figures_that_cannot_be_are_not_drawn() -> None:
    analysis = recorded()
    broken = [replace(p, duration=replace(p.duration, mean=1e300)) if p.duration else p for p in analysis.profiles]
    assert draw_plot(replace(analysis, profiles=tuple(broken)))[0].startswith("No plot")


def test_a_large_span_is_logarithmic_and_says_so() -> None:
    lines = draw_plot(DEGENERATE["tiny and huge"])
    assert "mean duration (log scale)" in lines[0]
    assert "0.505 ms" in lines[9]
    assert "(log" not in draw_plot(recorded())[0]


def test_every_size_that_has_room_is_named() -> None:
    words = draw_plot(DEGENERATE["many sizes"])[-2].split()
    assert words[0] == "128"
    assert words.count("3008") == words.count("MB") == 2
    assert len(words) > 10
    assert all(word.isdigit() for word in words if word != "MB")


def test_the_recommended_one_may_be_the_present_one() -> None:
    same = make_analysis(
        make_measurement(durations=[10.0, 11.0, 12.0]), make_measurement(memory_mb=1024, durations=[30.0, 31.0, 32.0])
    )
    assert same.recommendation is not None
    assert same.recommendation.configuration == make_configuration(512, Architecture.X86_64)
    lines = draw_plot(same)
    assert lines[-1] == "● x86_64   [ ] recommended and now"
    assert any("[●]" in line for line in lines)
