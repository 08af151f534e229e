"""Duration and cost against memory, drawn with characters."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from powertune.analysis import Analysis, Profile, ProfileStatus
from powertune.model import Architecture, Configuration
from powertune.units import PER_MILLION, format_ms, format_usd

_ROWS = 9
_GAP = 2
#: Two panels stand side by side from this width on, and are never wider than that.
_NARROW = 66
_WIDEST = 78
#: Beyond this ratio a linear axis would press all but the largest values onto its foot.
_LARGEST_LINEAR = 40
#: More milliseconds than an invocation lasts, and more than a million of them cost: the labels stay short.
_LARGEST = 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class _Characters:
    """What a plot is drawn with; `both` stands where two architectures meet."""

    marks: Mapping[Architecture, str]
    both: str
    wall: str
    notch: str
    corner: str
    floor: str
    tick: str


_UNICODE = _Characters(
    marks={Architecture.X86_64: "●", Architecture.ARM64: "▲"},
    both="◆",
    wall="│",
    notch="┤",
    corner="└",
    floor="─",
    tick="┴",
)
_ASCII = _Characters(
    marks={Architecture.X86_64: "x", Architecture.ARM64: "a"},
    both="*",
    wall="|",
    notch="+",
    corner="+",
    floor="-",
    tick="+",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Panel:
    """One quantity of every configuration: its axis is labelled with the values written out by `written`."""

    title: str
    points: tuple[tuple[Configuration, float], ...]
    labels: tuple[str, str, str]
    logarithmic: bool

    @property
    def heights(self) -> Iterator[tuple[Configuration, int]]:
        """Each configuration with its row, counted from the top."""
        values = [value for _, value in self.points]
        low, high = (_log_bounds(values)) if self.logarithmic else (0.0, max(values))
        for configuration, value in self.points:
            at = math.log10(value) if self.logarithmic else value
            share = (at - low) / (high - low) if high > low else 0.0
            yield configuration, round((1 - share) * (_ROWS - 1))


def draw_plot(analysis: Analysis, *, width: int = _WIDEST, unicode: bool = True) -> tuple[str, ...]:
    """Mean duration and mean cost of every judged configuration against its memory size, on a log2 scale.

    Lines of at most `width` columns, which is at least 40. Both axes begin at zero, unless the values span so much
    that they are drawn on a logarithmic scale, which the title then says. Below two judged configurations, a sentence
    says so instead.
    """
    profiles = [p for p in analysis.profiles if _drawable(p)]
    if len(profiles) < 2:
        return (f"No plot: {'only one size' if profiles else 'no size'} has figures.",)
    characters = _UNICODE if unicode else _ASCII
    panels = _panels(analysis, profiles)
    if width < _NARROW:
        drawn = [line for panel in panels for line in _draw(analysis, panel, width, characters)]
    else:
        half = (min(width, _WIDEST) - _GAP) // 2
        left, right = (_draw(analysis, panel, half, characters) for panel in panels)
        drawn = [f"{one:<{half + _GAP}}{other}" for one, other in zip(left, right, strict=True)]
    return (*(line.rstrip() for line in drawn), *_legend(analysis, profiles, characters, width))


def _drawable(profile: Profile) -> bool:
    duration, cost = profile.duration, profile.cost
    if profile.status is not ProfileStatus.OK or duration is None or cost is None:
        return False
    return 0 <= duration.mean < _LARGEST and 0 <= cost.mean * PER_MILLION < _LARGEST


def _panels(analysis: Analysis, profiles: list[Profile]) -> tuple[_Panel, _Panel]:
    durations = [(p.configuration, p.duration.mean) for p in profiles if p.duration is not None]
    costs = [(p.configuration, p.cost.mean * PER_MILLION) for p in profiles if p.cost is not None]
    return (
        _panel("mean duration", durations, [format_ms(value) for value in _scale(durations)]),
        _panel("cost per million", costs, [format_usd(value, analysis.currency) for value in _scale(costs)]),
    )


def _panel(title: str, points: list[tuple[Configuration, float]], labels: list[str]) -> _Panel:
    logarithmic = _is_logarithmic([value for _, value in points])
    # Where everything is zero, the axis has no extent.
    top, middle, bottom = labels if max(value for _, value in points) > 0 else ("", "", labels[-1])
    return _Panel(
        title=f"{title} (log scale)" if logarithmic else title,
        points=tuple(points),
        labels=(top, middle, bottom),
        logarithmic=logarithmic,
    )


def _is_logarithmic(values: list[float]) -> bool:
    return min(values) > 0 and max(values) > _LARGEST_LINEAR * min(values)


def _log_bounds(values: list[float]) -> tuple[float, float]:
    return math.log10(min(values)), math.log10(max(values))


def _scale(points: list[tuple[Configuration, float]]) -> tuple[float, float, float]:
    """The values at the top, in the middle and at the foot of an axis."""
    values = [value for _, value in points]
    if _is_logarithmic(values):
        return max(values), math.sqrt(max(values)) * math.sqrt(min(values)), min(values)
    return max(values), max(values) / 2, 0.0


def _draw(analysis: Analysis, panel: _Panel, width: int, characters: _Characters) -> list[str]:
    """The title, the rows, the floor and the memory sizes."""
    margin = max(map(len, panel.labels)) + 1
    columns = _columns([configuration for configuration, _ in panel.points], width - margin - 3)
    canvas = [[" "] * (width - margin - 1) for _ in range(_ROWS)]
    for configuration, row in panel.heights:
        column = columns[configuration.memory_mb]
        mark = characters.marks[configuration.architecture]
        canvas[row][column] = mark if canvas[row][column] in (" ", mark) else characters.both
    # Brackets give way to marks, but the recommendation's do not to those of the present configuration.
    for wanted, brackets in ((analysis.current, "()"), (_recommended(analysis), "[]")):
        for configuration, row in panel.heights:
            if configuration == wanted:
                _embrace(canvas[row], columns[configuration.memory_mb], brackets)
    labels = dict(zip((0, _ROWS // 2, _ROWS - 1), panel.labels, strict=True))
    lines = [" " * min(margin, width - len(panel.title)) + panel.title]
    for row, cells in enumerate(canvas):
        edge = characters.notch if row in labels else characters.wall
        lines.append(f"{labels.get(row, ''):>{margin - 1}} {edge}{''.join(cells)}")
    return [*lines, *_floor(columns, margin, width, characters)]


def _columns(configurations: list[Configuration], room: int) -> dict[int, int]:
    """Where each memory size stands, by its logarithm; one column is free on either side."""
    sizes = sorted({configuration.memory_mb for configuration in configurations})
    low, high = math.log2(max(1, sizes[0])), math.log2(max(1, sizes[-1]))
    if high == low:
        return dict.fromkeys(sizes, 1 + room // 2)
    return {size: 1 + round((math.log2(max(1, size)) - low) / (high - low) * (room - 1)) for size in sizes}


def _embrace(cells: list[str], column: int, brackets: str) -> None:
    for side, bracket in zip((column - 1, column + 1), brackets, strict=True):
        if cells[side] in " ()":
            cells[side] = bracket


def _recommended(analysis: Analysis) -> Configuration | None:
    return None if analysis.recommendation is None else analysis.recommendation.configuration


def _floor(columns: dict[int, int], margin: int, width: int, characters: _Characters) -> list[str]:
    """The horizontal axis, and below it as many of the memory sizes as there is room for: the outermost first."""
    ticks = set(columns.values())
    length = width - margin - 1
    floor = "".join(characters.tick if column in ticks else characters.floor for column in range(length))
    line = [" "] * width
    sizes = sorted(columns)
    for size in dict.fromkeys((sizes[-1], *sizes)):
        text = f"{size} MB" if size == sizes[-1] else str(size)
        start = min(margin + 1 + columns[size] - len(str(size)) // 2, width - len(text))
        if set(line[start - 1 : start + len(text) + 1]) == {" "}:
            line[start : start + len(text)] = text
    return [f"{'':{margin}}{characters.corner}{floor}", "".join(line)]


def _legend(analysis: Analysis, profiles: list[Profile], characters: _Characters, width: int) -> list[str]:
    """What the marks and brackets mean."""
    drawn = [profile.configuration for profile in profiles]
    architectures = {configuration.architecture for configuration in drawn}
    entries = [f"{mark} {name}" for name, mark in characters.marks.items() if name in architectures]
    if len(architectures) > 1:
        entries.append(f"{characters.both} both")
    recommended = _recommended(analysis)
    if recommended in drawn:
        entries.append("[ ] recommended" + (" and now" if recommended == analysis.current else ""))
    if analysis.current in drawn and recommended != analysis.current:
        entries.append("( ) now")
    line = "   ".join(entries)
    return [line] if len(line) <= width else entries
