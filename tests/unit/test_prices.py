import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from factories import make_configuration, make_prices
from hypothesis import given
from hypothesis import strategies as st
from strategies import configurations

from powertune.errors import UsageError
from powertune.estimate import execution_price
from powertune.model import Architecture, Configuration
from powertune.prices import PriceTable
from powertune.region_prices import ArchitecturePrices, ObservabilityPrices, RegionPrices

REFERENCE = Path(__file__).parents[2].parent / "shared" / "data" / "pricing.json"
X86, ARM = Architecture.X86_64, Architecture.ARM64
TABLE = PriceTable.bundled()
#: Provisioned concurrency whose price could not be confirmed, and is left out.
UNVERIFIED = {("us-gov-east-1", ARM), ("us-gov-west-1", ARM)}


def exact(value: float) -> Decimal:
    return Decimal(repr(value))


@given(
    region=st.sampled_from(TABLE.regions),
    configuration=configurations,
    billed_ms=st.integers(0, 900_000),
    storage_mb=st.integers(512, 10_240),
)
def test_a_cost_is_the_price_lists_arithmetic(
    region: RegionPrices, configuration: Configuration, billed_ms: int, storage_mb: int
) -> None:
    prices = region.of(configuration.architecture)
    seconds = Decimal(billed_ms) / 1000
    memory = Decimal(configuration.memory_mb) / 1024 * exact(prices.gb_second[0][1])
    storage = Decimal(storage_mb - 512) / 1024 * exact(prices.ephemeral_gb_second)
    expected = seconds * (memory + storage) + exact(region.request)
    cost = region.invocation_cost(configuration, billed_ms, storage_mb)
    assert cost == pytest.approx(float(expected), rel=1e-13)
    assert cost == region.rate_per_ms(configuration, storage_mb) * billed_ms + region.request


def test_the_cost_of_a_known_invocation() -> None:
    prices = TABLE.region("us-east-1")
    # 1 GB for 1 s, and a request: from the pricing page.
    assert prices.invocation_cost(make_configuration(1024), 1000) == pytest.approx(0.0000166667 + 0.0000002)
    assert prices.invocation_cost(make_configuration(1024, ARM), 1000) == pytest.approx(0.0000133334 + 0.0000002)
    assert prices.gb_second(ARM) == 0.0000133334
    assert prices.ephemeral_gb_second(X86) == 0.0000000309
    assert prices.snapstart_cache == 0.0000015046
    # Less storage than the free 512 MB is no rebate.
    assert prices.rate_per_ms(make_configuration(), 100) == prices.rate_per_ms(make_configuration())


def test_china_is_priced_in_yuan() -> None:
    prices = TABLE.region("cn-north-1")
    assert prices.currency == "CNY"
    assert prices.gb_second(X86) == 0.000113477
    assert prices.snapstart_cache is None


@pytest.mark.parametrize("region", ["eusc-de-east-1", "us-east-9", ""])
def test_an_unknown_region_is_never_priced_as_another(region: str) -> None:
    with pytest.raises(UsageError, match=f"region {region!r}") as caught:
        TABLE.region(region)
    assert "powertune prices refresh" in str(caught.value.hint)
    assert "--prices FILE" in str(caught.value.hint)


def test_an_architecture_without_a_price_is_not_priced_as_the_other() -> None:
    prices = ArchitecturePrices(gb_second=((None, 1e-5),), ephemeral_gb_second=0.0)
    region = RegionPrices(region="xx-1", currency="USD", request=1e-7, architectures=((X86, prices),))
    with pytest.raises(UsageError, match="no arm64 prices are known for region xx-1"):
        region.gb_second(ARM)


def test_the_table_survives_its_own_file(tmp_path: Path) -> None:
    path = tmp_path / "prices.json"
    path.write_text(TABLE.to_json())
    assert PriceTable.load(path) == TABLE
    assert PriceTable.load(TABLE.to_json().encode()) == TABLE
    assert TABLE.as_of == "2025-10-30"
    assert "AWS Pricing Calculator" in TABLE.source


def test_prices_are_decimal_strings_without_exponent() -> None:
    document = json.loads(TABLE.to_json())
    region = document["regions"]["us-east-1"]
    assert region["request"] == "0.0000002"
    assert region["architectures"]["x86_64"]["gb_second"] == [
        [6000000000, "0.0000166667"],
        [15000000000, "0.000015"],
        [None, "0.0000133334"],
    ]


