"""What a function would cost at other sizes, by what the search believes before it has measured anything."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np

from powertune.model import Architecture, Configuration
from powertune.region_prices import RegionPrices
from powertune.scan.evidence import EvidenceSource, FunctionEvidence, MonthlyCost
from powertune.scan.finding import MonthlySaving
from powertune.search.adaptive.curves import Seen, believe
from powertune.search.adaptive.noise import NOISE
from powertune.search.adaptive.posterior import CURVES
from powertune.search.adaptive.samples import LEAST_MS
from powertune.search.adaptive.staircase import WORK_MS, staircase
from powertune.units import MB_PER_VCPU, ROUNDING_MS

#: The sizes that are considered: those that people use, and some between.
SIZES_MB = (128, 192, 256, 384, 512, 768, 1024, 1536, MB_PER_VCPU, 2048, 3008, 4096, 6144, 8192, 10_240)
#: A size holds the memory that was used with this much room for what was not seen.
HEADROOM = 1.2
#: The seed with which curves are drawn: the same evidence always has the same answer.
_SEED = (0,)
#: The mean of a window of CloudWatch is that of many invocations, but of this window.
_VARIANCE = 0.01**2
#: Durations that differ by less than half of this (in the logarithm) are believed in alike. Only the staircase of
#: short work depends on the scale, and it is known within 0.1.
_GRID = 0.2
#: How far the log of a duration is from a staircase before that is out of the question; and the shortest that counts.
_FAR = 0.6
_NEAREST = float(np.log(WORK_MS[0])) - _FAR
#: The sizes at which the CPU time of an invocation says how long it would take.
_CPU_SIZES_MB = (128, 512, MB_PER_VCPU, 4096)
#: CPU time as a share of what there was, in steps of this.
_CPU_STEP = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedCost:
    """What duration and ephemeral storage cost at a configuration, as a multiple of now: the mean, and a 95 % range.

    `rate` is what a millisecond costs there, also as a multiple of now.
    """

    configuration: Configuration
    ratio: float
    low: float
    high: float
    rate: float = 1.0

    def saving(self, cost: MonthlyCost) -> MonthlySaving:
        """What going there would save of what duration costs on demand.

        If it takes less time there, ephemeral storage costs less as well. That is left out, because it may also be
        saved by having less ephemeral storage. If it takes more time, what the storage costs more is contained.
        """
        return MonthlySaving(
            expected=self._saved(cost, self.ratio), low=self._saved(cost, self.high), high=self._saved(cost, self.low)
        )

    def _saved(self, cost: MonthlyCost, ratio: float) -> float:
        of_storage = cost.ephemeral_storage * (1 - ratio / self.rate)
        return (cost.compute + cost.ephemeral_storage) * (1 - ratio) - max(0.0, of_storage)


#: An earlier figure: its origin, memory size, whether it is of the other architecture, and the log of its duration
#: in ms. The belief treats both architectures alike, so which of them is the current one makes no difference.
_Known = tuple[str, int, bool, float]
_CURRENT_AND_OTHER = tuple(Architecture)


def expect(
    known: FunctionEvidence,
    prices: RegionPrices | None,
    *,
    least_mb: float,
    most_mb: float = math.inf,
    architectures: Sequence[Architecture] = (),
    sizes_mb: tuple[int, ...] = SIZES_MB,
) -> tuple[ExpectedCost, ...]:
    """What the duration is expected to cost at each of `sizes_mb` from `least_mb` to `most_mb`, in order.

    The belief is that of `search.adaptive.curves.believe`, given the mean duration at the current size, and what an
    earlier run measured. If Lambda Insights knows the CPU time of an invocation, that tells waiting from work: the
    work takes as long as the CPU share of a size makes it, and the belief is told the sums at a few sizes, as it is
    told an earlier run. The costs are those of duration and ephemeral storage at the price of the first tier, rounded
    up to whole milliseconds on average. Requests, INIT and provisioned concurrency are not contained.

    Args:
        known: with usage that has invocations; otherwise nothing is expected.
        prices: those of the region. Within one architecture without ephemeral storage they make no difference, so
            they may be None; the other architecture is left out then.
        least_mb: what has to fit, with headroom if there has to be some.
        architectures: the current one if empty.
    """
    function = known.function
    mean_ms = _mean_ms(known)
    if mean_ms is None:
        return ()
    # Rounding adds the same to every duration, so the ratio of billed durations is linear in that of durations.
    rounding = ROUNDING_MS / mean_ms
    now = _rate(function.current, function.ephemeral_storage_mb, prices)
    expected = []
    for architecture in architectures or (function.architecture,):
        sizes = [size for size in sizes_mb if least_mb <= size <= most_mb]
        if not sizes or (architecture is not function.architecture and not _priced(prices, architecture)):
            continue
        other = architecture is not function.architecture
        ratios = _duration_ratios(function.memory_mb, sizes_mb, other, *_key(known, mean_ms))
        for size in sizes:
            configuration = Configuration(memory_mb=size, architecture=architecture)
            rate = _rate(configuration, function.ephemeral_storage_mb, prices) / now / (1 + rounding)
            mean, _, low, high = ratios[size]
            expected.append(
                ExpectedCost(
                    configuration=configuration,
                    ratio=rate * (mean + rounding),
                    low=rate * (low + rounding),
                    high=rate * (high + rounding),
                    rate=rate * (1 + rounding),
                )
            )
    return tuple(expected)


def expect_other_architecture(known: FunctionEvidence, prices: RegionPrices | None) -> ExpectedCost | None:
    """What the duration would cost on the other architecture at the same size; None where that is not known.

    `ratio` is that of the prices at the same duration, unless an earlier run measured the other architecture: then it
    is the median of what is believed. The range is always that of the belief.
    """
    function, mean_ms = known.function, _mean_ms(known)
    other = next(each for each in Architecture if each is not function.architecture)
    if mean_ms is None or not _priced(prices, other) or not _priced(prices, function.architecture):
        return None
    size = function.memory_mb
    log_ms, hints = _key(known, mean_ms)
    measured = any(there for _, _, there, _ in hints)
    # At the same size, nothing but measurements of it tells the belief about the other architecture.
    evidence = (log_ms, hints) if measured else (_furthest(size), ())
    _, median, low, high = _duration_ratios(size, (size,), True, *evidence)[size]
    there = Configuration(memory_mb=size, architecture=other)
    storage_mb = function.ephemeral_storage_mb
    rate = _rate(there, storage_mb, prices) / _rate(function.current, storage_mb, prices)
    return ExpectedCost(
        configuration=there,
        ratio=rate * median if measured else rate,
        low=rate * low,
        high=rate * high,
        rate=rate,
    )


def cheapest(expected: Sequence[ExpectedCost]) -> ExpectedCost | None:
    """The configuration with the lowest expected cost, the smallest of several; None without any."""
    return min(expected, key=lambda each: (each.ratio, each.configuration), default=None)


def cpu_share(known: FunctionEvidence) -> float | None:
    """The CPU time of an invocation as a share of what its memory size gives it; None where it is not known."""
    cpu_ms = None if known.environment is None else known.environment.cpu_ms
    mean_ms = _mean_ms(known)
    if cpu_ms is None or mean_ms is None:
        return None
    return cpu_ms / (mean_ms * known.function.memory_mb / MB_PER_VCPU)


def _mean_ms(known: FunctionEvidence) -> float | None:
    mean_ms = None if known.usage is None else known.usage.mean_ms
    return None if mean_ms is None else max(mean_ms, LEAST_MS)


def _priced(prices: RegionPrices | None, architecture: Architecture) -> bool:
    return prices is not None and any(architecture is each for each, _ in prices.architectures)


def _rate(configuration: Configuration, ephemeral_storage_mb: int, prices: RegionPrices | None) -> float:
    """What a millisecond costs; without prices, a figure that is proportional to the memory size."""
    if prices is None or not _priced(prices, configuration.architecture):
        return float(configuration.memory_mb)
    return prices.rate_per_ms(configuration, ephemeral_storage_mb)


def _key(known: FunctionEvidence, mean_ms: float) -> tuple[float, tuple[_Known, ...]]:
    """What the belief depends on, as coarse as it may be: the log of the mean duration, and what else is known.

    Only the staircase depends on the scale. Beyond some durations it is out of the question, and it is left out if
    the CPU time is known, which says more than a guess of how much of the duration is work.
    """
    function, log_ms = known.function, round(math.log(mean_ms) / _GRID) * _GRID
    if known.tuned is None:
        longest = _furthest(function.memory_mb)
        log_ms = longest if cpu_share(known) is not None else min(max(log_ms, _NEAREST), longest)
        return log_ms, _by_cpu(known, log_ms)
    earlier = (
        (c.memory_mb, c.architecture is not function.architecture, math.log(max(ms, LEAST_MS)))
        for c, ms in known.tuned.durations_ms
    )
    return log_ms, (*_by_cpu(known, log_ms), *((EvidenceSource.RESULTS_FILE.value, *figures) for figures in earlier))


@cache
def _furthest(memory_mb: int) -> float:
    return float(np.log(staircase(memory_mb)[-1])) + _FAR


def _by_cpu(known: FunctionEvidence, log_ms: float) -> tuple[_Known, ...]:
    """How long an invocation would take at a few sizes if all but its CPU time is waiting, and stays the same."""
    share = cpu_share(known)
    if share is None:
        return ()
    vcpus = known.function.memory_mb / MB_PER_VCPU
    # More CPU time than a single thread could have had is that of several threads, which use all that there is.
    most = math.inf if share * vcpus > 1 + _CPU_STEP else 1.0
    here = min(most, vcpus)
    working = min(1.0, round(share * vcpus / here / _CPU_STEP) * _CPU_STEP)
    figures = []
    for size in _CPU_SIZES_MB:
        longer = 1 - working + working * here / min(most, size / MB_PER_VCPU)
        figures.append((EvidenceSource.LAMBDA_INSIGHTS.value, size, False, log_ms + math.log(longer)))
    return tuple(figures)


@lru_cache(maxsize=8_192)
def _duration_ratios(
    memory_mb: int, sizes: tuple[int, ...], other: bool, log_ms: float, hints: tuple[_Known, ...]
) -> Mapping[int, tuple[float, float, float, float]]:
    """Durations at these sizes as multiples of the one at `memory_mb`: their mean, median, and 95 % range.

    `other` says that the sizes are those of the other architecture. The mapping is shared: nobody changes it.
    """
    current = _configuration(memory_mb, other=False)
    here = Seen(configuration=current, log_ms=log_ms, variance=_VARIANCE)
    earlier = [
        Seen(configuration=_configuration(size, other=there), log_ms=ms, variance=NOISE**2, origin=origin)
        for origin, size, there, ms in hints
    ]
    candidates = [_configuration(size, other=other) for size in sizes]
    candidates += [] if current in candidates else [current]
    drawn = believe([here, *earlier], candidates).draw(CURVES, _SEED)
    ratios = np.exp(drawn - drawn[:, [candidates.index(current)]])
    figures = np.vstack([ratios.mean(axis=0), np.quantile(ratios, (0.5, 0.025, 0.975), axis=0)])
    return dict(zip(sizes, map(tuple, figures.T.tolist()), strict=False))


def _configuration(memory_mb: int, *, other: bool) -> Configuration:
    return Configuration(memory_mb=memory_mb, architecture=_CURRENT_AND_OTHER[other])
