"""Cron expressions of EventBridge Scheduler: the times that they name, and those that are none."""

import datetime
import itertools

import pytest

from powertune.local.scheduler.cron import Cron


def _times(fields: str, since: str, number: int = 3) -> list[str]:
    moment = datetime.datetime.fromisoformat(since)
    found = itertools.islice(Cron.parse(fields).after(moment), number)
    return [each.isoformat(" ", "minutes") for each in found]


# November 2026 begins on a Sunday and has 30 days, February 2027 begins on a Monday and has 28.
@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("15 10 * * ? *", ["2026-11-27 10:15", "2026-11-28 10:15", "2026-11-29 10:15"]),
        ("0/15 * * * ? *", ["2026-11-27 00:15", "2026-11-27 00:30", "2026-11-27 00:45"]),
        ("*/20 23 * * ? *", ["2026-11-27 23:00", "2026-11-27 23:20", "2026-11-27 23:40"]),
        ("1-31/30 1-1 ? * 1,7 *", ["2026-11-28 01:01", "2026-11-28 01:31", "2026-11-29 01:01"]),
        ("0 6 ? * MON *", ["2026-11-30 06:00", "2026-12-07 06:00", "2026-12-14 06:00"]),
        ("0 18 ? * MON-FRI *", ["2026-11-27 18:00", "2026-11-30 18:00", "2026-12-01 18:00"]),
        ("0 8 1 * ? *", ["2026-12-01 08:00", "2027-01-01 08:00", "2027-02-01 08:00"]),
        ("0 0 30 * ? *", ["2026-11-30 00:00", "2026-12-30 00:00", "2027-01-30 00:00"]),
        ("0 0 L * ? *", ["2026-11-30 00:00", "2026-12-31 00:00", "2027-01-31 00:00"]),
        ("0 0 L FEB ? *", ["2027-02-28 00:00", "2028-02-29 00:00", "2029-02-28 00:00"]),
        # The 29th of November is a Sunday: Monday the 30th is nearest. The 31st of January 2027 is one as well,
        # and the weekday has to be in January: Friday the 29th.
        ("0 0 29W NOV ? 2026", ["2026-11-30 00:00"]),
        ("0 0 31W 1,2 ? 2027", ["2027-01-29 00:00"]),
        # The 1st of May 2027 is a Saturday, so it is Monday the 3rd.
        ("0 0 1W MAY ? 2027", ["2027-05-03 00:00"]),
        ("0 0 ? * L *", ["2026-11-28 00:00", "2026-12-05 00:00", "2026-12-12 00:00"]),
        ("0 0 ? * 6L *", ["2026-12-25 00:00", "2027-01-29 00:00", "2027-02-26 00:00"]),
        ("0 0 ? * 3#2 *", ["2026-12-08 00:00", "2027-01-12 00:00", "2027-02-09 00:00"]),
        # A fifth Sunday: of November 2026, January and May 2027.
        ("0 0 ? * SUN#5 *", ["2026-11-29 00:00", "2027-01-31 00:00", "2027-05-30 00:00"]),
        ("0 0 1 JAN-MAR/2 ? 2027-2028", ["2027-01-01 00:00", "2027-03-01 00:00", "2028-01-01 00:00"]),
        ("0 0 1 jan ? 2026", []),
    ],
)
def test_the_next_times(fields: str, expected: list[str]) -> None:
    assert _times(fields, "2026-11-27 00:00") == expected


def test_the_moment_itself_is_left_out() -> None:
    assert _times("0 6 * * ? *", "2026-11-27 06:00", 1) == ["2026-11-28 06:00"]
    assert _times("0 6 * * ? *", "2026-11-27 05:59:59.9", 1) == ["2026-11-27 06:00"]


@pytest.mark.parametrize(
    "fields",
    [
        "0 1 * * * *", "0 1 ? * ? *", "7 20 * * NOT *", "INVALID", "0 dummy ? * MON-FRI *", "71 8 1 * ? *",
        "0 24 * * ? *", "0 0 0 * ? *", "0 0 32 * ? *", "0 0 1 13 ? *", "0 0 ? * 8 *", "0 0 ? * 0 *",
        "0 0 1 * ? 1969", "0 0 1 * ? 2200", "0 0 1 MON ? *", "0 0 ? * JAN *", "0/0 0 * * ? *", "5-3 0 * * ? *",
        "0 0 ? * 3#6 *", "0 0 ? * 3#1,6#3 *", "0 0 ? * 1/2 *", "0 0 ? * 8L *", "0 0 32W * ? *", "0 0 LW * ? *",
        "? 0 * * ? *", "0,, 0 * * ? *", "0 0 * * ?", "0 0 * * ? * *", "-5 0 * * ? *", "0 0 * , ? *",
    ],
)  # fmt: skip
def test_what_is_no_cron_expression(fields: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        Cron.parse(fields)
