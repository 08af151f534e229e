"""Durations at sizes that were not measured, estimated from those that were: a distribution over curves."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from powertune.model import Configuration
from powertune.search.adaptive.arrays import Array
from powertune.search.adaptive.staircase import SPACING, WORK_MS, staircase
from powertune.units import MB_PER_VCPU, MEMORY_MAX_MB

#: CPU time at one vCPU as a multiple of the time that a function waits.
_RATIOS = np.concatenate([[0.0], np.logspace(-2, 2.5, 22)])
#: Sizes below which memory itself may be short, and how much that lengthens each halving of memory (in log duration).
_CLIFFS_MB = (256, 512, 1024)
_STEEPNESS = (0.5, 1.0)
_CLIFF_RATIOS = (1.0, 10.0, 100.0)
#: Durations that fall exponentially with memory: by how many times the final duration, and over how many MB.
_DECAYS, _DECAY_MB = (0.5, 2.0, 8.0, 32.0), (150.0, 400.0, 1200.0)
#: Short work with some waiting, as a multiple of the work. The model's scale is right within 10 %.
_STAIRCASE_WAITS, _STAIRCASE_ERROR = (0.0, 0.3), 0.1
#: Prior weights of a single thread, of many threads, of a single one with a cliff, and so on.
_PRIOR = {"one": 0.70, "many": 0.22, "cliff": 0.1, "decay": 0.2, "staircase": 0.1}
#: What the families leave unexplained: standard deviations, among which the data decide, and the distance in log
#: memory over which it is correlated. It is rough, as of functions with steps and bumps, or smooth.
_RESIDUALS = (0.03, 0.10, 0.25)
_ROUGH_REACH, _SMOOTH_REACH = 0.7, 1.0
#: Prior standard deviations. The duration itself is unknown; architectures differ by a factor, and a little in shape.
_ANY = 100.0
_ARCHITECTURE_FACTOR, _ARCHITECTURE_SHAPE = 0.25, 0.04
#: Earlier data may be from another load or version: off by a factor, and a little in shape.
_HINT_FACTOR, _HINT_SHAPE = 1.0, 0.08


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A measured configuration: the log of its mean duration (in ms), and the variance of that.

    `origin` names the source of a figure from before the run; it is empty for what this run has measured.
    """

    configuration: Configuration
    log_ms: float
    variance: float
    origin: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Belief:
    """A mixture of normal distributions over the log durations of candidates.

    There is one for each family and each kind of what families leave unexplained: `weights` has shape (kinds,
    families), `means` (kinds, families, candidates), `covariances` (kinds, candidates, candidates).
    """

    candidates: tuple[Configuration, ...]
    weights: Array
    means: Array
    covariances: Array

    def draw(self, count: int, seed: Sequence[int]) -> Array:
        """Draw `count` curves: log durations, of shape (count, candidates)."""
        generator = np.random.default_rng(seed)
        chosen = generator.choice(self.weights.size, size=count, p=self.weights.ravel())
        kind, family = np.divmod(chosen, self.weights.shape[1])
        noise = generator.standard_normal((count, len(self.candidates)))
        drawn: Array = self.means[kind, family]
        for number, covariance in enumerate(self.covariances):
            root = np.linalg.cholesky(covariance + 1e-8 * np.eye(len(covariance)))
            drawn[kind == number] += noise[kind == number] @ root.T
        return drawn


