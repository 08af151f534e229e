from dataclasses import replace
from typing import Any

import pytest
from fake_pricing import FakePricing, Product, product, products_of

from powertune.aws.price_list import ENDPOINT_REGIONS, endpoint_region, read_price_list
from powertune.errors import UsageError
from powertune.model import Architecture
from powertune.prices import PriceTable
from powertune.region_prices import RegionPrices

BUNDLED = PriceTable.bundled()
IRELAND = products_of(BUNDLED.region("eu-west-1"))


def of_lambda_alone(prices: RegionPrices) -> RegionPrices:
    """Lambda's price list holds no prices of other services."""
    return replace(prices, state_transition=None, observability=None)


def test_the_price_list_becomes_the_table_that_is_bundled() -> None:
    regions = ("eu-west-1", "af-south-1", "cn-north-1")
    products = {name: products_of(BUNDLED.region(name), currency=BUNDLED.region(name).currency) for name in regions}
    client = FakePricing(products)
    table = read_price_list(client, (*regions, "eu-west-1"))
    assert [prices.region for prices in table.regions] == sorted(regions)
    for name in regions:
        assert table.region(name) == of_lambda_alone(BUNDLED.region(name))
    assert table.as_of == "2026-09-19"
    assert client.calls == sum(-(-len(rows) // 4) for rows in products.values())
    assert PriceTable.load(table.to_json().encode()) == table


def test_free_tiers_edge_and_other_regions_are_dropped() -> None:
    noise = [
        product("AWS-Lambda-Duration", [(None, 0.0)], location="Any"),
        product("AWS-Lambda-Duration", [(None, 0.0)], groupDescription="China free tier"),
        product("AWS-Lambda-Edge-Duration", [(None, 0.5)]),
        product("AWS-Lambda-Requests", [(None, 0.7)], region="us-east-1"),
        product("", [(None, 0.7)], usagetype="EU-Lambda-Managed-Instances-c7i-Management-Hours"),
    ]
    table = read_price_list(FakePricing({"eu-west-1": [*noise, *IRELAND]}), ["eu-west-1"])
    assert table.region("eu-west-1") == of_lambda_alone(BUNDLED.region("eu-west-1"))


def test_the_oldest_publication_dates_the_table() -> None:
    rows = [*IRELAND, product("AWS-Lambda-Requests-ARM", [(None, 2e-7)], published="2026-01-02T03:04:05Z")]
    assert read_price_list(FakePricing({"eu-west-1": rows}), ["eu-west-1"]).as_of == "2026-01-02"


def test_a_region_without_arm_has_no_arm_price() -> None:
    rows = [row for row in IRELAND if not row["product"]["attributes"]["group"].endswith("-ARM")]
    prices = read_price_list(FakePricing({"eu-west-1": rows}), ["eu-west-1"]).region("eu-west-1")
    assert [architecture for architecture, _ in prices.architectures] == [Architecture.X86_64]


def without(group: str) -> list[Product]:
    return [row for row in IRELAND if row["product"]["attributes"]["group"] != group]


def one_more(row: Any) -> list[Any]:
    return [*IRELAND, row]


GAP = product("AWS-Lambda-Duration", [(5, 1.0), (None, 1.0)])
GAP["terms"]["OnDemand"]["S.JRTCKXETXF"]["priceDimensions"]["rate-2"]["beginRange"] = "6"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "has no Lambda prices for region 'eu-west-1'"),
        ([product("AWS-Lambda-Duration", [(None, 0.0)], location="Any")], "has no Lambda prices"),
        (without("AWS-Lambda-Requests"), "lacks the price of a request"),
        ([row for row in IRELAND if "Duration" not in row["product"]["attributes"]["group"]], "lacks the price"),
        (without("AWS-Lambda-Storage-Duration-ARM"), "lacks AWS-Lambda-Storage-Duration-ARM"),
        (one_more(product("AWS-Lambda-Requests", [(None, 0.9)])), "two prices for AWS-Lambda-Requests"),
        (one_more(product("AWS-Lambda-Requests-ARM", [(None, 2e-7)], currency="EUR")), "mixes EUR, USD"),
        (one_more("not json"), "has an invalid entry"),
        (one_more("[]"), "has an invalid entry"),
        (one_more({"product": {}}), "has an invalid entry"),
        (one_more(product("AWS-Lambda-Requests", [])), "has an invalid entry"),
        (one_more(product("AWS-Lambda-Requests", [(5, 0.1)])), "do not join"),
        (one_more(GAP), "do not join"),
        (one_more(product("AWS-Lambda-Requests", [(None, -1.0)])), "has an invalid price"),
        (one_more(product("AWS-Lambda-Requests", [(None, float("nan"))])), "has an invalid price"),
    ],
)
def test_what_makes_no_sense_is_refused(rows: list[Any], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        read_price_list(FakePricing({"eu-west-1": rows}), ["eu-west-1"])
    assert "--prices FILE" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("region", "endpoint"),
    [
        ("eu-west-1", "eu-central-1"),
        ("ap-east-1", "ap-south-1"),
        ("cn-north-1", "cn-northwest-1"),
        ("sa-east-1", "us-east-1"),
    ],
)
def test_prices_are_asked_for_where_they_are_kept(region: str, endpoint: str) -> None:
    assert endpoint_region(region) == endpoint
    assert endpoint in ENDPOINT_REGIONS
