"""Alarms look as often as there are invocations, within what CloudWatch allows."""

import pytest

from powertune.watch.rhythms import (
    LEAST_FOR_ERRORS,
    LEAST_FOR_P95,
    RHYTHMS,
    UNKNOWN_TRAFFIC,
    rhythm_for,
    rhythm_words,
)


def test_every_rhythm_is_one_that_cloudwatch_takes() -> None:
    for rhythm in RHYTHMS:
        assert rhythm.period_s % 60 == 0
        assert 1 <= rhythm.breaching <= rhythm.periods
        assert rhythm.period_s * rhythm.periods <= (604_800 if rhythm.period_s >= 3_600 else 86_400)


@pytest.mark.parametrize(
    ("per_day", "least", "period_s"),
    [
        (None, LEAST_FOR_P95, UNKNOWN_TRAFFIC.period_s),
        (1_000_000, LEAST_FOR_P95, 300),
        (115_200, LEAST_FOR_P95, 300),  # twice 200 in 5 minutes
        (115_199, LEAST_FOR_P95, 3_600),
        (9_600, LEAST_FOR_P95, 3_600),
        (9_599, LEAST_FOR_P95, 86_400),
        (399, LEAST_FOR_P95, 604_800),
        (0.1, LEAST_FOR_P95, 604_800),
        (11_520, LEAST_FOR_ERRORS, 300),
        (959, LEAST_FOR_ERRORS, 86_400),
    ],
)
def test_a_period_usually_holds_enough_invocations(per_day: float | None, least: int, period_s: int) -> None:
    assert rhythm_for(per_day, least).period_s == period_s


def test_rhythms_are_told_in_words() -> None:
    assert [rhythm_words(each) for each in RHYTHMS] == [
        "in 3 of 5 periods of 5 minutes",
        "in 2 of 3 hours",
        "in a day",
        "in a week",
    ]
