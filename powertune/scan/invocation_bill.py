"""What the invocations of all functions of a place are charged for in a month, as arrays: thousands at a time."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from powertune.model import DAYS_PER_MONTH, Architecture
from powertune.region_prices import EPHEMERAL_STORAGE_FREE_MB, RegionPrices
from powertune.scan.evidence import Compute, FunctionEvidence, FunctionUsage, PlaceEvidence
from powertune.scan.initialization import init_time
from powertune.tariff import average_gb_second
from powertune.units import ROUNDING_MS

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class InvocationBill:
    """What depends on invocations, per month: arrays over the functions of a place that have prices.

    `numbers` are the positions of these functions. `init` has a row each for expected, low and high. `seconds` are
    those of all invocations, `free` says which functions the free tier is for.
    """

    numbers: tuple[int, ...]
    requests: Floats
    seconds: Floats
    gb_seconds: Floats
    compute: Floats
    init: Floats
    ephemeral: Floats
    free: NDArray[np.bool_]


def invocation_bill(evidence: PlaceEvidence, prices: RegionPrices) -> InvocationBill:
    """The bill of a place. How it is computed is described at `money.monthly_costs`."""
    used = tuple(_priced(evidence, prices))
    functions = [evidence.functions[number].function for number, _ in used]
    on_demand = [1 - _provisioned_share(evidence.functions[number], usage) for number, usage in used]
    inits = [
        init_time(evidence.functions[number], usage, share)
        for (number, usage), share in zip(used, on_demand, strict=True)
    ]
    scale = _floats(DAYS_PER_MONTH / usage.counted_days for _, usage in used)
    requests = _floats(usage.invocations for _, usage in used) * scale
    seconds = (_floats(usage.duration_sum_ms for _, usage in used) * scale + requests * ROUNDING_MS) / 1000
    memory_gb = _floats(function.memory_mb for function in functions) / 1024
    storage_gb = _floats(
        max(0, function.ephemeral_storage_mb - EPHEMERAL_STORAGE_FREE_MB) / 1024 for function in functions
    )
    init_ms = np.array([(init.expected_ms, init.low_ms, init.high_ms) for init in inits], dtype=np.float64)
    init = memory_gb * init_ms.reshape(-1, 3).T * scale / 1000
    running = memory_gb * seconds * np.array(on_demand)
    gb_seconds = running + init[0]
    gb_second, ephemeral = np.zeros(len(used)), np.zeros(len(used))
    for architecture in Architecture:
        of = np.array([function.architecture is architecture for function in functions], dtype=np.bool_)
        if of.any():
            listed = prices.of(architecture)
            gb_second[of] = average_gb_second(listed.gb_second, float(gb_seconds[of].sum()))
            ephemeral[of] = listed.ephemeral_gb_second
    return InvocationBill(
        numbers=tuple(number for number, _ in used),
        requests=requests,
        seconds=seconds,
        gb_seconds=gb_seconds,
        compute=running * gb_second,
        init=init * gb_second,
        ephemeral=storage_gb * seconds * ephemeral,
        free=np.array([not evidence.functions[number].provisioned for number, _ in used], dtype=np.bool_),
    )


def _priced(evidence: PlaceEvidence, prices: RegionPrices) -> Iterator[tuple[int, FunctionUsage]]:
    """The positions of the functions whose invocations have a price here, and how they are used."""
    architectures = {architecture for architecture, _ in prices.architectures}
    for number, known in enumerate(evidence.functions):
        function, usage = known.function, known.usage
        priced = function.compute is Compute.ON_DEMAND and function.architecture in architectures and not known.edge
        if priced and usage is not None and usage.days > 0:
            yield number, usage


def _floats(values: Iterator[float]) -> Floats:
    return np.fromiter(values, dtype=np.float64)


def _provisioned_share(known: FunctionEvidence, usage: FunctionUsage) -> float:
    """The share of invocations that ran on provisioned concurrency."""
    if not known.provisioned or not usage.invocations:
        return 0.0
    return min(1.0, sum(each.invocations for each in known.provisioned) / usage.invocations)
