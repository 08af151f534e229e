"""Cron expressions of EventBridge: six fields, of which one of the two for days is `?`.

Rules: EventBridge Scheduler User Guide, "Schedule types", "Cron-based schedules".
"""

import calendar
import datetime
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass

_MONTHS = {name: number for number, name in enumerate(calendar.month_abbr[1:], 1)}
_DAYS = {name: number for number, name in enumerate(("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"), 1)}
_NAMES = {name.upper(): str(number) for name, number in (*_MONTHS.items(), *_DAYS.items())}

_STEP = re.compile(r"(?P<range>\*|\d+(?:-\d+)?)(?:/(?P<step>\d+))?")
_NEAREST = re.compile(r"(?P<day>\d+)W")
_LAST = re.compile(r"(?P<day>[1-7])L")
_NTH = re.compile(r"(?P<day>[1-7])#(?P<nth>[1-5])")

_LAST_YEAR = 2199


@dataclass(frozen=True, slots=True, kw_only=True)
class Cron:
    """A cron expression. Days are its fields as they are written, and depend on the month; the others are numbers."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days_of_month: tuple[str, ...]
    months: frozenset[int]
    days_of_week: tuple[str, ...]
    years: frozenset[int]

    @classmethod
    def parse(cls, fields: str) -> "Cron":
        """Read the six fields.

        Raises:
            ValueError: they are no cron expression.
        """
        minutes, hours, days, months, weekdays, years = fields.split()
        if (days == "?") == (weekdays == "?"):
            raise ValueError("one of the two fields for days has to be ?")
        made = cls(
            minutes=_numbers(minutes, 0, 59),
            hours=_numbers(hours, 0, 23),
            days_of_month=() if days == "?" else tuple(days.split(",")),
            months=_numbers(_numbered(months, _MONTHS), 1, 12),
            days_of_week=() if weekdays == "?" else tuple(_numbered(weekdays, _DAYS).split(",")),
            years=_numbers(years, 1970, _LAST_YEAR),
        )
        for each in made.days_of_month:
            _check_day_of_month(each)
        for each in made.days_of_week:
            _check_day_of_week(each, alone=len(made.days_of_week) == 1)
        return made

    def after(self, moment: datetime.datetime) -> Iterator[datetime.datetime]:
        """The times after a moment, in order. All of them are without a zone."""
        for year in sorted(each for each in self.years if each >= moment.year):
            for month in sorted(self.months):
                if (year, month) < (moment.year, moment.month):
                    continue
                for day in sorted(self._days(year, month)):
                    if (year, month, day) < (moment.year, moment.month, moment.day):
                        continue
                    for hour, minute in itertools.product(sorted(self.hours), sorted(self.minutes)):
                        found = datetime.datetime(year, month, day, hour, minute)
                        if found > moment:
                            yield found

    def _days(self, year: int, month: int) -> frozenset[int]:
        """The days of a month."""
        first, length = calendar.monthrange(year, month)
        # The calendar module counts from Monday as 0, cron from Sunday as 1.
        weekday_of_first = (first + 1) % 7 + 1
        found: set[int] = set()
        for each in self.days_of_month:
            found |= _of_month(each, year, month, length)
        for each in self.days_of_week:
            found |= _of_week(each, weekday_of_first, length)
        return frozenset(found)


def _numbered(field: str, names: dict[str, int]) -> str:
    """A field with numbers for names."""
    known = {name.upper() for name in names}
    return re.sub(
        r"[A-Za-z]{3}", lambda found: _NAMES[found[0].upper()] if found[0].upper() in known else found[0], field
    )


def _numbers(field: str, lowest: int, highest: int) -> frozenset[int]:
    """The numbers of a field of lists, ranges and steps.

    Raises:
        ValueError: it is none, or not within the limits.
    """
    found: set[int] = set()
    for each in field.split(","):
        match = _STEP.fullmatch(each)
        if match is None:
            raise ValueError(f"{each!r} is no value of a field")
        first, _, last = match["range"].partition("-")
        if first == "*":
            begin, end = lowest, highest
        else:
            # `5/10` goes on to the end; `5` is one value.
            begin, end = int(first), int(last or (highest if match["step"] else first))
        step = int(match["step"] or 1)
        if not (lowest <= begin <= end <= highest and step > 0):
            raise ValueError(f"{each!r} is not within {lowest} to {highest}")
        found.update(range(begin, end + 1, step))
    return frozenset(found)


def _check_day_of_month(field: str) -> None:
    if field == "L":
        return
    nearest = _NEAREST.fullmatch(field)
    _numbers(nearest["day"] if nearest else field, 1, 31)


def _check_day_of_week(field: str, *, alone: bool) -> None:
    if _NTH.fullmatch(field):
        if not alone:
            raise ValueError("a # is alone in its field")
        return
    if "/" in field:
        raise ValueError("days of the week have no steps")
    if field != "L" and not _LAST.fullmatch(field):
        _numbers(field, 1, 7)


def _of_month(field: str, year: int, month: int, length: int) -> set[int]:
    if field == "L":
        return {length}
    if nearest := _NEAREST.fullmatch(field):
        return _nearest_weekday(year, month, int(nearest["day"]), length)
    return {day for day in _numbers(field, 1, 31) if day <= length}


def _nearest_weekday(year: int, month: int, day: int, length: int) -> set[int]:
    """The weekday that is nearest to a day, in the same month; none if the month has no such day."""
    if day > length:
        return set()
    weekday = calendar.weekday(year, month, day)
    if weekday == calendar.SATURDAY:
        return {day - 1 if day > 1 else day + 2}
    if weekday == calendar.SUNDAY:
        return {day + 1 if day < length else day - 2}
    return {day}


def _of_week(field: str, weekday_of_first: int, length: int) -> set[int]:
    """The days of a month whose first day is this day of the week."""
    if field == "L":
        return _each(7, weekday_of_first, length)
    if last := _LAST.fullmatch(field):
        return {max(_each(int(last["day"]), weekday_of_first, length))}
    if nth := _NTH.fullmatch(field):
        return set(sorted(_each(int(nth["day"]), weekday_of_first, length))[int(nth["nth"]) - 1 :][:1])
    return {day for weekday in _numbers(field, 1, 7) for day in _each(weekday, weekday_of_first, length)}


def _each(weekday: int, weekday_of_first: int, length: int) -> set[int]:
    """All days of a month that are this day of the week."""
    return set(range((weekday - weekday_of_first) % 7 + 1, length + 1, 7))
