"""What the functions of an account cost in a month, from how they are used and what is configured."""

from dataclasses import dataclass, fields, replace
from typing import Any

from powertune.figures import readable
from powertune.model import DAYS_PER_MONTH, charges_for_snapshots
from powertune.region_prices import ObservabilityPrices, RegionPrices
from powertune.scan.evidence import FunctionEvidence, FunctionLogGroup, MonthlyCost, PlaceEvidence
from powertune.scan.invocation_bill import invocation_bill
from powertune.tariff import SECONDS_PER_MONTH
from powertune.units import ROUNDING_MS

#: Logs of these classes are ingested for half the price of the STANDARD class (Amazon CloudWatch pricing page).
_HALF_PRICE_CLASSES = frozenset({"INFREQUENT_ACCESS", "DELIVERY"})
_BYTES_PER_GB = 2**30
_PARTS = tuple(f.name for f in fields(MonthlyCost) if f.type is float)


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
      millisecond. All invocations are taken to run at the memory size that $LATEST has now, so that this is an
      estimate if it was changed in the window. AWS adds up all accounts of a payer, so that a large organization pays
      less.
    - What a new function has done since it is there stands for its month: see `FunctionUsage.observed_days`.
    - INIT is estimated: see `initialization.init_time`.
    - Ephemeral storage above 512 MB, for the same duration without INIT.
    - Provisioned concurrency is paid all month, whether used or not, at its own memory size; the duration of its
      invocations has a price of its own, without tiers. They are taken to last as long as the others.
    - SnapStart: the cache of published versions, which is paid while they exist, and restores from it, if the reports
      say how many there are; free for Java.
    - Logs: what was ingested in the window, at the price of the first tier, and what is stored. The `stored_bytes` of
      a log group are already compressed, as they are billed; what is ingested is not. Who shares a log group pays by
      invocations, or equally if there are none.

    Sources: the pricing pages of AWS Lambda and Amazon CloudWatch.
    """
    if evidence.prices is None:
        return (None,) * len(evidence.functions)
    bill = invocation_bill(evidence, evidence.prices)
    costs: list[MonthlyCost | None] = [None] * len(evidence.functions)
    columns = (bill.requests * evidence.prices.request, bill.compute, bill.ephemeral, *bill.init)
    shares = _log_shares(evidence)
    for number, figures in zip(bill.numbers, zip(*(column.tolist() for column in columns), strict=True), strict=True):
        known = evidence.functions[number]
        extras = _extras(known, evidence, evidence.prices, shares[number])
        requests, compute, ephemeral, init, init_low, init_high = figures
        costs[number] = _readable(
            MonthlyCost(
                compute=compute,
                requests=requests,
                init=init,
                init_low=init_low,
                init_high=init_high,
                ephemeral_storage=ephemeral,
                provisioned=extras.provisioned,
                snapstart=extras.snapstart,
                log_ingestion=extras.log_ingestion,
                log_storage=extras.log_storage,
                unpriced=extras.unpriced,
            )
        )
    return tuple(costs)


def _readable(cost: MonthlyCost) -> MonthlyCost:
    """Without parts that are too small for a document, as those of a single short invocation may be."""
    changes: Any = {name: readable(getattr(cost, name)) for name in _PARTS}
    return replace(cost, **changes)


def _extras(known: FunctionEvidence, evidence: PlaceEvidence, prices: RegionPrices, share: float) -> _Extras:
    provisioned, has_price = _provisioned(known, prices)
    snapstart, all_known = _snapstart(known, prices)
    unpriced = [*([] if has_price else ["provisioned"]), *([] if all_known else ["snapstart"])]
    ingestion = storage = 0.0
    if evidence.log_groups is None:
        unpriced += ["log_ingestion", "log_storage"]
    elif group := evidence.log_groups.get(known.function.log_group):
        observability = prices.observability or ObservabilityPrices()
        observed = None if known.usage is None else known.usage.observed_days
        ingested, stored = _ingestion(group, observability, observed or evidence.days), _storage(group, observability)
        unpriced += [name for name, cost in (("log_ingestion", ingested), ("log_storage", stored)) if cost is None]
        ingestion, storage = share * (ingested or 0.0), share * (stored or 0.0)
    return _Extras(
        provisioned=provisioned,
        snapstart=snapstart,
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
            cost += seconds * DAYS_PER_MONTH / usage.counted_days * each.memory_mb / 1024 * duration
    return cost, True


def _snapstart(known: FunctionEvidence, prices: RegionPrices) -> tuple[float, bool]:
    """What the snapshots of published versions and restores from them cost, and whether all of it is known.

    Where the region has no price for snapshots, there are none.
    """
    function, usage, reports = known.function, known.usage, known.reports
    kept_mb = sum(version.memory_mb for version in function.versions if version.snapstart)
    if prices.snapstart_cache is None or not kept_mb or not charges_for_snapshots(function.runtime):
        return 0.0, True
    kept = kept_mb / 1024 * prices.snapstart_cache * SECONDS_PER_MONTH
    if usage is None or not usage.invocations:
        return kept, True
    if reports is None or not reports.count or prices.snapstart_restore is None:
        return kept, False
    restores = reports.restores / reports.count * usage.invocations * DAYS_PER_MONTH / usage.counted_days
    return kept + restores * prices.restore_cost(function.memory_mb), True


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
