"""When schedules invoke their targets: rates, single times and cron expressions, in time zones and between dates."""

import datetime

import pytest

from powertune.local.scheduler.timetable import Timetable, parse_expression


def _at(text: str) -> float:
    return datetime.datetime.fromisoformat(text).timestamp()


def _table(expression: str, zone: str = "UTC", start: str | None = None, end: str | None = None) -> Timetable:
    return Timetable(
        expression=parse_expression(expression),
        zone=zone,
        start=None if start is None else _at(start),
        end=None if end is None else _at(end),
    )


def _times(table: Timetable, since: str, most: int = 4) -> list[str]:
    found: list[str] = []
    due = table.first(_at(since))
    while due is not None and len(found) < most:
        found.append(datetime.datetime.fromtimestamp(due, tz=datetime.UTC).strftime("%m-%dT%H:%M:%S"))
        due = table.following(due, due)
    return found


def test_a_rate_begins_at_once_or_with_its_start() -> None:
    since = "2026-11-27T10:00:30Z"
    assert _times(_table("rate(1 minute)"), since, 3) == ["11-27T10:00:30", "11-27T10:01:30", "11-27T10:02:30"]
    assert _times(_table("rate(2 hours)", start="2026-11-27T11:00:00Z"), since, 2) == [
        "11-27T11:00:00",
        "11-27T13:00:00",
    ]
    # A start that is over: the times are those since then.
    assert _times(_table("rate(3 minutes)", start="2026-11-27T09:58:00Z"), since, 2) == [
        "11-27T10:01:00",
        "11-27T10:04:00",
    ]
    # A day has 24 hours, also when Berlin's clocks go back.
    assert _times(_table("rate(1 day)", zone="Europe/Berlin"), "2026-10-24T12:00:00Z", 2) == [
        "10-24T12:00:00",
        "10-25T12:00:00",
    ]


def test_start_and_end_bound_what_recurs() -> None:
    table = _table("cron(0 6 * * ? *)", start="2026-11-28T06:00:00Z", end="2026-11-30T06:00:00Z")
    assert _times(table, "2026-11-27T00:00:00Z") == ["11-28T06:00:00", "11-29T06:00:00", "11-30T06:00:00"]
    assert _times(_table("rate(1 day)", end="2026-11-28T00:00:00Z"), "2026-11-27T00:00:00Z") == [
        "11-27T00:00:00",
        "11-28T00:00:00",
    ]
    assert _times(_table("rate(1 day)", end="2026-11-26T00:00:00Z"), "2026-11-27T00:00:00Z") == []
    assert _times(_table("cron(0 0 1 1 ? 2026)"), "2026-11-27T00:00:00Z") == []


def test_a_single_time_is_in_its_zone_and_not_in_the_past() -> None:
    table = _table("at(2026-11-27T11:00:00)", zone="Europe/Berlin")
    assert _times(table, "2026-11-27T09:00:00Z") == ["11-27T10:00:00"]
    assert _times(table, "2026-11-27T10:00:00Z") == ["11-27T10:00:00"]
    assert _times(table, "2026-11-27T10:00:01Z") == []


def test_a_time_that_does_not_exist_in_spring_is_skipped() -> None:
    # On 2027-03-28, Berlin's clocks go from 02:00 to 03:00, so 02:30 is only on the days around it.
    table = _table("cron(30 2 * * ? *)", zone="Europe/Berlin")
    assert _times(table, "2027-03-27T00:00:00Z", 2) == ["03-27T01:30:00", "03-29T00:30:00"]


def test_a_time_that_comes_twice_in_autumn_counts_once() -> None:
    # On 2026-10-25, Berlin's clocks go from 03:00 (01:00 UTC) back to 02:00.
    table = _table("cron(30 2 * * ? *)", zone="Europe/Berlin")
    assert _times(table, "2026-10-24T12:00:00Z", 2) == ["10-25T00:30:00", "10-26T01:30:00"]
    # One that holds only since the first of the two.
    assert _times(table, "2026-10-25T00:45:00Z", 1) == ["10-26T01:30:00"]


def test_what_a_sleeping_machine_has_missed_is_not_caught_up_on() -> None:
    rate, cron = _table("rate(1 minute)"), _table("cron(0/10 * * * ? *)")
    previous, now = _at("2026-11-27T10:00:00Z"), _at("2026-11-27T12:00:30Z")
    assert rate.following(previous, now) == _at("2026-11-27T12:01:00Z")
    assert cron.following(previous, now) == _at("2026-11-27T12:10:00Z")
    # Being late by less than a minute misses nothing.
    assert rate.following(previous, previous + 59.9) == _at("2026-11-27T10:01:00Z")


# AWS refuses the first twelve, by LocalStack's recordings of 2025-01-26.
@pytest.mark.parametrize(
    "text",
    [
        "cron(0 1 * * * *)", "cron()", "cron(INVALID)", "rate(10 seconds)", "rate(10 years)", "rate()", "rate(10)",
        "rate(10 minutess)", "rate(foo minutes)", "rate(-10 minutes)", "rate( 10 minutes )", " rate(10 minutes)",
        "at(2021-12-31T23:59:59Z)", "at(2021-12-31)", "at(2026-02-30T00:00:00)", "at(2026-01-01T24:00:00)",
        "rate(0 minutes)", "rate(1.5 hours)", "1 minute", "every(1 minute)", "rate(1 minute) ", "",
    ],
)  # fmt: skip
def test_what_is_no_expression(text: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        parse_expression(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("rate(1 minute)", 60), ("rate(10 minutes)", 600), ("rate(1 hours)", 3600), ("rate(7 days)", 604800)],
)
def test_rates(text: str, seconds: int) -> None:
    assert _table(text).following(0.0, 0.0) == seconds
