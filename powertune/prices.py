"""The price table: the prices of many regions, bundled or in a price file."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from powertune.errors import UsageError
from powertune.figures import LARGEST
from powertune.model import Architecture
from powertune.region_prices import (
    OBSERVABILITY_KEYS,
    ArchitecturePrices,
    ObservabilityPrices,
    RegionPrices,
    how_to_get_prices,
)
from powertune.units import did_you_mean, shortened, shown

SCHEMA = "powertune/prices/1"
_DECIMAL = re.compile(r"\d{1,30}(?:\.\d{1,30})?(?:[eE][+-]?\d{1,2})?", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}")
#: The highest price of a unit, and the lowest above 0.
_HIGHEST, _LOWEST = 1e6, 1e-15


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceTable:
    """Prices of many regions. `as_of` is the date (YYYY-MM-DD) of the oldest of them."""

    as_of: str
    source: str
    regions: tuple[RegionPrices, ...]

    @classmethod
    def bundled(cls) -> "PriceTable":
        """The price table that is bundled with this version of powertune."""
        return _bundled()

    @classmethod
    def load(cls, source: Path | bytes) -> "PriceTable":
        """Read a price file, or its content.

        Raises:
            UsageError: it cannot be read, is not a price file, or was written by a newer powertune.
        """
        if isinstance(source, bytes):
            return _parse(source, "the price table")
        try:
            data = source.read_bytes()
        except OSError as error:
            raise UsageError(
                f"cannot read price file {str(source)!r}: {error.strerror}", hint="check --prices"
            ) from error
        return _parse(data, f"price file {str(source)!r}")

    def region(self, name: str) -> RegionPrices:
        """The prices of one region.

        Raises:
            UsageError: they are not known. Another region's are never taken instead.
        """
        for prices in self.regions:
            if prices.region == name:
                return replace(prices, as_of=self.as_of)
        hint = did_you_mean(name, [prices.region for prices in self.regions], how_to_get_prices(name))
        raise UsageError(f"no Lambda prices are known for region {name!r}", hint=hint)

    def only(self, name: str) -> "PriceTable":
        """The table of one region alone.

        Raises:
            UsageError: its prices are not known.
        """
        return replace(self, regions=(self.region(name),))

    def merged(self, other: "PriceTable") -> "PriceTable":
        """Both tables in one. If both have a region, the prices of `other` are used.

        What `other` does not know of Step Functions and CloudWatch is kept: Lambda's price list does not hold it.
        """
        known = {prices.region: prices for prices in self.regions}
        newer = (_with_others(each, known.get(each.region)) for each in other.regions)
        regions = {prices.region: prices for prices in (*self.regions, *newer)}
        sources = dict.fromkeys((*self.source.split("; "), *other.source.split("; ")))
        return PriceTable(
            as_of=min(self.as_of, other.as_of),
            source="; ".join(sources),
            regions=tuple(regions[name] for name in sorted(regions)),
        )

    def to_json(self) -> str:
        """The price file that `load` reads. Prices are decimal strings, so no digit is lost."""
        document = {
            "schema": SCHEMA,
            "as_of": self.as_of,
            "source": self.source,
            "regions": {prices.region: _region_document(prices) for prices in self.regions},
        }
        return json.dumps(document, indent=1) + "\n"


def _with_others(newer: RegionPrices, older: RegionPrices | None) -> RegionPrices:
    """Prices with what an older table knows of other services than Lambda, and the newer one does not."""
    if older is None:
        return newer
    transition, observability = newer.state_transition, newer.observability
    return replace(
        newer,
        state_transition=older.state_transition if transition is None else transition,
        observability=older.observability if observability is None else observability.or_else(older.observability),
    )


@cache
def _bundled() -> PriceTable:
    data = resources.files("powertune").joinpath("data/prices.json").read_bytes()
    return _parse(data, "the bundled price table")


def _decimal(price: float | None) -> str | None:
    # repr() is the shortest text that reads back as the same number: the digits that AWS publishes.
    return None if price is None else format(Decimal(repr(price)), "f")


def _region_document(prices: RegionPrices) -> dict[str, object]:
    snapstart = {"cache_gb_second": prices.snapstart_cache, "restore_gb": prices.snapstart_restore}
    return {
        "currency": prices.currency,
        "request": _decimal(prices.request),
        "architectures": {
            architecture: {
                "gb_second": [[up_to, _decimal(price)] for up_to, price in of.gb_second],
                "ephemeral_gb_second": _decimal(of.ephemeral_gb_second),
                "provisioned_concurrency_gb_second": _decimal(of.provisioned_concurrency_gb_second),
                "provisioned_duration_gb_second": _decimal(of.provisioned_duration_gb_second),
            }
            for architecture, of in prices.architectures
        },
        "snapstart": None
        if prices.snapstart_cache is None and prices.snapstart_restore is None
        else {name: _decimal(price) for name, price in snapstart.items()},
        "state_transition": _decimal(prices.state_transition),
        "observability": None
        if prices.observability is None
        else {name: _decimal(getattr(prices.observability, name)) for name in OBSERVABILITY_KEYS},
    }


def _parse(data: bytes, what: str) -> PriceTable:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"{what} is not complete JSON: {error}", hint="write it again with `powertune prices refresh`"
        ) from error
    schema = document.get("schema") if isinstance(document, dict) else None
    if not isinstance(schema, str) or not schema.startswith("powertune/prices/"):
        raise UsageError(f"{what} is not a price table", hint=f'its "schema" must be "{SCHEMA}"')
    if schema != SCHEMA:
        raise UsageError(f"{what} has schema {shown(schema)}, unknown to this version", hint="upgrade powertune")
    try:
        regions = _mapping(document, "regions")
        return PriceTable(
            as_of=_text(document, "as_of"),
            source=_text(document, "source"),
            regions=tuple(_region(name, _mapping(regions, name)) for name in sorted(regions)),
        )
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        detail = f"{shown(error.args[0])} is missing" if isinstance(error, KeyError) else shortened(str(error), 200)
        raise UsageError(
            f"{what} has the wrong shape: {detail}", hint="write it again with `powertune prices refresh`"
        ) from error


def _region(name: str, entry: Mapping[str, Any]) -> RegionPrices:
    architectures = _mapping(entry, "architectures")
    snapstart = entry.get("snapstart") or {}
    currency = _text(entry, "currency")
    if not _CURRENCY.fullmatch(currency):
        raise ValueError(f"currency {shown(currency)} is not a code of three letters")
    if not name.isprintable():
        raise ValueError(f"region {shown(name)} is not a name")
    return RegionPrices(
        region=name,
        currency=currency,
        request=_price(entry["request"]),
        architectures=tuple(
            (Architecture(key), _architecture(_mapping(architectures, key))) for key in sorted(architectures)
        ),
        snapstart_cache=_optional_price(snapstart, "cache_gb_second"),
        snapstart_restore=_optional_price(snapstart, "restore_gb"),
        state_transition=_optional_price(entry, "state_transition"),
        observability=None
        if entry.get("observability") is None
        else _observability(_mapping(entry, "observability")),
    )


def _observability(entry: Mapping[str, Any]) -> ObservabilityPrices:
    return ObservabilityPrices(**{name: _optional_price(entry, name) for name in OBSERVABILITY_KEYS})


def _architecture(entry: Mapping[str, Any]) -> ArchitecturePrices:
    tiers = tuple((up_to, _price(price)) for up_to, price in entry["gb_second"])
    bounds = [up_to for up_to, _ in tiers]
    if not tiers or bounds[-1] is not None or not all(type(b) is int and 0 < b <= LARGEST for b in bounds[:-1]):
        raise ValueError("volume tiers must be whole numbers of GB-seconds, up to 10^15, the last one null")
    if bounds[:-1] != sorted(set(bounds[:-1])):
        raise ValueError("volume tiers must ascend")
    return ArchitecturePrices(
        gb_second=tiers,
        ephemeral_gb_second=_price(entry["ephemeral_gb_second"]),
        provisioned_concurrency_gb_second=_optional_price(entry, "provisioned_concurrency_gb_second"),
        provisioned_duration_gb_second=_optional_price(entry, "provisioned_duration_gb_second"),
    )


def _mapping(entry: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = entry[name]
    if not isinstance(value, dict):
        raise TypeError(f"{name} is not an object")
    return value


def _text(entry: Mapping[str, Any], name: str) -> str:
    value = entry[name]
    if not isinstance(value, str) or not value or not value.isprintable():
        raise TypeError(f"{name} is not text on one line")
    return value


def _price(value: object) -> float:
    if not isinstance(value, str):
        raise TypeError(f"price {shown(value)} is not a decimal string")
    price = float(value) if _DECIMAL.fullmatch(value) else -1.0
    if not (price == 0 or _LOWEST <= price <= _HIGHEST):
        raise ValueError(f"price {shown(value)} is not an amount of money")
    return price


def _optional_price(entry: Mapping[str, Any], name: str) -> float | None:
    return None if entry.get(name) is None else _price(entry[name])
