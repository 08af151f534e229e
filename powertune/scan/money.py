"""What the functions of an account cost in a month, from how they are used and what is configured."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from powertune.figures import SMALLEST
from powertune.model import DAYS_PER_MONTH, Architecture, charges_for_snapshots
from powertune.prices import EPHEMERAL_STORAGE_FREE_MB, ObservabilityPrices, RegionPrices
from powertune.scan.evidence import (
    Compute,
    FunctionEvidence,
    FunctionLogGroup,
    FunctionUsage,
    MonthlyCost,
    PlaceEvidence,
)
from powertune.scan.initialization import init_time
from powertune.tariff import SECONDS_PER_MONTH, average_gb_second
from powertune.units import ROUNDING_MS

#: What is free every month for each payer: requests, and GB-seconds on demand (AWS Lambda pricing page).
FREE_REQUESTS, FREE_GB_SECONDS = 1_000_000, 400_000
#: Logs of these classes are ingested for half the price of the STANDARD class (Amazon CloudWatch pricing page).
_HALF_PRICE_CLASSES = frozenset({"INFREQUENT_ACCESS", "DELIVERY"})
_BYTES_PER_GB = 2**30

_Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Bill:
    """What depends on invocations, per month: arrays over the functions of a place that have prices.

    `numbers` are the positions of these functions. `init` has a row each for expected, low and high. `seconds` are
    those of all invocations, `free` says which functions the free tier is for.
    """

    numbers: tuple[int, ...]
    requests: _Floats
    seconds: _Floats
    gb_seconds: _Floats
    compute: _Floats
    init: _Floats
    ephemeral: _Floats
    free: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Extras:
    """What a function costs beside its invocations on demand, and the names of what has no price."""

    provisioned: float = 0.0
    snapstart: float = 0.0
    log_ingestion: float = 0.0
    log_storage: float = 0.0
    unpriced: tuple[str, ...] = ()


def monthly_costs(evidence: PlaceEvidence) -> tuple[MonthlyCost | None, ...]:
    """What each function costs in 30 days, in order; None where that is not known.

    Not known are the costs of functions without usage or prices, on managed instances, durable ones, and those of
    Lambda@Edge, most of whose metrics are in other regions.

    - Duration: CloudWatch's Duration at the average price over the volume tiers of all functions of this account in
      this region, apart for each architecture, and 0.5 ms per invocation, because each is rounded up to a whole
      millisecond. All invocations are taken to run at the memory size of $LATEST. AWS adds up all accounts of a
      payer, so that a large organization pays less.
    - INIT is estimated: see `initialization.init_time`.
    - Ephemeral storage above 512 MB, for the same duration without INIT.
    - Provisioned concurrency is paid all month, whether used or not, at its own memory size; the duration of its
      invocations has a price of its own, without tiers. They are taken to last as long as the others.
    - SnapStart: the cache of published versions, which is paid while they exist; free for Java.
    - Logs: what was ingested in the window, at the price of the first tier, and what is stored. The `stored_bytes` of
      a log group are already compressed, as they are billed; what is ingested is not. Who shares a log group pays by
      invocations, or equally if there are none.

    Sources: the pricing pages of AWS Lambda and Amazon CloudWatch.
    """
    if evidence.prices is None:
        return (None,) * len(evidence.functions)
    bill = _bill(evidence, evidence.prices)
    costs: list[MonthlyCost | None] = [None] * len(evidence.functions)
    columns = (bill.requests * evidence.prices.request, bill.compute, bill.ephemeral, *bill.init)
    shares = _log_shares(evidence)
    for number, figures in zip(bill.numbers, zip(*(column.tolist() for column in columns), strict=True), strict=True):
        known = evidence.functions[number]
        extras = _extras(known, evidence, evidence.prices, shares[number])
        requests, compute, ephemeral, init, init_low, init_high = figures
        costs[number] = MonthlyCost(
            compute=compute,
            requests=requests,
            init=init,
            init_low=init_low,
            init_high=init_high,
            ephemeral_storage=ephemeral,
            provisioned=extras.provisioned,
            snapstart=extras.snapstart,
            log_ingestion=_written(extras.log_ingestion),
            log_storage=_written(extras.log_storage),
            unpriced=extras.unpriced,
        )
    return tuple(costs)


def free_tier(places: Sequence[PlaceEvidence]) -> float:
    """What the free tier takes off the month of one payer, given all places that it pays for; never negative.

    It is a million requests and 400,000 GB-seconds (INIT included) for all regions and architectures together, taken
    here at the average of what they cost. Functions with provisioned concurrency have none of it, and ephemeral
    storage, SnapStart and logs have no part in it.
    """
    requests = seconds = paid_requests = paid_seconds = 0.0
    for evidence in places:
        if evidence.prices is not None:
            bill = _bill(evidence, evidence.prices)
            requests += float(bill.requests[bill.free].sum())
            seconds += float(bill.gb_seconds[bill.free].sum())
            paid_requests += float(bill.requests[bill.free].sum()) * evidence.prices.request
            paid_seconds += float((bill.compute + bill.init[0])[bill.free].sum())
    return paid_requests * _share(FREE_REQUESTS, requests) + paid_seconds * _share(FREE_GB_SECONDS, seconds)


def _written(amount: float) -> float:
    """An amount, or 0 if it is too small for a document, as the share of many functions in a few bytes is."""
    return amount if amount >= SMALLEST else 0.0


def _share(free: float, used: float) -> float:
    return min(1.0, free / used) if used else 0.0


def _bill(evidence: PlaceEvidence, prices: RegionPrices) -> _Bill:
    used = tuple(_priced(evidence, prices))
    functions = [evidence.functions[number].function for number, _ in used]
    on_demand = [1 - _provisioned_share(evidence.functions[number], usage) for number, usage in used]
    inits = [
        init_time(evidence.functions[number], usage, share)
        for (number, usage), share in zip(used, on_demand, strict=True)
    ]
    scale = _floats(DAYS_PER_MONTH / usage.days for _, usage in used)
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
    return _Bill(
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


def _floats(values: Iterator[float]) -> _Floats:
    return np.fromiter(values, dtype=np.float64)


def _provisioned_share(known: FunctionEvidence, usage: FunctionUsage) -> float:
    """The share of invocations that ran on provisioned concurrency."""
    if not known.provisioned or not usage.invocations:
        return 0.0
    return min(1.0, sum(each.invocations for each in known.provisioned) / usage.invocations)


def _extras(known: FunctionEvidence, evidence: PlaceEvidence, prices: RegionPrices, share: float) -> _Extras:
    provisioned, has_price = _provisioned(known, prices)
    unpriced = [] if has_price else ["provisioned"]
    ingestion = storage = 0.0
    if evidence.log_groups is None:
        unpriced += ["log_ingestion", "log_storage"]
    elif group := evidence.log_groups.get(known.function.log_group):
        observability = prices.observability or ObservabilityPrices()
        ingested, stored = _ingestion(group, observability, evidence.days), _storage(group, observability)
        unpriced += [name for name, cost in (("log_ingestion", ingested), ("log_storage", stored)) if cost is None]
        ingestion, storage = share * (ingested or 0.0), share * (stored or 0.0)
    return _Extras(
        provisioned=provisioned,
        snapstart=_snapstart(known, prices),
        log_ingestion=ingestion,
        log_storage=storage,
        unpriced=tuple(unpriced),
    )


def _provisioned(known: FunctionEvidence, prices: RegionPrices) -> tuple[float, bool]:
    """What provisioned concurrency costs, its invocations included, and whether all of it has a price."""
    if not known.provisioned:
        return 0.0, known.provisioned is not None
    usage = known.usage
    invocations = sum(each.invocations for each in known.provisioned)
    # More invocations than there are would be counted twice: metrics are not of exactly the same minutes.
    counted = min(1.0, usage.invocations / invocations) if usage is not None and invocations else 0.0
    cost = 0.0
    for each in known.provisioned:
        listed = dict(prices.architectures).get(each.architecture)
        configured = None if listed is None else listed.provisioned_concurrency_gb_second
        duration = None if listed is None else listed.provisioned_duration_gb_second
        if configured is None or duration is None:
            return 0.0, False
        cost += each.requested * each.memory_mb / 1024 * configured * SECONDS_PER_MONTH
        if usage is not None and usage.mean_ms is not None:
            seconds = each.invocations * counted * (usage.mean_ms + ROUNDING_MS) / 1000
            cost += seconds * DAYS_PER_MONTH / usage.days * each.memory_mb / 1024 * duration
    return cost, True


def _snapstart(known: FunctionEvidence, prices: RegionPrices) -> float:
    """What the snapshots of published versions cost. Where the region has no price for them, there are none."""
    if prices.snapstart_cache is None or not charges_for_snapshots(known.function.runtime):
        return 0.0
    kept_mb = sum(version.memory_mb for version in known.function.versions if version.snapstart)
    return kept_mb / 1024 * prices.snapstart_cache * SECONDS_PER_MONTH


def _ingestion(group: FunctionLogGroup, prices: ObservabilityPrices, days: float) -> float | None:
    if group.ingested_bytes == 0:
        return 0.0
    if group.ingested_bytes is None or prices.logs_ingest_gb is None or days <= 0:
        return None
    factor = 0.5 if group.log_class in _HALF_PRICE_CLASSES else 1.0
    return group.ingested_bytes / _BYTES_PER_GB * DAYS_PER_MONTH / days * prices.logs_ingest_gb * factor


def _storage(group: FunctionLogGroup, prices: ObservabilityPrices) -> float | None:
    if group.stored_bytes == 0:
        return 0.0
    price = prices.logs_storage_gb_month
    return None if price is None else group.stored_bytes / _BYTES_PER_GB * price


def _log_shares(evidence: PlaceEvidence) -> tuple[float, ...]:
    """The share of each function in the log group that it writes to."""
    calls: dict[str, int] = {}
    members: dict[str, int] = {}
    counts = [0 if known.usage is None else known.usage.invocations for known in evidence.functions]
    groups = [known.function.log_group for known in evidence.functions]
    for name, count in zip(groups, counts, strict=True):
        calls[name] = calls.get(name, 0) + count
        members[name] = members.get(name, 0) + 1
    return tuple(
        count / calls[name] if calls[name] else 1 / members[name] for name, count in zip(groups, counts, strict=True)
    )
