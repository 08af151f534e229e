"""What is drawn of a sample: its quantiles from all values, and a few of the values."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from powertune.analysis import Analysis
from powertune.model import Configuration

#: The most points that are drawn, over all configurations: more take longer to draw and show no more.
_MOST_POINTS = 2_400
_MOST_POINTS_EACH = 80
_QUANTILES = (5, 25, 50, 75, 95)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """The judged durations of a configuration, in ms. `quantiles` are the 5th, 25th, 50th, 75th and 95th percentile.

    `points` are some of the values, ascending.
    """

    quantiles: tuple[float, ...]
    points: tuple[float, ...]


def spread(analysis: Analysis, configuration: Configuration, *, configurations: int) -> Spread | None:
    """How the judged durations of one configuration are spread; None where there is none above 0."""
    measurement = analysis.run.measurement(configuration)
    if measurement is None:
        return None
    judged, invocations = analysis.run.design.judged, measurement.invocations
    durations, billed = invocations.whole_ms(judged), invocations.select(judged, "billed_ms")
    # As in the analysis, an invocation counts when both are known; a logarithmic axis has no 0.
    pairs = ((ms, paid) for ms, paid in zip(durations, billed, strict=True) if ms is not None)
    known = [ms for ms, paid in pairs if paid is not None and 0 < ms < math.inf]
    sample = np.sort(np.array(known, dtype=np.float64))
    if not sample.size:
        return None
    most = min(_MOST_POINTS_EACH, max(20, _MOST_POINTS // configurations))
    return Spread(
        quantiles=tuple(float(f"{value:.4g}") for value in np.percentile(sample, _QUANTILES)),
        points=tuple(float(f"{value:.4g}") for value in thinned(sample.tolist(), most)),
    )


def thinned(ascending: Sequence[float], most: int) -> list[float]:
    """At most `most` of the values, evenly spaced by rank: the shape stays, and so do both ends."""
    if len(ascending) <= most:
        return list(ascending)
    step = (len(ascending) - 1) / (most - 1)
    return [ascending[round(step * index)] for index in range(most)]
