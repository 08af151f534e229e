from decimal import Decimal

import pytest
from factories import make_configuration, make_function, make_prices
from hypothesis import assume, given
from hypothesis import strategies as st
from strategies import configurations

from powertune.errors import UsageError
from powertune.model import Architecture, Configuration, FunctionState
from powertune.prices import PriceTable
from powertune.region_prices import RegionPrices
from powertune.tariff import Tariff, make_tariff

X86, ARM = Architecture.X86_64, Architecture.ARM64
TABLE = PriceTable.bundled()
US = TABLE.region("us-east-1")
MONTH_S = 30 * 24 * 3600

regions = st.sampled_from(TABLE.regions)
storages = st.integers(512, 10_240)
shares = st.floats(0, 0.99)
volumes = st.floats(0, 1e11)
#: All terms that a function may have in a region that has all prices.
functions = st.builds(
    make_function,
    ephemeral_storage_mb=storages,
    provisioned_concurrency=st.integers(0, 1000),
    snapstart=st.booleans(),
    runtime=st.sampled_from(("python3.13", "dotnet8", "java21")),
)


@given(region=regions, configuration=configurations, storage=storages)
def test_the_plain_tariff_is_the_price_list(region: RegionPrices, configuration: Configuration, storage: int) -> None:
    tariff = make_tariff(configuration, make_function(ephemeral_storage_mb=storage), region)
    assert tariff.per_ms == region.rate_per_ms(configuration, storage)
    assert tariff == Tariff(per_ms=tariff.per_ms, per_request=region.request)


@given(configuration=configurations, function=functions, plans=st.tuples(shares, shares), volume=volumes)
def test_a_larger_discount_never_costs_more(
    configuration: Configuration, function: FunctionState, plans: tuple[float, float], volume: float
) -> None:
    small, large = (
        make_tariff(configuration, function, US, savings_plan=share, gb_seconds_per_month=volume)
        for share in sorted(plans)
    )
    assert large.per_ms <= small.per_ms
    assert large.per_month <= small.per_month
    assert (large.per_request, large.per_cold_start) == (small.per_request, small.per_cold_start)


@given(configuration=configurations, share=shares, storage=storages)
def test_a_savings_plan_lowers_duration_and_nothing_else(
    configuration: Configuration, share: float, storage: int
) -> None:
    full = US.rate_per_ms(configuration)
    stored = US.rate_per_ms(configuration, storage) - full
    function = make_function(ephemeral_storage_mb=storage, snapstart=True)
    tariff = make_tariff(configuration, function, US, savings_plan=share)
    assert tariff.per_ms == pytest.approx(full * (1 - share) + stored, rel=1e-9)
    assert tariff.per_request == US.request
    none = make_tariff(configuration, function, US)
    assert (tariff.per_cold_start, tariff.per_month) == (none.per_cold_start, none.per_month)


def per_gb_second(region: RegionPrices, architecture: Architecture, volume: float) -> float:
    tariff = make_tariff(make_configuration(1024, architecture), make_function(), region, gb_seconds_per_month=volume)
    return tariff.per_ms * 1000


@given(region=regions, architecture=st.sampled_from(Architecture), pair=st.tuples(volumes, volumes))
def test_the_average_of_the_tiers_falls_with_volume_and_stays_between_the_prices(
    region: RegionPrices, architecture: Architecture, pair: tuple[float, float]
) -> None:
    listed = [price for _, price in region.of(architecture).gb_second]
    few, many = (per_gb_second(region, architecture, volume) for volume in sorted(pair))
    assert many <= few * (1 + 1e-12)
    for price in (few, many):
        assert min(listed) * (1 - 1e-12) <= price <= max(listed) * (1 + 1e-12)


@given(region=regions, architecture=st.sampled_from(Architecture), at=st.integers(0, 1), step=st.floats(0, 1000))
def test_the_average_of_the_tiers_has_no_jumps(
    region: RegionPrices, architecture: Architecture, at: int, step: float
) -> None:
    tiers = region.of(architecture).gb_second
    assume(len(tiers) > 1)
    bound = tiers[at][0]
    assert bound is not None
    below, above = (per_gb_second(region, architecture, volume) for volume in (bound - step, bound + step))
    assert below == pytest.approx(above, rel=4 * step / bound + 1e-12)


