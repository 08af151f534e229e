"""How many functions there are in places, to tell beforehand what a scan of them takes."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from powertune.engine.scanning.place_questions import region_prices
from powertune.engine.scanning.targets import PlaceToScan
from powertune.errors import PowertuneError
from powertune.prices import PriceTable
from powertune.scan.scan_estimate import PlaceEstimate, estimate_place


def estimate_places(targets: Sequence[PlaceToScan], prices: PriceTable, *, threads: int) -> tuple[PlaceEstimate, ...]:
    """What each place takes, in order: one call each. Where that fails, the number of functions is not known."""

    def estimate(target: PlaceToScan) -> PlaceEstimate:
        return estimate_place(target.place, _count(target), region_prices(prices, target.place.region))

    with ThreadPoolExecutor(threads) as pool:
        return tuple(pool.map(estimate, targets))


def _count(target: PlaceToScan) -> int | None:
    try:
        with target.connect() as connection:
            aws = connection.aws()
            return int(aws.call(aws.clients.control.get_account_settings)["AccountUsage"]["FunctionCount"])
    except PowertuneError:
        return None
