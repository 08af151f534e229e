"""The noise of unchanged code, and the smallest change that a gate can tell from it at its default limits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from powertune.gate.model import Case
from powertune.prices import PriceTable


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricNoise:
    """How much a metric of unchanged code varies, as coefficients of variation.

    `within` is that of single invocations of one environment, `between` that between environments, and `drift` what
    two measurements of the same code differ by beyond these. `min_effect` is the smallest tolerance, as a share, at
    which unchanged code passes in 95 % of gates with the default limits. `pairs` is how many pairs it rests on.
    """

    metric: str
    within: float
    between: float
    drift: float
    min_effect: float
    pairs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """The noise of each metric that was measured."""

    metrics: tuple[MetricNoise, ...]

    @property
    def min_effect(self) -> Mapping[str, float]:
        """The smallest effect by the metric's name, for `Tolerances`."""
        return {each.metric: each.min_effect for each in self.metrics}


def calibrate(pairs: Sequence[Case], prices: PriceTable) -> Calibration:
    """The noise, from pairs of runs of the same code (A/A): cases whose baseline is the same code as the candidate.

    Raises:
        UsageError: no pair has enough samples.
    """
    raise NotImplementedError


def dump_calibration(calibration: Calibration) -> bytes:
    """The document `powertune/gate-calibration/1`."""
    raise NotImplementedError


def toml_snippet(calibration: Calibration) -> str:
    """The lines for powertune.toml: `[gate]` and `min_effect`."""
    raise NotImplementedError
