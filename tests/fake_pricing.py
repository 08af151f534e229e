"""A Price List: products as AWS writes them, and a client that pages through them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from powertune.model import Architecture
from powertune.region_prices import RegionPrices

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
