"""What the next test of each candidate is worth: arrays in, arrays out."""

import numpy as np
from numpy.typing import NDArray

from powertune.search.adaptive.arrays import Array

#: How much weight the expected loss near a candidate has, beside the gain of the next test, and how far near is, in
#: the logarithm of memory.
FARSIGHTED, NEIGHBORHOOD = 0.3, 0.25
#: Of a standard normal distribution, for averages over it.
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(15)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


def expected_gains(scores: Array, log_ms: Array, able: NDArray[np.intp], noise: Array | float) -> Array:
    """How much the next test of each candidate is expected to improve the answer at once (the knowledge gradient).

    What is measured there moves the expected scores of all others along with it. The answer is then the best of those
    that can be the answer already, and of this one. See Frazier, Powell & Dayanik, cited at `Adaptive`.

    Args:
        scores: of shape (curves, candidates), the lower the better.
        log_ms: log durations of the same shape.
        able: the candidates that can be the answer already.
        noise: the variance of what the next test of each candidate shows, in log duration; or the same for all.

    Returns:
        Shape (candidates,), in the unit of the scores.
    """
    means = scores.mean(axis=0)
    logs = log_ms - log_ms.mean(axis=0)
    spread = np.sqrt(log_ms.var(axis=0) + noise)
    moves = (logs.T @ (scores - means) / len(logs)) / spread[:, None]
    own = np.arange(len(means))
    after = means[able][None, :, None] + moves[:, able][:, :, None] * _NODES
    itself = means[:, None] + moves[own, own][:, None] * _NODES
    best = np.minimum(after.min(axis=1), itself) @ _WEIGHTS
    gains: Array = means[able].min() - best
    return gains


def information(log_ms: Array, noise: Array | float) -> Array:
    """The share of what is unknown of each candidate that a test would reveal, of shape (candidates,)."""
    spread = log_ms.var(axis=0)
    revealed: Array = spread / (spread + noise)
    return revealed


def losses_near(log_mb: Array, kinds: NDArray[np.str_], scores: Array, losses: Array) -> Array:
    """The share of the expected loss that is due to curves whose best size is at or near each candidate.

    The gain looks one test ahead. The best size may take two: one near it, and one at it.

    Args:
        log_mb: the logarithm of each candidate's memory size.
        kinds: its architecture: only sizes of the same one are near.
        scores: of shape (curves, candidates).
        losses: how much the answer loses on each curve.
    """
    best = scores.argmin(axis=1)
    distance = (log_mb[:, None] - log_mb[best]) / NEIGHBORHOOD
    near = np.exp(-0.5 * distance**2) * (kinds[:, None] == kinds[best])
    shares: Array = (near * losses).mean(axis=1)
    return shares
