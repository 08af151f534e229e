"""Whether a saving came true, by days before and after."""

from collections.abc import Sequence

import pytest
from proposals import make_promise
from scanned import DAY_S, NOW, PRICES

from powertune.autopilot.promise import Standing
from powertune.autopilot.verification import DayOfUse, Deployed, verify, window
from powertune.region_prices import RegionPrices

TODAY = NOW // DAY_S * DAY_S
MERGED = TODAY - 8 * DAY_S + 3_600
DEPLOYED = Deployed(merged_at=MERGED, since=MERGED + 600, code_sha256="sha-of-orders")
#: Means of days as they vary: by some percent.
VARYING = (1.0, 1.02, 0.98, 1.01, 0.99, 1.0, 1.03)


def day(ago: int, ms: float, invocations: int = 1_000) -> DayOfUse:
    return DayOfUse(
        began_at=TODAY - ago * DAY_S, invocations=invocations, duration_sum_ms=ms * invocations, p50_ms=ms * 0.9
    )


def days(before_ms: float, after_ms: float, swing: Sequence[float] = VARYING) -> list[DayOfUse]:
    """14 days before the merge of 8 days ago, that day itself, which is of both, and the 7 days since."""
    before = [day(ago, before_ms * swing[ago % len(swing)]) for ago in range(22, 8, -1)]
    after = [day(ago, after_ms * swing[ago % len(swing)]) for ago in range(7, 0, -1)]
    return [*before, day(8, 5_000.0), *after, day(0, 9_000.0)]


def test_a_saving_comes_true() -> None:
    """Half the memory at 1.1 times the duration costs 0.55 times as much, as promised."""
    found = verify(make_promise(), days(100.0, 110.0), DEPLOYED, PRICES, NOW)
    assert (found.standing, found.why) == (Standing.CAME_TRUE, "an invocation costs less, as promised")
    assert (found.days_before, found.days_after) == (14, 7)
    assert found.cost is not None
    assert found.cost.ratio == pytest.approx(ratio(100.0, 110.0, PRICES), rel=0.02)
    assert found.cost.interval is not None
    low, high = found.cost.interval
    assert low < ratio(100.0, 110.0, PRICES) < high < 0.65
    assert found.p50_before_ms == pytest.approx(90.0, rel=0.03)
    assert found.p50_after_ms == pytest.approx(99.0, rel=0.03)
    saved = cost(1024, 100.0, PRICES) - cost(512, 110.0, PRICES)
    assert found.saving == pytest.approx(saved * 30_000, rel=0.03)


def cost(memory_mb: int, ms: float, prices: RegionPrices) -> float:
    """By the price list: GB-seconds of whole milliseconds, half of one more on average, and the request."""
    promise = make_promise()
    per_gb_second = prices.gb_second(promise.before.architecture)
    return memory_mb / 1024 * (ms + 0.5) / 1000 * per_gb_second + prices.request


def ratio(before_ms: float, after_ms: float, prices: RegionPrices) -> float:
    return cost(512, after_ms, prices) / cost(1024, before_ms, prices)


def test_less_than_the_least_that_was_promised_did_not_come_true() -> None:
    """At 1.6 times the duration it still costs less, and not what was promised."""
    found = verify(make_promise(), days(100.0, 160.0), DEPLOYED, PRICES, NOW)
    assert (found.standing, found.why) == (Standing.DID_NOT, "an invocation costs more than was promised")
    assert found.saving is not None
    assert found.saving > 0


def test_days_that_differ_by_more_than_the_saving_tell_nothing_yet() -> None:
    found = verify(make_promise(), days(100.0, 130.0, (0.4, 2.5, 0.7, 1.9)), DEPLOYED, PRICES, NOW)
    assert (found.standing, found.why) == (
        Standing.PROPOSED,
        "the days differ too much to tell a saving from chance",
    )
    assert found.cost is not None


def test_two_days_are_too_few() -> None:
    few = [each for each in days(100.0, 110.0) if each.began_at < TODAY - 5 * DAY_S]
    found = verify(make_promise(), few, DEPLOYED, PRICES, NOW)
    assert (found.standing, found.days_after, found.cost) == (Standing.PROPOSED, 2, None)
    assert found.why.endswith("are needed, and there are 14 before and 2 after it")


def test_days_without_invocations_are_none() -> None:
    idle = [DayOfUse(began_at=each.began_at, invocations=0, duration_sum_ms=0.0) for each in days(1.0, 1.0)]
    assert verify(make_promise(), idle, DEPLOYED, PRICES, NOW).days_before == 0


def test_the_day_of_the_run_is_left_out() -> None:
    """A run has invoked the function at many sizes on that day."""
    promise = make_promise(measured_at=TODAY - 10 * DAY_S + 7_200)
    assert verify(promise, days(100.0, 110.0), DEPLOYED, PRICES, NOW).days_before == 13


def test_a_later_deployment_begins_the_time_after_the_change() -> None:
    later = Deployed(merged_at=MERGED, since=TODAY - 4 * DAY_S + 60, code_sha256="sha-of-orders")
    assert verify(make_promise(), days(100.0, 110.0), later, PRICES, NOW).days_after == 3


def test_with_other_code_it_cannot_be_told_and_the_figures_are_there() -> None:
    other = Deployed(merged_at=MERGED, since=MERGED, code_sha256="other")
    found = verify(make_promise(), days(100.0, 110.0), other, PRICES, NOW)
    assert found.standing is Standing.UNTESTABLE
    assert found.cost is not None
    unknown = Deployed(merged_at=MERGED, since=MERGED, code_sha256="")
    assert verify(make_promise(), days(100.0, 110.0), unknown, PRICES, NOW).standing is Standing.CAME_TRUE


def test_whole_days_are_asked_for() -> None:
    start, end = window(make_promise(), DEPLOYED, NOW)
    assert (start % DAY_S, end % DAY_S) == (0, 0)
    assert (start, end) == (TODAY - 22 * DAY_S, TODAY)
