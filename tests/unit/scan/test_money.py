"""What functions cost in a month, to the last digit, with figures computed by hand at the prices of us-east-1."""

from dataclasses import replace
from typing import Any

import pytest
from scanned import NOW, PRICES, known, log_group, place_evidence, scanned_function

from powertune.model import Architecture
from powertune.prices import PriceTable
from powertune.region_prices import ObservabilityPrices
from powertune.scan.concluding import ScanOccasion, conclude
from powertune.scan.coverage import ScannedPlace
from powertune.scan.evidence import (
    Compute,
    EnvironmentUse,
    FunctionEvidence,
    FunctionUsage,
    MonthlyCost,
    Provisioned,
    PublishedVersion,
    ReportStatistics,
)
from powertune.scan.money import monthly_costs
from powertune.scan.per_month import mean_invocation_cost
from powertune.scan.scan_document import dump_scan, parse_scan

X86, ARM = Architecture.X86_64, Architecture.ARM64
#: 3 million invocations of 99.5 ms in 30 days: 300,000 billed seconds. None waits for INIT.
MONTH = FunctionUsage(days=30, invocations=3_000_000, duration_sum_ms=298_500_000.0, active_days=30)
NOTHING = FunctionUsage(days=30)


def only(function: FunctionEvidence, **changes: Any) -> MonthlyCost:
    """The cost of the only function of an account whose log groups and provisioned concurrency were looked at."""
    changes = {"log_groups": {}, "days": 30, **changes}
    (cost,) = monthly_costs(place_evidence(function, **changes))
    assert cost is not None
    return cost


def seen(
    *, usage: FunctionUsage = MONTH, provisioned: tuple[Provisioned, ...] = (), **changes: Any
) -> FunctionEvidence:
    evidence = {name: changes.pop(name) for name in ("environment", "edge") if name in changes}
    return known(scanned_function(**changes), usage=usage, provisioned=provisioned, **evidence)


@pytest.mark.parametrize(("architecture", "compute"), [(ARM, 2.00001), (X86, 2.500005)])
def test_duration_and_requests(architecture: Architecture, compute: float) -> None:
    # 0.5 GB for 300,000 s, at $0.0000133334 or $0.0000166667, and 3 million requests at $0.20 a million.
    cost = only(seen(memory_mb=512, architecture=architecture))
    assert cost.compute == pytest.approx(compute, abs=1e-9)
    assert cost.requests == pytest.approx(0.6, abs=1e-9)
    assert cost.on_demand == cost.total == pytest.approx(compute + 0.6, abs=1e-9)
    assert cost.unpriced == ()


def test_a_shorter_window_stands_for_a_month() -> None:
    week = replace(MONTH, days=7.5, invocations=750_000, duration_sum_ms=74_625_000.0)
    assert only(seen(usage=week)).total == pytest.approx(only(seen()).total, abs=1e-9)


def test_what_a_new_function_did_since_it_is_there_stands_for_a_month() -> None:
    # A tenth of the month in the last three days of it; half of its invocations on provisioned concurrency.
    part = replace(MONTH, invocations=300_000, duration_sum_ms=29_850_000.0, observed_days=3.0)
    group = log_group(ingested_bytes=2**30, stored_bytes=0)
    new = seen(usage=part, provisioned=(provisioned(architecture=ARM, invocations=150_000),))
    cost = only(new, log_groups={group.name: group})
    assert cost.requests == pytest.approx(0.6, abs=1e-9)
    assert cost.compute == pytest.approx(150_000 * 0.0000133334, abs=1e-9)
    assert cost.provisioned == pytest.approx(2 * 2_592_000 * 0.0000033334 + 150_000 * 0.0000077778, abs=1e-9)
    # 10 GB at $0.50.
    assert cost.log_ingestion == pytest.approx(5.0, abs=1e-9)
    assert mean_invocation_cost(replace(new, cost=cost)) == pytest.approx((cost.compute + 0.6) / 3_000_000)


def test_tiers_are_those_of_the_whole_account_apart_for_each_architecture() -> None:
    # Two functions of 10 GB for 400 million seconds each: 8 billion GB-seconds, of which 6 billion are at
    # $0.0000166667 and 2 billion at $0.000015; the third one is on arm64, where 1 GB-second is in the first tier.
    large = FunctionUsage(days=30, invocations=400_000, duration_sum_ms=400e9 - 200_000)
    small = FunctionUsage(days=30, invocations=1, duration_sum_ms=999.5)
    costs = monthly_costs(
        place_evidence(
            seen(name="1st", usage=large, memory_mb=10_240, architecture=X86),
            seen(name="2nd", usage=large, memory_mb=10_240, architecture=X86),
            seen(name="3rd", usage=small),
        )
    )
    assert [cost and cost.compute for cost in costs] == pytest.approx([65_000.1, 65_000.1, 0.0000133334], rel=1e-12)


