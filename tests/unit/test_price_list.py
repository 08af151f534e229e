import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from powertune.aws.price_list import ENDPOINT_REGIONS, endpoint_region, read_price_list
from powertune.errors import UsageError
from powertune.model import Architecture
from powertune.prices import PriceTable, RegionPrices

BUNDLED = PriceTable.bundled()
Product = dict[str, Any]


class FakePricing:
    """A price list of given products, by region, in pages of a few; stands beside `PricingClient`."""

    def __init__(self, products: Mapping[str, Sequence[Any]], page: int = 4) -> None:
        self.products = products
        self.page = page
        self.calls = 0

    def get_products(self, *, ServiceCode: str, Filters: Any, MaxResults: int, NextToken: str = "0") -> Any:  # noqa: N803
        assert (ServiceCode, MaxResults) == ("AWSLambda", 100)
        (wanted,) = Filters
        assert (wanted["Type"], wanted["Field"]) == ("TERM_MATCH", "regionCode")
        self.calls += 1
        products = self.products.get(wanted["Value"], ())
        start = int(NextToken)
        end = start + self.page
        texts = [text if isinstance(text, str) else json.dumps(text) for text in products[start:end]]
        more = {"NextToken": str(end)} if end < len(products) else {}
        return {"FormatVersion": "aws_v1", "PriceList": texts, **more}


def product(
    group: str,
    tiers: Sequence[tuple[float | None, float]],
    *,
    region: str = "eu-west-1",
    currency: str = "USD",
    published: str = "2026-09-19T00:00:00Z",
    **attributes: str,
) -> Product:
    """One product as the Price List writes it, its tiers in no particular order."""
    dimensions: dict[str, Any] = {}
    begin = "0"
    for index, (up_to, price) in enumerate(tiers):
        end = "Inf" if up_to is None else str(up_to)
        dimensions[f"rate-{(index * 2) % 3}"] = {
            "unit": "Lambda-GB-Second",
            "beginRange": begin,
            "endRange": end,
            "pricePerUnit": {currency: f"{price:.10f}"},
        }
        begin = end
    described = {"regionCode": region, "location": "EU (Ireland)", "group": group, **attributes}
    return {
        "product": {"productFamily": "Serverless", "attributes": described, "sku": "S"},
        "serviceCode": "AWSLambda",
        "terms": {"OnDemand": {"S.JRTCKXETXF": {"priceDimensions": dimensions}}},
        "version": "20260919000000",
        "publicationDate": published,
    }


def products_of(prices: RegionPrices, **more: str) -> list[Product]:
    """The products that a region's prices would be listed as."""

    def row(group: str, price: float | None, **attributes: str) -> list[Product]:
        return [] if price is None else [product(group, [(None, price)], region=prices.region, **more, **attributes)]

    rows = row("AWS-Lambda-Requests", prices.request)
    rows += row("AWS-Lambda-SnapStart", prices.snapstart_cache, usagetype="EU-Lambda-SnapStart-Cached-GB-S")
    rows += row("AWS-Lambda-SnapStart", prices.snapstart_restore, usagetype="Lambda-SnapStart-Restored-GB")
    for architecture, suffix in ((Architecture.X86_64, ""), (Architecture.ARM64, "-ARM")):
        of = prices.of(architecture)
        rows.append(product(f"AWS-Lambda-Duration{suffix}", of.gb_second, region=prices.region, **more))
        rows += row(f"AWS-Lambda-Storage-Duration{suffix}", of.ephemeral_gb_second)
        rows += row(f"AWS-Lambda-Provisioned-Concurrency{suffix}", of.provisioned_concurrency_gb_second)
        rows += row(f"AWS-Lambda-Duration-Provisioned{suffix}", of.provisioned_duration_gb_second)
    return rows


IRELAND = products_of(BUNDLED.region("eu-west-1"))


def test_the_price_list_becomes_the_table_that_is_bundled() -> None:
    regions = ("eu-west-1", "af-south-1", "cn-north-1")
    products = {name: products_of(BUNDLED.region(name), currency=BUNDLED.region(name).currency) for name in regions}
    client = FakePricing(products)
    table = read_price_list(client, (*regions, "eu-west-1"))
    assert [prices.region for prices in table.regions] == sorted(regions)
    for name in regions:
        assert table.region(name) == BUNDLED.region(name)
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
    assert table.region("eu-west-1") == BUNDLED.region("eu-west-1")


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
        (one_more("not json"), "makes no sense"),
        (one_more("[]"), "makes no sense"),
        (one_more({"product": {}}), "makes no sense"),
        (one_more(product("AWS-Lambda-Requests", [])), "makes no sense"),
        (one_more(product("AWS-Lambda-Requests", [(5, 0.1)])), "do not join"),
        (one_more(GAP), "do not join"),
        (one_more(product("AWS-Lambda-Requests", [(None, -1.0)])), "a price that is none"),
        (one_more(product("AWS-Lambda-Requests", [(None, float("nan"))])), "a price that is none"),
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
