"""Lambda's prices from the AWS Price List API, as a price table."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from powertune.aws.client import Aws
from powertune.errors import UsageError
from powertune.model import Architecture
from powertune.prices import PriceTable
from powertune.region_prices import ArchitecturePrices, RegionPrices

SERVICE = "AWSLambda"
#: The Price List API answers in these regions only; each but China's knows the prices of all regions but China's.
ENDPOINT_REGIONS = ("us-east-1", "eu-central-1", "ap-south-1", "cn-northwest-1")

_SUFFIX = {Architecture.X86_64: "", Architecture.ARM64: "-ARM"}
_DURATION = "AWS-Lambda-Duration"
_REQUESTS = "AWS-Lambda-Requests"
_STORAGE = "AWS-Lambda-Storage-Duration"
_PROVISIONED_CONCURRENCY = "AWS-Lambda-Provisioned-Concurrency"
_PROVISIONED_DURATION = "AWS-Lambda-Duration-Provisioned"
_GROUPS = frozenset(
    name + suffix
    for name in (_DURATION, _REQUESTS, _STORAGE, _PROVISIONED_CONCURRENCY, _PROVISIONED_DURATION)
    for suffix in _SUFFIX.values()
)
#: SnapStart's rows are told by how their usage type ends; it begins with a code for the region, or with nothing.
_SNAPSTART_CACHE = "Lambda-SnapStart-Cached-GB-S"
_SNAPSTART_RESTORE = "Lambda-SnapStart-Restored-GB"

Tiers = tuple[tuple[int | None, float], ...]


class PricingClient(Protocol):
    """What is used of boto3's pricing client, made for one of `ENDPOINT_REGIONS`."""

    def get_products(
        self,
        *,
        ServiceCode: str,  # noqa: N803 - as boto3 names them
        Filters: Any,  # noqa: N803
        MaxResults: int,  # noqa: N803
        NextToken: str = ...,  # noqa: N803
    ) -> Mapping[str, Any]:
        """One page of products: `PriceList`, JSON texts, and `NextToken` if there are more."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientPricing:
    """A `PricingClient` that retries and translates errors, as every other call does."""

    aws: Aws

    def get_products(self, **request: Any) -> Any:
        """One page of products."""
        return self.aws.call(self.aws.clients.pricing.get_products, **request)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One product: what it is a price of, its currency, its tiers, and the date of publication."""

    kind: str
    currency: str
    tiers: Tiers
    published: str


def endpoint_region(region: str) -> str:
    """Where to ask for a region's prices: China's are kept in China, all others everywhere else.

    GovCloud's prices are told by the ordinary endpoints, but not to GovCloud's credentials.
    """
    nearest = {"cn": "cn-northwest-1", "eu": "eu-central-1", "ap": "ap-south-1"}
    return nearest.get(region.split("-")[0], "us-east-1")


def read_price_list(client: PricingClient, regions: Sequence[str]) -> PriceTable:
    """The prices of at least one region. `as_of` is the oldest date of publication among them.

    Raises:
        UsageError: the price list knows nothing of a region, or says something that makes no sense.
    """
    rows = {region: tuple(_rows(client, region)) for region in sorted(set(regions))}
    return PriceTable(
        as_of=min(row.published for of in rows.values() for row in of),
        source="AWS Price List API",
        regions=tuple(_region(region, of) for region, of in rows.items()),
    )


def _rows(client: PricingClient, region: str) -> Iterator[_Row]:
    """The rows that count, of all pages.

    Asked for by region only, and sorted by group here: that is a few pages, where a call for each group would be
    eleven.
    """
    arguments: dict[str, Any] = {
        "ServiceCode": SERVICE,
        "Filters": [{"Type": "TERM_MATCH", "Field": "regionCode", "Value": region}],
        "MaxResults": 100,
    }
    found = False
    while True:
        page = client.get_products(**arguments)
        for text in page.get("PriceList", ()):
            try:
                row = _row(text, region)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise UsageError(f"the price list of {region} has an invalid entry: {error!r}", hint=_HINT) from error
            if row is not None:
                found = True
                yield row
        token = page.get("NextToken")
        if not token:
            break
        arguments["NextToken"] = token
    if not found:
        raise UsageError(f"the AWS Price List has no Lambda prices for region {region!r}", hint=_HINT)


