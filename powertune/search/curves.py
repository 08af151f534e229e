"""What is believed of durations at sizes that were not measured, from those that were: a curve with a band."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from powertune.model import Configuration
from powertune.units import MB_PER_VCPU, MEMORY_MAX_MB

Array = NDArray[np.float64]

#: How much work there is for the processor at one vCPU, as a multiple of the time that a function waits.
_RATIOS = np.concatenate([[0.0], np.logspace(-2, 2.5, 22)])
#: Sizes below which memory itself may be short, and how much that lengthens each halving of memory (in log duration).
_CLIFFS_MB = (256, 512, 1024)
_STEEPNESS = (0.5, 1.0)
_CLIFF_RATIOS = (1.0, 10.0, 100.0)
#: Prior weights of a single thread, of many threads, and of a single one with a cliff.
_PRIOR = {"one": 0.75, "many": 0.25, "cliff": 0.1}
#: What the families leave unexplained: standard deviations, for the data to choose from; alike over a factor of two.
_RESIDUALS = (0.03, 0.10, 0.25)
_REACH = 0.7
#: The duration itself may be anything; architectures differ by a factor, and a little in shape.
_ANY = 100.0
_ARCHITECTURE_FACTOR, _ARCHITECTURE_SHAPE = 0.25, 0.04


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A measured configuration: the log of its mean duration (in ms), and the variance of that."""

    configuration: Configuration
    log_ms: float
    variance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Belief:
    """A mixture of normal distributions over the log durations of candidates.

    There is one for each family and each scale of what families leave unexplained: `weights` has shape (scales,
    families), `means` (scales, families, candidates), `covariances` (scales, candidates, candidates).
    """

    candidates: tuple[Configuration, ...]
    weights: Array
    means: Array
    covariances: Array

    def draw(self, count: int, seed: Sequence[int]) -> Array:
        """So many curves that may be the true one: log durations, of shape (count, candidates)."""
        generator = np.random.default_rng(seed)
        chosen = generator.choice(self.weights.size, size=count, p=self.weights.ravel())
        scale, family = np.divmod(chosen, self.weights.shape[1])
        size = len(self.candidates)
        roots = np.linalg.cholesky(self.covariances + 1e-8 * np.eye(size))
        noise = generator.standard_normal((count, size))
        drawn: Array = self.means[scale, family] + np.einsum("sij,sj->si", roots[scale], noise)
        return drawn


def believe(seen: Sequence[Seen], candidates: Sequence[Configuration]) -> Belief:
    """What the measured configurations say of the candidates.

    Duration is waiting plus work over the share of the CPU, log(1 + ratio x share), with a ceiling of one vCPU for a
    single thread and none for many, or with a penalty below a size at which memory is short; the ratio runs over a
    grid, and the scale is free. What a family leaves over is a Gaussian process in the logarithm of memory (Ornstein-
    Uhlenbeck kernel), the safety net for curves of another shape. Families are averaged by how probable they make
    what was seen (Hoeting et al., "Bayesian Model Averaging: A Tutorial", Statistical Science 14, 1999). Two
    architectures share the curve up to a factor and a small difference in shape, so what is learnt of one carries
    over.

    Args:
        seen: at least one configuration, each once.
    """
    measured = [s.configuration for s in seen]
    shapes, log_prior = _families(np.array([c.memory_mb for c in (*measured, *candidates)], dtype=np.float64))
    parts = [_condition(seen, candidates, shapes, log_prior, scale) for scale in _RESIDUALS]
    evidence = np.array([part[0] for part in parts])
    weights = np.exp(evidence - evidence.max())
    return Belief(
        candidates=tuple(candidates),
        weights=weights / weights.sum(),
        means=np.array([part[1] for part in parts]),
        covariances=np.array([part[2] for part in parts]),
    )


def _condition(
    seen: Sequence[Seen], candidates: Sequence[Configuration], shapes: Array, log_prior: Array, scale: float
) -> tuple[Array, Array, Array]:
    """The log evidence of each family, its mean at the candidates, and their covariance, at one residual scale."""
    measured = [s.configuration for s in seen]
    n = len(measured)
    noise = np.diag([s.variance for s in seen])
    root = np.linalg.cholesky(_kernel(measured, measured, scale) + noise + 1e-9 * np.eye(n))
    rest = np.array([s.log_ms for s in seen])[None, :] - shapes[:, :n]
    whitened = np.linalg.solve(root, rest.T)
    evidence = -0.5 * (whitened**2).sum(axis=0) - float(np.log(np.diag(root)).sum()) + log_prior
    cross = np.linalg.solve(root, _kernel(candidates, measured, scale).T)
    means = shapes[:, n:] + (cross.T @ whitened).T
    return evidence, means, _kernel(candidates, candidates, scale) - cross.T @ cross


def _families(memory_mb: Array) -> tuple[Array, Array]:
    """The log duration of each family at each size, but for a scale; and the log of each family's prior weight."""
    one, many = np.maximum(1.0, MB_PER_VCPU / memory_mb), MB_PER_VCPU / memory_mb
    shapes = [np.log1p(ratio * share) for share in (one, many) for ratio in _RATIOS]
    prior = [_PRIOR[name] / len(_RATIOS) for name in ("one", "many") for _ in _RATIOS]
    for cliff in _CLIFFS_MB:
        short = np.clip(np.log2(cliff / memory_mb), 0, None)
        for steepness in _STEEPNESS:
            for ratio in _CLIFF_RATIOS:
                shapes.append(np.log1p(ratio * one) + steepness * short)
                prior.append(_PRIOR["cliff"] / (len(_CLIFFS_MB) * len(_STEEPNESS) * len(_CLIFF_RATIOS)))
    return np.array(shapes), np.log(np.array(prior))


def _kernel(left: Sequence[Configuration], right: Sequence[Configuration], scale: float) -> Array:
    """The prior covariance of log durations: scale, residual, and what architectures do not share."""
    rows, columns = (np.log([c.memory_mb / MEMORY_MAX_MB for c in side]) for side in (left, right))
    near = np.exp(-np.abs(rows[:, None] - columns[None, :]) / _REACH)
    same = np.array([[a.architecture is b.architecture for b in right] for a in left], dtype=np.float64)
    own = _ARCHITECTURE_FACTOR**2 + _ARCHITECTURE_SHAPE**2 * near
    kernel: Array = _ANY + scale**2 * near + same * own
    return kernel