def test_the_other_tables_prices_win_and_the_older_date_stands() -> None:
    newer = PriceTable(as_of="2026-09-19", source="AWS Price List API", regions=(make_prices(gb_second=9e-5),))
    merged = TABLE.merged(newer)
    assert merged.region("us-east-1").gb_second(X86) == 9e-5
    assert merged.region("eu-west-1") == TABLE.region("eu-west-1")
    assert merged.as_of == newer.merged(TABLE).as_of == "2025-10-30"
    assert merged.source == TABLE.source + "; AWS Price List API"
    assert merged.merged(newer) == merged
    assert [prices.region for prices in merged.regions] == sorted(prices.region for prices in TABLE.regions)


def changed(path: tuple[str | int, ...], value: Any) -> bytes:
    """The file of a small table, with one value replaced."""
    table = PriceTable(as_of="2026-01-01", source="test", regions=(make_prices(),))
    document = json.loads(table.to_json())
    entry = document
    for key in path[:-1]:
        entry = entry[key]
    entry[path[-1]] = value
    return json.dumps(document).encode()


REGION = ("regions", "us-east-1")
TIERS = (*REGION, "architectures", "arm64", "gb_second")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not complete JSON"),
        (TABLE.to_json().encode()[:5000], "not complete JSON"),
        (b"[" * 100_000, "not complete JSON"),
        (b"\xff", "not complete JSON"),
        (b"[]", "not a price table"),
        (b'{"schema": 1}', "not a price table"),
        (b'{"schema": "powertune/run/1"}', "not a price table"),
        (b'{"schema": "powertune/prices/2"}', "unknown to this version"),
        (b'{"schema": "powertune/prices/1"}', "'regions' is missing"),
        (b'{"schema": "powertune/prices/1", "regions": {}}', "'as_of' is missing"),
        (changed(("as_of",), ""), "as_of is not text"),
        (changed(("regions",), []), "regions is not an object"),
        (changed(("regions",), None), "wrong shape"),
        (changed(REGION, 1), "us-east-1 is not an object"),
        (changed((*REGION, "request"), 2e-7), "not a decimal string"),
        (changed((*REGION, "request"), "NaN"), "not an amount"),
        (changed((*REGION, "request"), "-1"), "not an amount"),
        (changed((*REGION, "request"), "free"), "wrong shape"),
        (changed((*REGION, "snapstart"), "no"), "wrong shape"),
        (changed((*REGION, "architectures"), {"riscv": {}}), "riscv"),
        (changed((*REGION, "architectures"), {"arm64": []}), "arm64 is not an object"),
        (changed(TIERS, []), "volume tiers"),
        (changed(TIERS, [[5, "1"]]), "volume tiers"),
        (changed(TIERS, [["5", "1"], [None, "1"]]), "volume tiers"),
        (changed(TIERS, [[5, "1"], [5, "1"], [None, "1"]]), "must ascend"),
        (changed(TIERS, [[9, "1"], [5, "1"], [None, "1"]]), "must ascend"),
        (changed(TIERS, ["1"]), "wrong shape"),
        (changed((*REGION, "observability"), "no"), "observability is not an object"),
        (changed((*REGION, "observability"), {"logs_ingest_gb": 0.5}), "not a decimal string"),
    ],
)
def test_a_damaged_price_file_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        PriceTable.load(data)
    assert caught.value.hint


def test_a_price_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nowhere\.json"):
        PriceTable.load(tmp_path / "nowhere.json")


def test_prices_of_provisioned_concurrency_keep_the_ratio_of_the_architectures_or_are_left_out() -> None:
    """arm64 costs 80 % of x86_64 everywhere; GovCloud's 63 % looks stale, and no second source confirms it."""
    for region in TABLE.regions:
        x86, arm = region.of(X86), region.of(ARM)
        if (region.region, ARM) in UNVERIFIED:
            assert arm.provisioned_concurrency_gb_second is None
            assert arm.provisioned_duration_gb_second is None
        elif x86.provisioned_concurrency_gb_second and arm.provisioned_concurrency_gb_second:
            ratio = arm.provisioned_concurrency_gb_second / x86.provisioned_concurrency_gb_second
            assert ratio == pytest.approx(0.8, abs=0.005), region.region


@pytest.mark.skipif(not REFERENCE.exists(), reason="the reference table is not beside this repository")
def test_the_bundled_prices_are_the_reference_tables() -> None:
    reference = json.loads(REFERENCE.read_text())["lambda"]
    assert [prices.region for prices in TABLE.regions] == sorted(reference)
    for name, expected in reference.items():
        prices = TABLE.region(name)
        snapstart = expected["snapstart"] or {}
        assert prices.currency == expected["currency"]
        assert exact(prices.request) == Decimal(expected["request"])
        assert prices.snapstart_cache == _float(snapstart.get("cache_gb_s"))
        assert prices.snapstart_restore == _float(snapstart.get("restore_gb"))
        for architecture in Architecture:
            of, want = prices.of(architecture), expected[architecture.value]
            tiers = want["tiers"] or [{"up_to_gb_s": None, "gb_s": want["gb_s"]}]
            assert [(end, exact(price)) for end, price in of.gb_second] == [
                (tier["up_to_gb_s"] and int(tier["up_to_gb_s"]), Decimal(tier["gb_s"])) for tier in tiers
            ]
            assert exact(prices.gb_second(architecture)) == Decimal(want["gb_s"])
            assert exact(of.ephemeral_gb_second) == Decimal(want["ephemeral_gb_s"])
            if (name, architecture) not in UNVERIFIED:
                assert of.provisioned_concurrency_gb_second == _float(want.get("provisioned_concurrency_gb_s"))
                assert of.provisioned_duration_gb_second == _float(want.get("provisioned_duration_gb_s"))


