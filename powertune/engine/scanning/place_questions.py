"""What one scan asks of every place: the same questions, at the prices of its region."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from powertune.aws.connection import Connection
from powertune.aws.scanning.effort_meter import EffortMeter
from powertune.aws.scanning.place import ScanObserver, read_place
from powertune.engine.scanning.logs_budget import LogsBudget
from powertune.errors import UsageError
from powertune.prices import PriceTable
from powertune.region_prices import RegionPrices
from powertune.scan.coverage import ScannedPlace
from powertune.scan.evidence import AccountRegion, Tuned
from powertune.scan.request import ScanRequest
from powertune.scan.rule import Need, ScanRule


def needs_of(rules: Sequence[ScanRule]) -> frozenset[Need]:
    """What rules need to know."""
    return frozenset(need for rule in rules for need in rule.needs)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceQuestions:
    """What is asked of a place. `now` is in seconds since the epoch, `rate` in control-plane calls per second.

    `budget` is for queries of logs, and `per_function_calls` how many calls about single functions a place may take.
    """

    days: int
    now: float
    needs: frozenset[Need]
    prices: PriceTable
    budget: LogsBudget
    per_function_calls: int
    rate: float
    tuned: Mapping[str, Tuned] = field(default_factory=dict)
    observer: ScanObserver = lambda *_: None

    def ask(self, connection: Connection, place: AccountRegion) -> ScannedPlace:
        """Read one place; a `PlaceReader`."""
        prices, share, spent = region_prices(self.prices, place.region), self.budget.reserve(), 0.0
        request = ScanRequest(
            days=self.days,
            now=self.now,
            needs=self.needs,
            prices=prices,
            max_spend_usd=share,
            per_function_calls=self.per_function_calls,
            tuned=self.tuned,
        )
        try:
            scanned = read_place(connection.aws(rate=self.rate), place, request, self.observer)
            spent = EffortMeter.priced(prices).scan_usd(scanned.effort.scanned_bytes)
        finally:
            self.budget.give_back(share, spent)
        return scanned


def region_prices(prices: PriceTable, region: str) -> RegionPrices | None:
    """The prices of a region; None where the table has none."""
    try:
        return prices.region(region)
    except UsageError:
        return None


def lookup(prices: PriceTable) -> Callable[[str], RegionPrices | None]:
    """`region_prices` of one table, for whoever reads places back."""
    return lambda region: region_prices(prices, region)