def test_ephemeral_storage_beyond_512_mb() -> None:
    # 10 GB less half a GB, for 300,000 s, at $0.0000000309.
    assert only(seen(ephemeral_storage_mb=10_240)).ephemeral_storage == pytest.approx(0.088065, abs=1e-9)
    assert only(seen(ephemeral_storage_mb=512)).ephemeral_storage == 0


def test_what_costs_next_to_nothing_can_be_read_back() -> None:
    # A millisecond of a GB costs $0.0000000133334, and that of a MB of storage less than a document may say.
    once = FunctionUsage(days=30, invocations=1, duration_sum_ms=0.5, active_days=1)
    function = seen(usage=once, ephemeral_storage_mb=513)
    cost = only(function)
    assert cost.compute == pytest.approx(0.001 * 0.0000133334, rel=1e-12)
    assert cost.ephemeral_storage == 0.0

    read = ScannedPlace(evidence=place_evidence(function, days=30, log_groups={}))
    scan = conclude([read], ScanOccasion(now=NOW, days=30, tool_version="1"), rules=())
    assert parse_scan(dump_scan(scan)) == scan
    assert scan.functions[0].cost == cost


def test_init_is_billed_beside_duration() -> None:
    # 2 ms for each of 3 million invocations: 6,000 s of 1 GB.
    cost = only(seen(environment=EnvironmentUse(init_ms=2.0)))
    assert cost.init == cost.init_low == cost.init_high == pytest.approx(0.0800004, abs=1e-9)
    assert cost.on_demand == pytest.approx(4.00002 + 0.6 + 0.0800004, abs=1e-9)


def test_init_that_nobody_measured_has_a_range() -> None:
    # 10 environments on 30 days: 300 starts of 300 ms; 10 of 100 ms at least, 7,200 of a second at most.
    cost = only(seen(usage=replace(MONTH, peak_concurrency=10)))
    assert [cost.init, cost.init_low, cost.init_high] == pytest.approx(
        [90 * 0.0000133334, 0.0000133334, 7_200 * 0.0000133334], abs=1e-12
    )


def provisioned(**changes: Any) -> Provisioned:
    figures = {"requested": 2, "invocations": 0, "spilled": 0, "utilization": 0.5, "peak_utilization": 1.0, **changes}
    return Provisioned(**{"qualifier": "live", "memory_mb": 1024, "architecture": X86, **figures})


def test_provisioned_concurrency_is_paid_all_month_whether_used_or_not() -> None:
    # 2 GB for 2,592,000 s at $0.0000041667.
    cost = only(seen(usage=NOTHING, architecture=X86, provisioned=(provisioned(),)))
    assert cost.provisioned == cost.total == pytest.approx(21.6001728, abs=1e-9)


def test_its_invocations_have_a_price_of_their_own() -> None:
    # A third of the invocations, 100,000 s of 1 GB, at $0.0000097222; the others on demand.
    cost = only(seen(architecture=X86, provisioned=(provisioned(invocations=1_000_000),)))
    assert cost.provisioned == pytest.approx(21.6001728 + 0.97222, abs=1e-9)
    assert cost.compute == pytest.approx(200_000 * 0.0000166667, abs=1e-9)
    assert cost.requests == pytest.approx(0.6, abs=1e-9)


def test_invocations_are_not_counted_twice_if_metrics_disagree() -> None:
    cost = only(seen(architecture=X86, provisioned=(provisioned(invocations=4_000_000),)))
    assert cost.compute == 0
    assert cost.provisioned == pytest.approx(21.6001728 + 2.91666, abs=1e-9)


def test_provisioned_concurrency_without_a_price_or_that_nobody_looked_at_is_named() -> None:
    gov = PriceTable.bundled().region("us-gov-west-1")
    function = seen(provisioned=(provisioned(architecture=ARM),))
    for cost in (only(function, prices=gov), only(known(usage=MONTH))):
        assert cost.provisioned == 0
        assert cost.unpriced == ("provisioned",)


def version(memory_mb: int, *, snapstart: bool = True) -> PublishedVersion:
    return PublishedVersion(
        number="1",
        memory_mb=memory_mb,
        architecture=ARM,
        code_size_bytes=1,
        code_sha256="",
        modified_at=0.0,
        snapstart=snapstart,
    )


@pytest.mark.parametrize(("runtime", "usd"), [("python3.13", 5.8498848), ("java21", 0.0)])
def test_cached_snapshots_are_paid_as_long_as_versions_exist_but_not_for_java(runtime: str, usd: float) -> None:
    # 1.5 GB for 2,592,000 s at $0.0000015046.
    versions = (version(1024), version(512), version(2048, snapstart=False))
    cost = only(seen(usage=NOTHING, runtime=runtime, versions=versions))
    assert cost.snapstart == cost.total == pytest.approx(usd, abs=1e-9)