@pytest.mark.skipif(not REFERENCE.exists(), reason="the reference table is not beside this repository")
def test_the_prices_of_step_functions_are_those_that_have_a_source() -> None:
    reference = json.loads(REFERENCE.read_text())["step_functions"]["standard"]
    for prices in TABLE.regions:
        expected = reference[prices.region]
        assert expected["currency"] == prices.currency
        sourced = expected["per_transition"] if expected["sources"] else None
        assert prices.state_transition == _float(sourced), prices.region


def test_an_execution_costs_its_transitions_or_an_unknown_amount() -> None:
    assert execution_price(TABLE.region("us-east-1"), 40) == pytest.approx(0.001)
    assert execution_price(TABLE.region("cn-north-1"), 10) == pytest.approx(0.001891)
    assert execution_price(TABLE.region("eu-south-2"), 40) is None


def test_refreshed_prices_keep_those_of_step_functions() -> None:
    refreshed = replace(
        TABLE, regions=tuple(replace(each, state_transition=None, request=1e-6) for each in TABLE.regions)
    )
    merged = TABLE.merged(refreshed)
    assert [each.state_transition for each in merged.regions] == [each.state_transition for each in TABLE.regions]
    assert {each.request for each in merged.regions} == {1e-6}


def test_a_price_file_from_before_has_none_of_step_functions() -> None:
    document = json.loads(TABLE.to_json())
    for entry in document["regions"].values():
        del entry["state_transition"]
    assert all(each.state_transition is None for each in PriceTable.load(json.dumps(document).encode()).regions)


@pytest.mark.skipif(not REFERENCE.exists(), reason="the reference table is not beside this repository")
def test_the_prices_of_cloudwatch_are_the_reference_tables() -> None:
    reference = json.loads(REFERENCE.read_text())["cloudwatch"]["regions"]
    assert {prices.region for prices in TABLE.regions if prices.observability} == set(reference)
    for prices in TABLE.regions:
        if prices.observability is not None:
            expected = reference[prices.region]
            assert prices.observability.get_metric_data == _float(expected["get_metric_data_per_metric"])
            assert prices.observability.logs_ingest_gb == _float(expected["logs_ingest_gb"])
            assert prices.observability.logs_insights_gb == _float(expected["logs_insights_scanned_gb"])


def test_log_storage_has_a_price_only_where_a_source_gives_it() -> None:
    storage = {
        prices.region: prices.observability.logs_storage_gb_month for prices in TABLE.regions if prices.observability
    }
    assert storage["us-east-1"] == 0.03
    assert storage["eu-central-1"] == 0.0324
    unknown = {"ap-east-2", "ap-southeast-6", "us-gov-east-1", "us-gov-west-1"}
    assert {region for region, price in storage.items() if price is None} == unknown


def test_refreshed_prices_keep_those_of_cloudwatch_one_by_one() -> None:
    def only(observability: ObservabilityPrices | None) -> PriceTable:
        return PriceTable(as_of="2026-01-01", source="test", regions=(make_prices(observability=observability),))

    known = ObservabilityPrices(get_metric_data=1e-5, logs_ingest_gb=0.5, logs_storage_gb_month=0.03)
    assert only(known).merged(only(None)).regions[0].observability == known
    newer = only(ObservabilityPrices(logs_ingest_gb=0.6, logs_insights_gb=0.006))
    assert only(known).merged(newer).regions[0].observability == ObservabilityPrices(
        get_metric_data=1e-5, logs_ingest_gb=0.6, logs_storage_gb_month=0.03, logs_insights_gb=0.006
    )
    assert only(None).merged(newer).regions[0].observability == newer.regions[0].observability


def test_a_price_file_from_before_has_none_of_cloudwatch() -> None:
    document = json.loads(TABLE.to_json())
    for entry in document["regions"].values():
        del entry["observability"]
    table = PriceTable.load(json.dumps(document).encode())
    assert all(prices.observability is None for prices in table.regions)
    assert TABLE.merged(table) == TABLE


def _float(text: str | None) -> float | None:
    return None if text is None else float(text)
