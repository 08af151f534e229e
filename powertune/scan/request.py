"""What is to be read of every place that is scanned."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from powertune.region_prices import RegionPrices
from powertune.scan.evidence import Tuned
from powertune.scan.rule import Need


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanRequest:
    """What to read of one account in one region: the `days` before `now`, which is in seconds since the epoch.

    `needs` are those of the rules. `prices` are the region's, None where they are not known. `max_spend_usd` is what
    queries of logs may cost in this place; metrics are always asked for, and do not count.
    `per_function_calls` is how many control-plane calls may be spent on single functions. `tuned` holds earlier runs
    by the ARN of their function.
    """

    days: int
    now: float
    needs: frozenset[Need]
    prices: RegionPrices | None = None
    max_spend_usd: float = 1.0
    per_function_calls: int = 200
    tuned: Mapping[str, Tuned] = field(default_factory=dict)