def test_restores_are_paid_by_memory_and_named_where_nobody_counts_them() -> None:
    # A thousandth of 3 million invocations, of 2 GB each, at $0.0001397998 for a GB.
    reports = ReportStatistics(days=30, count=2_000, billed_sum_ms=200_000.0, cold_starts=2, restores=2)
    function = seen(memory_mb=2048, versions=(version(2048),))
    cost = only(replace(function, reports=reports))
    assert cost.snapstart == pytest.approx(2 * 2_592_000 * 0.0000015046 + 3_000 * 2 * 0.0001397998, abs=1e-9)
    assert cost.unpriced == ()
    unknown = only(function)
    assert unknown.snapstart == pytest.approx(2 * 2_592_000 * 0.0000015046, abs=1e-9)
    assert unknown.unpriced == ("snapstart",)
    java = only(replace(function, reports=reports, function=replace(function.function, runtime="java21")))
    assert (java.snapstart, java.unpriced) == (0.0, ())


def test_snapshots_are_free_where_they_have_no_price() -> None:
    gov = PriceTable.bundled().region("us-gov-west-1")
    assert only(seen(versions=(version(1024),)), prices=gov).snapstart == 0


def test_logs_are_ingested_as_written_and_stored_as_compressed() -> None:
    # 4 GB in 15 days are 8 GB in 30, at $0.50; 10 GB are stored, at $0.03.
    group = log_group(ingested_bytes=4 * 2**30, stored_bytes=10 * 2**30)
    cost = only(seen(usage=NOTHING), days=15, log_groups={group.name: group})
    assert cost.log_ingestion == pytest.approx(4.0, abs=1e-9)
    assert cost.log_storage == pytest.approx(0.3, abs=1e-9)
    rare = replace(group, log_class="INFREQUENT_ACCESS")
    cost = only(seen(usage=NOTHING), days=15, log_groups={group.name: rare})
    assert (cost.log_ingestion, cost.log_storage) == pytest.approx((2.0, 0.3), abs=1e-9)


def test_who_shares_a_log_group_pays_by_invocations() -> None:
    group = log_group("shared", stored_bytes=100 * 2**30, ingested_bytes=0)
    functions = [
        seen(name=str(number), log_group="shared", usage=replace(NOTHING, invocations=count))
        for number, count in enumerate((3, 1, 0))
    ]
    costs = monthly_costs(place_evidence(*functions, log_groups={"shared": group}))
    assert [cost and cost.log_storage for cost in costs] == pytest.approx([2.25, 0.75, 0.0], abs=1e-9)
    idle = [replace(function, usage=NOTHING) for function in functions]
    costs = monthly_costs(place_evidence(*idle, log_groups={"shared": group}))
    assert [cost and cost.log_storage for cost in costs] == pytest.approx([1.0, 1.0, 1.0], abs=1e-9)


@pytest.mark.parametrize(
    ("changes", "unpriced"),
    [
        ({"log_groups": None}, ("log_ingestion", "log_storage")),
        ({"prices": replace(PRICES, observability=None)}, ("log_ingestion", "log_storage")),
        ({"prices": replace(PRICES, observability=ObservabilityPrices(logs_ingest_gb=0.5))}, ("log_storage",)),
    ],
    ids=["unread", "no price", "no price of storage"],
)
def test_logs_without_a_price_or_that_were_not_read_are_named(
    changes: dict[str, Any], unpriced: tuple[str, ...]
) -> None:
    group = log_group("/aws/lambda/orders", stored_bytes=2**30, ingested_bytes=2**30)
    assert only(seen(), **{"log_groups": {group.name: group}, **changes}).unpriced == unpriced


def test_logs_whose_volume_was_not_asked_are_named_and_empty_ones_need_no_price() -> None:
    unasked, empty = log_group(stored_bytes=0), log_group(stored_bytes=0, ingested_bytes=0)
    assert only(seen(), log_groups={unasked.name: unasked}).unpriced == ("log_ingestion",)
    free = replace(PRICES, observability=None)
    assert only(seen(), log_groups={empty.name: empty}, prices=free).unpriced == ()


@pytest.mark.parametrize(
    "function",
    [
        seen(compute=Compute.MANAGED_INSTANCES),
        seen(compute=Compute.DURABLE),
        seen(edge=True),
        known(usage=None),
        seen(usage=FunctionUsage(days=0)),
    ],
    ids=["instances", "durable", "edge", "no usage", "no window"],
)
def test_what_has_no_price_costs_an_unknown_amount_and_leaves_the_others_alone(function: FunctionEvidence) -> None:
    unknown, cost = monthly_costs(place_evidence(function, seen(name="2nd"), log_groups={}, days=30))
    assert unknown is None
    assert cost == only(seen())


def test_without_prices_nothing_has_a_cost() -> None:
    assert monthly_costs(place_evidence(seen(), seen(), prices=None)) == (None, None)
    arm_only = replace(PRICES, architectures=tuple(each for each in PRICES.architectures if each[0] is ARM))
    assert monthly_costs(place_evidence(seen(architecture=X86), prices=arm_only)) == (None,)
    assert monthly_costs(place_evidence()) == ()