def believe(seen: Sequence[Seen], candidates: Sequence[Configuration]) -> Belief:
    """Estimate the candidates from the measured configurations.

    Duration is waiting plus work over the share of the CPU, log(1 + ratio x share), with a ceiling of one vCPU for a
    single thread and none for many, or with a penalty below a size at which memory is short; or it falls
    exponentially (as Parrotfish models it); or it is the staircase of short work under the CPU quota. The ratio runs
    over a grid, and the scale is free. What a family does not explain is a Gaussian process in the logarithm of
    memory, which covers curves of other shapes, rising ones included: a rough one (Ornstein-Uhlenbeck kernel) or a
    smooth one (Matern kernel of order 3/2; Rasmussen & Williams, "Gaussian Processes for Machine Learning", 2006,
    section 4.2). Families and kinds of processes are averaged by how probable they make what was seen (Hoeting et
    al., "Bayesian Model Averaging: A Tutorial", Statistical Science 14, 1999). Two architectures share the curve up
    to a factor and a small difference in shape, so measurements of one inform the other. Earlier data do the same,
    with a larger factor.

    Args:
        seen: at least one configuration, each once per origin.
    """
    new = [Seen(configuration=c, log_ms=0.0, variance=0.0) for c in candidates]
    everything = [*seen, *new]
    families = _families(np.array([s.configuration.memory_mb for s in everything], dtype=np.float64))
    prior = _Prior.of(everything)
    parts = [_condition(seen, families, covariance) for covariance in prior.covariances()]
    evidence = np.array([part[0] for part in parts])
    weights = np.exp(evidence - evidence.max())
    return Belief(
        candidates=tuple(candidates),
        weights=weights / weights.sum(),
        means=np.array([part[1] for part in parts]),
        covariances=np.array([part[2] for part in parts]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Families:
    """Log durations of shape (families, sizes), up to a scale, and the log of each family's prior weight.

    `scaled` is 1 for those that know the scale as well.
    """

    shapes: Array
    log_prior: Array
    scaled: Array


def _condition(seen: Sequence[Seen], families: _Families, covariance: Array) -> tuple[Array, Array, Array]:
    """The log evidence of each family, its mean at the candidates, and their covariance.

    Args:
        covariance: the prior one, of what was seen and then of the candidates.
    """
    n = len(seen)
    noise = np.diag([s.variance for s in seen])
    root = np.linalg.cholesky(covariance[:n, :n] + noise + 1e-9 * np.eye(n))
    rest = np.array([s.log_ms for s in seen])[None, :] - families.shapes[:, :n]
    whitened = np.linalg.solve(root, rest.T)
    evidence = -0.5 * (whitened**2).sum(axis=0) - float(np.log(np.diag(root)).sum()) + families.log_prior
    ones = np.linalg.solve(root, np.ones(n))
    offset = ones @ whitened / (ones @ ones)
    evidence -= 0.5 * families.scaled * (offset / _STAIRCASE_ERROR) ** 2
    cross = np.linalg.solve(root, covariance[n:, :n].T)
    means = families.shapes[:, n:] + (cross.T @ whitened).T
    return evidence, means, covariance[n:, n:] - cross.T @ cross


def _families(memory_mb: Array) -> _Families:
    one, many = np.maximum(1.0, MB_PER_VCPU / memory_mb), MB_PER_VCPU / memory_mb
    work, worked, decays = (np.array(ratios)[:, None] for ratios in (_RATIOS, _CLIFF_RATIOS, _DECAYS))
    short_of = np.clip(np.log2(np.array(_CLIFFS_MB)[:, None] / memory_mb), 0, None)
    cliffs = np.array(_STEEPNESS)[:, None, None] * short_of[:, None, None, :]
    exponents = np.exp(-memory_mb / np.array(_DECAY_MB)[:, None])
    shapes: dict[str, Array] = {
        "one": np.log1p(work * one),
        "many": np.log1p(work * many),
        "cliff": (np.log1p(worked * one) + cliffs).reshape(-1, len(memory_mb)),
        "decay": np.log1p(decays[:, None] * exponents).reshape(-1, len(memory_mb)),
    }
    stairs = np.array([staircase(int(size)) for size in memory_mb]).T
    short = np.concatenate([np.log(stairs + wait * WORK_MS[:, None]) for wait in _STAIRCASE_WAITS])
    priors = [np.full(len(items), _PRIOR[name] / len(items)) for name, items in shapes.items()]
    # A family that knows the scale must not become more probable for that alone: the work is its scale.
    known = SPACING / (_STAIRCASE_ERROR * math.sqrt(2 * math.pi))
    priors.append(np.full(len(short), _PRIOR["staircase"] * known / len(_STAIRCASE_WAITS)))
    free = sum(map(len, shapes.values()))
    return _Families(
        shapes=np.concatenate([*shapes.values(), short]),
        log_prior=np.log(np.concatenate(priors)),
        scaled=np.concatenate([np.zeros(free), np.ones(len(short))]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prior:
    """The parts of the prior covariance of log durations, each of shape (configurations, configurations).

    `unexplained` are the kernels of what the families leave unexplained, with a variance of 1; `shared` is what
    configurations of one architecture and of one origin have in common.
    """

    unexplained: tuple[Array, ...]
    shared: Array

    @classmethod
    def of(cls, everything: Sequence[Seen]) -> "_Prior":
        """The parts for these, which do not depend on the scale of what is unexplained."""
        logs = np.log([s.configuration.memory_mb / MEMORY_MAX_MB for s in everything])
        apart = np.abs(logs[:, None] - logs[None, :])
        rough = np.exp(-apart / _ROUGH_REACH)
        far = math.sqrt(3) * apart / _SMOOTH_REACH
        smooth = (1 + far) * np.exp(-far)
        architectures = _same([s.configuration.architecture.value for s in everything])
        origins = _same([s.origin for s in everything])
        shared = _ANY + architectures * (_ARCHITECTURE_FACTOR**2 + _ARCHITECTURE_SHAPE**2 * rough)
        return cls(
            unexplained=(rough, smooth),
            shared=shared + origins * (_HINT_FACTOR**2 + _HINT_SHAPE**2 * rough),
        )

    def covariances(self) -> tuple[Array, ...]:
        """The prior covariance with each kind of what is unexplained, at each scale."""
        return tuple(self.shared + scale**2 * kernel for scale in _RESIDUALS for kernel in self.unexplained)


def _same(keys: Sequence[str]) -> Array:
    """1 where two have the same key, and it is not empty."""
    numbers = {key: number for number, key in enumerate(dict.fromkeys(("", *keys)))}
    numbered = np.array([numbers[key] for key in keys])
    same: Array = ((numbered[:, None] == numbered) & (numbered != 0)[:, None]).astype(np.float64)
    return same