_HINT = "check the region's name, or give its prices with --prices FILE"


def _row(text: str, region: str) -> _Row | None:
    """A product, or None for one that is not needed here: free tier, edge, streaming, managed instances."""
    product = json.loads(text)
    attributes = product["product"]["attributes"]
    kind = _kind(attributes)
    free = attributes.get("location") == "Any" or "China free tier" in attributes.get("groupDescription", "")
    if kind is None or free or attributes.get("regionCode", region) != region:
        return None
    dimensions = [
        dimension for term in product["terms"]["OnDemand"].values() for dimension in term["priceDimensions"].values()
    ]
    currencies = {currency for dimension in dimensions for currency in dimension["pricePerUnit"]}
    if len(currencies) != 1:
        raise ValueError(f"{kind} is priced in {sorted(currencies)}")
    (currency,) = currencies
    published = product["publicationDate"][:10]
    return _Row(kind=kind, currency=currency, tiers=_tiers(kind, dimensions, currency), published=published)


def _kind(attributes: Mapping[str, str]) -> str | None:
    group = attributes.get("group")
    if group in _GROUPS:
        return group
    usage = attributes.get("usagetype", "")
    return next((kind for kind in (_SNAPSTART_CACHE, _SNAPSTART_RESTORE) if usage.endswith(kind)), None)


def _tiers(kind: str, dimensions: Sequence[Mapping[str, Any]], currency: str) -> Tiers:
    """Tiers in ascending order, which must join without a gap from 0 to infinity."""
    ranges = sorted(
        (float(d["beginRange"]), float(d["endRange"]), float(d["pricePerUnit"][currency])) for d in dimensions
    )
    begins, ends = [begin for begin, _, _ in ranges], [end for _, end, _ in ranges]
    if begins[:1] != [0.0] or begins[1:] != ends[:-1] or ends[-1] != float("inf"):
        raise ValueError(f"{kind} has tiers that do not join: {ranges}")
    if not all(0 <= price < float("inf") for _, _, price in ranges):
        raise ValueError(f"{kind} has an invalid price: {ranges}")
    return tuple((None if end == float("inf") else int(end), price) for _, end, price in ranges)


def _region(region: str, rows: Sequence[_Row]) -> RegionPrices:
    currencies = {row.currency for row in rows}
    if len(currencies) != 1:
        raise UsageError(f"the price list of {region} mixes {', '.join(sorted(currencies))}", hint=_HINT)
    prices: dict[str, Tiers] = {}
    for row in rows:
        if prices.setdefault(row.kind, row.tiers) != row.tiers:
            raise UsageError(f"the price list of {region} has two prices for {row.kind}", hint=_HINT)
    request = prices.get(_REQUESTS) or prices.get(_REQUESTS + _SUFFIX[Architecture.ARM64])
    architectures = tuple(
        (architecture, _architecture(prices, suffix, region))
        for architecture, suffix in sorted(_SUFFIX.items())
        if _DURATION + suffix in prices
    )
    if request is None or not architectures:
        raise UsageError(f"the price list of {region} lacks the price of a request or of duration", hint=_HINT)
    return RegionPrices(
        region=region,
        currency=currencies.pop(),
        request=request[0][1],
        architectures=architectures,
        snapstart_cache=_first(prices, _SNAPSTART_CACHE),
        snapstart_restore=_first(prices, _SNAPSTART_RESTORE),
    )


def _architecture(prices: Mapping[str, Tiers], suffix: str, region: str) -> ArchitecturePrices:
    storage = _first(prices, _STORAGE + suffix)
    if storage is None:
        raise UsageError(f"the price list of {region} lacks {_STORAGE + suffix}", hint=_HINT)
    return ArchitecturePrices(
        gb_second=prices[_DURATION + suffix],
        ephemeral_gb_second=storage,
        provisioned_concurrency_gb_second=_first(prices, _PROVISIONED_CONCURRENCY + suffix),
        provisioned_duration_gb_second=_first(prices, _PROVISIONED_DURATION + suffix),
    )


def _first(prices: Mapping[str, Tiers], kind: str) -> float | None:
    return prices[kind][0][1] if kind in prices else None
