"""The address at which the visualizer of AWS Lambda Power Tuning draws the same figures: nothing but a link leaves.

The page reads everything from the part after the `#`, which a browser does not send. Format: README of
alexcasalboni/aws-lambda-power-tuning, and its utils.js.
"""

import struct
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import quote

from powertune.analysis import Analysis, Profile, ProfileStatus
from powertune.model import Architecture, Configuration
from powertune.units import printable

_PAGE = "https://lambda-power-tuning.show/"
#: What its 16-bit integers and 32-bit floating-point numbers hold.
_LARGEST_SIZE = 2**15 - 1
_LARGEST_NUMBER = 3e38


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What the page draws of one configuration: a duration (ms), and a cost (per invocation)."""

    configuration: Configuration
    duration_ms: float
    cost: float

    @property
    def fits(self) -> bool:
        """Whether the page's numbers can hold them."""
        figures_fit = all(abs(value) < _LARGEST_NUMBER for value in (self.duration_ms, self.cost))
        return self.configuration.memory_mb <= _LARGEST_SIZE and figures_fit


@dataclass(frozen=True, slots=True, kw_only=True)
class VisualizerChart:
    """A line of durations (ms) and one of costs (per invocation), over ascending memory sizes (MB)."""

    name: str
    sizes: tuple[int, ...]
    durations: tuple[float, ...]
    costs: tuple[float, ...]

    @property
    def parts(self) -> tuple[str, str, str]:
        """Sizes, durations and costs in Base64, little-endian."""
        count = len(self.sizes)
        packed = (
            struct.pack(f"<{count}h", *self.sizes),
            struct.pack(f"<{count}f", *self.durations),
            struct.pack(f"<{count}f", *self.costs),
        )
        sizes, durations, costs = (b64encode(data).decode() for data in packed)
        return sizes, durations, costs


def render_visualizer(analysis: Analysis) -> bytes:
    """The address on one line; a comment where there is nothing to draw."""
    return f"{visualizer_url(analysis) or '# no configuration has figures'}\n".encode()


def visualizer_url(analysis: Analysis) -> str | None:
    """The chart of one architecture, or the comparison of two; None where no configuration has figures.

    Mean duration and mean cost of a warm invocation on demand, as the tool itself gives them.
    """
    return _address(list(_by_architecture(analysis).values()), analysis.currency)


def compare_url(baseline: Analysis, candidate: Analysis) -> str | None:
    """The comparison of two runs, each by one architecture: the recommended one, else the present one.

    None where either has no figures.
    """
    one, other = (_by_architecture(side).get(_wanted(side)) for side in (baseline, candidate))
    if one is None or other is None:
        return None
    if one.name == other.name:
        one = replace(one, name=f"{one.name} {baseline.run.run_id}")
        other = replace(other, name=f"{other.name} {candidate.run.run_id}")
    return _address([one, other], baseline.currency)


def _wanted(analysis: Analysis) -> Architecture:
    chosen = analysis.current if analysis.recommendation is None else analysis.recommendation.configuration
    return chosen.architecture


def figures_url(name: str, figures: Iterable[Figures], currency: str) -> str | None:
    """The chart of these figures of a function, or the comparison of two architectures; None where nothing fits."""
    return _address(list(_charts(name, figures).values()), currency)


def _by_architecture(analysis: Analysis) -> dict[Architecture, VisualizerChart]:
    """What can be drawn of each architecture that has anything, x86_64 first."""
    return _charts(analysis.function.name, map(_warm, filter(_has_figures, analysis.profiles)))


def _has_figures(profile: Profile) -> bool:
    return profile.status is ProfileStatus.OK and profile.duration is not None and profile.cost is not None


def _warm(profile: Profile) -> Figures:
    assert profile.duration is not None
    assert profile.cost is not None
    return Figures(configuration=profile.configuration, duration_ms=profile.duration.mean, cost=profile.cost.warm)


def _charts(name: str, figures: Iterable[Figures]) -> dict[Architecture, VisualizerChart]:
    fitting = sorted((each for each in figures if each.fits), key=lambda each: each.configuration)
    charts = {}
    for architecture in Architecture:
        drawn = [each for each in fitting if each.configuration.architecture is architecture]
        if drawn:
            charts[architecture] = VisualizerChart(
                name=f"{name} {architecture}",
                sizes=tuple(each.configuration.memory_mb for each in drawn),
                durations=tuple(each.duration_ms for each in drawn),
                costs=tuple(each.cost for each in drawn),
            )
    return charts


def _address(charts: list[VisualizerChart], currency: str) -> str | None:
    if not charts:
        return None
    parts = [part for chart in charts for part in chart.parts]
    if len(charts) > 1:
        parts += [quote(printable(chart.name), safe="") for chart in charts]
    query = "?currency=CNY" if currency == "CNY" else ""
    return f"{_PAGE}{query}#{';'.join(parts)}"
