"""What a scan costs: at the region's prices, and at the highest of any region where these are not known."""

from dataclasses import replace

import pytest
from scan_places import PRICES

from powertune.aws.scanning.effort_meter import EffortMeter
from powertune.region_prices import ObservabilityPrices, RegionPrices

KNOWN = ObservabilityPrices(get_metric_data=0.00002, logs_insights_gb=0.006)


@pytest.mark.parametrize(
    ("prices", "usd"),
    [
        (replace(PRICES, observability=KNOWN), 1_000 * 0.00002 + 3 * 0.006),
        (replace(PRICES, observability=ObservabilityPrices()), 1_000 * 0.000014 + 3 * 0.009),
        (replace(PRICES, observability=None), 1_000 * 0.000014 + 3 * 0.009),
        (replace(PRICES, observability=KNOWN, currency="CNY"), 1_000 * 0.000014 + 3 * 0.009),
        (None, 1_000 * 0.000014 + 3 * 0.009),
    ],
    ids=["known", "nothing known", "none", "other currency", "no region"],
)
def test_metrics_and_scanned_bytes_are_charged(prices: RegionPrices | None, usd: float) -> None:
    meter = EffortMeter.priced(prices)
    meter.metrics, meter.scanned_bytes = 1_000, 3_000_000_000
    assert meter.effort.usd == pytest.approx(usd)
