"""The 95th percentile of a sample, and how high that of everything else may be."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from powertune.quantiles import NORMAL

#: With fewer values, a p95 is hardly more than the largest of them; reports show none either.
LEAST = 20
_P, _LEVEL = 0.95, 0.95
#: From here on, the normal approximation of the binomial distribution is exact enough.
_LARGE = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleP95:
    """The p95 of `n` values, and a limit that the p95 of what they are a sample of does not exceed, at 95 %."""

    n: int
    p95: float
    upper: float


def sample_p95(values: Sequence[float]) -> SampleP95 | None:
    """The p95 of a sample of positive values, in their unit; None if it is too small.

    The percentile interpolates linearly, as everywhere (see `analysis.summary`). The limit is one-sided, for only its
    upper end matters to an alarm. From 59 values on it is an order statistic, whatever the distribution (Conover,
    Practical Nonparametric Statistics, 3rd ed., section 3.2). With fewer values no order statistic is a limit; it is
    then the tolerance limit of a lognormal distribution (Natrella's approximation: NIST/SEMATECH e-Handbook of
    Statistical Methods, section 7.2.6.3), and never below the largest value.
    """
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    n = int(ordered.size)
    if n < LEAST:
        return None
    rank = _rank(n)
    upper = _tolerance_limit(ordered) if rank is None else float(ordered[rank - 1])
    p95 = float(np.percentile(ordered, 100 * _P))
    return SampleP95(n=n, p95=p95, upper=max(p95, upper))


def _rank(n: int) -> int | None:
    """The least rank, from 1, of a value that is above the percentile at the level; None if not even the last is."""
    if n > _LARGE:
        reach = NORMAL.inv_cdf(_LEVEL) * math.sqrt(n * _P * (1 - _P))
        return min(n, math.ceil(n * _P + reach) + 1)
    # The value of rank r is below the percentile if r values or more are.
    below, rank = 0.0, n + 1
    while below <= 1 - _LEVEL:
        rank -= 1
        below += math.comb(n, rank) * _P**rank * (1 - _P) ** (n - rank)
    return None if rank == n else rank + 1


def _tolerance_limit(ordered: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    logs = np.log(np.maximum(ordered, 1e-3))
    n, z, z_level = logs.size, NORMAL.inv_cdf(_P), NORMAL.inv_cdf(_LEVEL)
    a = 1 - z_level**2 / (2 * (n - 1))
    b = z**2 - z_level**2 / n
    factor = (z + math.sqrt(z**2 - a * b)) / a
    limit = math.exp(float(logs.mean()) + factor * float(logs.std(ddof=1)))
    return max(limit, float(ordered[-1]))