@pytest.mark.parametrize(
    ("architecture", "volume", "paid"),
    [
        # 6 billion GB-seconds at the first price, 9 at the second, and the rest at the third: from the pricing page.
        (X86, 20e9, Decimal("0.0000166667") * 6 + Decimal("0.000015") * 9 + Decimal("0.0000133334") * 5),
        (X86, 10e9, Decimal("0.0000166667") * 6 + Decimal("0.000015") * 4),
        (X86, 6e9, Decimal("0.0000166667") * 6),
        (ARM, 7e9, Decimal("0.0000133334") * 7),
        (ARM, 10e9, Decimal("0.0000133334") * Decimal("7.5") + Decimal("0.0000120001") * Decimal("2.5")),
    ],
)
def test_the_volume_tiers_of_a_known_region(architecture: Architecture, volume: float, paid: Decimal) -> None:
    assert per_gb_second(US, architecture, volume) * volume == pytest.approx(float(paid) * 1e9)


def test_provisioned_concurrency_of_a_known_region() -> None:
    function = make_function(provisioned_concurrency=3, ephemeral_storage_mb=1536, snapstart=True)
    tariff = make_tariff(make_configuration(2048), function, US, gb_seconds_per_month=1e11)
    # 2 GB, always on, three of them; 1 GB of storage is paid for while it runs. This price has no tiers.
    assert tariff.per_month == pytest.approx(3 * 2 * 0.0000041667 * MONTH_S)
    assert tariff.per_ms * 1000 == pytest.approx(2 * 0.0000097222 + 0.0000000309)
    assert tariff.per_cold_start == 0
    saved = make_tariff(make_configuration(2048), function, US, savings_plan=0.12)
    assert saved.per_month == pytest.approx(0.88 * tariff.per_month)
    assert saved.per_ms * 1000 == pytest.approx(0.88 * 2 * 0.0000097222 + 0.0000000309)


@pytest.mark.parametrize("region", ["cn-north-1", "cn-northwest-1"])
def test_provisioned_concurrency_without_a_price_is_not_guessed(region: str) -> None:
    function = make_function(provisioned_concurrency=1)
    with pytest.raises(UsageError, match=f"no arm64 price of provisioned concurrency .* {region}") as caught:
        make_tariff(make_configuration(512, ARM), function, TABLE.region(region))
    assert "--prices FILE" in str(caught.value.hint)


def test_snapstart_of_a_known_region() -> None:
    tariff = make_tariff(make_configuration(512), make_function(snapstart=True, runtime="python3.13"), US)
    assert tariff.per_cold_start == pytest.approx(0.5 * 0.0001397998)
    assert tariff.per_month == pytest.approx(0.5 * 0.0000015046 * MONTH_S)


@pytest.mark.parametrize(
    ("function", "region"),
    [
        (make_function(snapstart=True, runtime="java21"), US),
        (make_function(snapstart=True, runtime="java8.al2"), US),
        (make_function(snapstart=False), US),
        (make_function(snapstart=True), TABLE.region("ap-east-2")),
        (make_function(snapstart=True), make_prices()),
    ],
)
def test_snapstart_that_costs_nothing(function: FunctionState, region: RegionPrices) -> None:
    tariff = make_tariff(make_configuration(512), function, region)
    assert (tariff.per_cold_start, tariff.per_month) == (0, 0)


@given(memory=st.integers(128, 5120), concurrency=st.integers(0, 9), snapstart=st.booleans(), share=shares)
def test_twice_the_memory_is_twice_the_price(memory: int, concurrency: int, snapstart: bool, share: float) -> None:
    function = make_function(provisioned_concurrency=concurrency, snapstart=snapstart)
    one, two = (
        make_tariff(make_configuration(size), function, US, savings_plan=share) for size in (memory, 2 * memory)
    )
    assert two.per_ms == pytest.approx(2 * one.per_ms)
    assert two.per_month == pytest.approx(2 * one.per_month)
    assert two.per_cold_start == pytest.approx(2 * one.per_cold_start)
