"""The distribution of warm durations, a strip per configuration."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from powertune.analysis import Analysis, Profile, ProfileStatus
from powertune.report.charts.points import mark_roles
from powertune.report.charts.rows import Rows, name_rows, rows_of, say_after_row, say_in_row
from powertune.report.charts.scales import apply_scale, milliseconds, plain, say, scale_for, segments
from powertune.report.palette import ARCHITECTURES, INK, Style

_NOTE = "box: middle half, bar: median, line: 5 % to 95 %; dots: "
#: How many invocations are drawn in all, and of one configuration: always its extremes, and of those between them
#: an even selection. What is computed, is computed from all of them.
_DOTS = 2_400
_MOST, _LEAST = 150, 24
#: How many of the lowest and of the highest are always drawn.
_EXTREMES = 8
#: The golden ratio: multiples of it spread evenly between whole numbers, without a random number (Weyl, 1916).
_GOLDEN = 0.6180339887498949
Sample = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Strip:
    """A row with a sample in ascending order."""

    row: int
    sample: Sample
    style: Style


def draw_distributions(axes: Axes, analysis: Analysis) -> None:
    """A strip for each configuration with a judgement, and the reason for each without."""
    rows = rows_of(analysis)
    samples = [_sample(analysis, profile) for profile in rows.profiles]
    most = max(_LEAST, min(_MOST, _DOTS // max(len(samples), 1)))
    all_of_them = all(sample.size <= most for sample in samples)
    dots = "the invocations" if all_of_them else "some of the invocations, with all extremes"
    plain(axes, f"Distribution of {analysis.run.design.judged} durations", _NOTE + dots)
    if not samples:
        say(axes, "Nothing was measured.")
        return
    if any(sample.size for sample in samples):
        axes.set_xlabel("duration, ms", color=INK)
    name_rows(axes, analysis, rows)
    edges = [float(edge) for sample in samples if sample.size for edge in (sample[0], np.median(sample), sample[-1])]
    apply_scale(axes, "x", scale_for(edges, room=0.04), milliseconds)
    strips = [
        _Strip(row, sample, ARCHITECTURES[profile.configuration.architecture])
        for row, (profile, sample) in enumerate(zip(rows.profiles, samples, strict=True))
        if sample.size
    ]
    _draw_boxes(axes, rows, strips)
    for style in ARCHITECTURES.values():
        _draw_dots(axes, rows, style, [strip for strip in strips if strip.style is style], most)
    for strip in strips:
        configuration = rows.profiles[strip.row].configuration
        mark_roles(axes, analysis, configuration, float(np.median(strip.sample)), strip.row, size=rows.mark_size)
        say_after_row(axes, rows, strip.row, f"n = {strip.sample.size:,}")
    for row, (profile, sample) in enumerate(zip(rows.profiles, samples, strict=True)):
        if not sample.size:
            say_in_row(axes, rows, row, profile.reason or "no invocation can be used")


def _sample(analysis: Analysis, profile: Profile) -> Sample:
    """The judged durations of a configuration, ascending; empty where they are no basis for a judgement."""
    measurement = analysis.run.measurement(profile.configuration)
    if measurement is None or profile.status is not ProfileStatus.OK:
        return np.empty(0)
    durations = measurement.invocations.whole_ms(analysis.run.design.judged)
    known = [value for value in durations if value is not None]
    sample = np.sort(np.asarray(known, dtype=np.float64))
    return sample[np.isfinite(sample)]


def _draw_boxes(axes: Axes, rows: Rows, strips: Sequence[_Strip]) -> None:
    places = [strip.row for strip in strips]
    if not places:
        return
    colors = [strip.style.color for strip in strips]
    quantiles = np.array([np.percentile(strip.sample, (5, 25, 50, 75, 95)) for strip in strips])
    low, first, median, third, high = quantiles.T
    segments(axes, zip(low, places, high, places, strict=True), colors, width=1.2, layer=3)
    pale = [strip.style.pale for strip in strips]
    look: dict[str, Any] = {"height": rows.thickness, "color": pale, "edgecolor": colors, "linewidth": 0.8}
    axes.barh(places, third - first, left=first, **look)
    half = 0.58 * rows.thickness
    bars = ((middle, row - half, middle, row + half) for middle, row in zip(median, places, strict=True))
    segments(axes, bars, INK, width=1.8, layer=5)


def _draw_dots(axes: Axes, rows: Rows, style: Style, strips: Sequence[_Strip], most: int) -> None:
    across: list[Sample] = []
    down: list[Sample] = []
    for strip in strips:
        dots = strip.sample[drawn(strip.sample.size, most)]
        spread = (np.arange(dots.size) * _GOLDEN) % 1.0 - 0.5
        across.append(dots)
        down.append(np.asarray(strip.row + 0.8 * rows.thickness * spread, dtype=np.float64))
    if strips:
        look: dict[str, Any] = {
            "linestyle": "none",
            "marker": style.marker,
            "markersize": 2.3,
            "markeredgecolor": "none",
        }
        axes.plot(np.concatenate(across), np.concatenate(down), color=style.color, alpha=0.5, zorder=4, **look)


def drawn(count: int, most: int) -> Sequence[int]:
    """Which of `count` values in ascending order are drawn: all, or the extremes and an even choice of the rest."""
    if count <= most:
        return range(count)
    inner = np.linspace(_EXTREMES, count - 1 - _EXTREMES, most - 2 * _EXTREMES)
    return [*range(_EXTREMES), *(round(float(place)) for place in inner), *range(count - _EXTREMES, count)]
