"""When a schedule invokes its target: its expression, time zone, and first and last date.

Rules: EventBridge Scheduler User Guide, "Schedule types". In spring, times that do not exist are skipped; in autumn,
those that come twice count once.
"""

import datetime
import re
import zoneinfo
from dataclasses import dataclass

from powertune.local.scheduler.cron import Cron

_EXPRESSION = re.compile(r"(?P<kind>at|cron|rate)\((?P<inside>\S(?:.*\S)?)\)")
_RATE = re.compile(r"(?P<value>[0-9]+)\s+(?P<unit>minute|hour|day)s?")
_AT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
_SECONDS = {"minute": 60, "hour": 3600, "day": 24 * 3600}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """At a fixed number of seconds: a day has 24 hours, whatever clocks do."""

    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class At:
    """Once, at a time on the clocks of the zone."""

    local: datetime.datetime


Expression = Rate | At | Cron


def parse_expression(text: str) -> Expression:
    """Read an expression.

    Raises:
        ValueError: it is none.
    """
    match = _EXPRESSION.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no schedule expression")
    inside = match["inside"]
    if match["kind"] == "cron":
        return Cron.parse(inside)
    if match["kind"] == "at":
        if not _AT.fullmatch(inside):
            raise ValueError(f"{inside!r} is no time without a zone")
        return At(local=datetime.datetime.fromisoformat(inside))
    rate = _RATE.fullmatch(inside)
    if rate is None or int(rate["value"]) == 0:
        raise ValueError(f"{inside!r} is no rate")
    return Rate(seconds=int(rate["value"]) * _SECONDS[rate["unit"]])


@dataclass(frozen=True, slots=True, kw_only=True)
class Timetable:
    """The times of a schedule, in seconds since the epoch. `start` and `end` mean nothing to one that is for once."""

    expression: Expression
    zone: str = "UTC"
    start: float | None = None
    end: float | None = None

    def first(self, since: float) -> float | None:
        """The first time at or after the moment from which it holds; a rate without a start begins in this moment."""
        if isinstance(self.expression, At):
            at = self._instant(self.expression.local)
            return at if at >= since else None
        earliest = since if self.start is None else max(since, self.start)
        if isinstance(self.expression, Rate):
            begin = since if self.start is None else self.start
            return self._within(begin + -(-(earliest - begin) // self.expression.seconds) * self.expression.seconds)
        return self._cron_from(self.expression, earliest)

    def following(self, previous: float, now: float) -> float | None:
        """The time after one that was invoked; None if there is none.

        Args:
            previous: what was invoked.
            now: what lies before is not caught up on, as after the sleep of a machine.
        """
        if isinstance(self.expression, At):
            return None
        if isinstance(self.expression, Rate):
            steps = max(1.0, -(-(now - previous) // self.expression.seconds))
            return self._within(previous + steps * self.expression.seconds)
        # Cron expressions name whole minutes.
        return self._cron_from(self.expression, max(previous + 60, now))

    def _cron_from(self, cron: Cron, earliest: float) -> float | None:
        zone = zoneinfo.ZoneInfo(self.zone)
        local = datetime.datetime.fromtimestamp(earliest, zone).replace(tzinfo=None)
        # `after` leaves out the moment itself.
        for found in cron.after(local - datetime.timedelta(microseconds=1)):
            instant = self._instant(found)
            if instant >= earliest and self._exists(found, zone):
                return self._within(instant)
        return None

    def _instant(self, local: datetime.datetime) -> float:
        return local.replace(tzinfo=zoneinfo.ZoneInfo(self.zone)).timestamp()

    @staticmethod
    def _exists(local: datetime.datetime, zone: zoneinfo.ZoneInfo) -> bool:
        instant = local.replace(tzinfo=zone).timestamp()
        return datetime.datetime.fromtimestamp(instant, zone).replace(tzinfo=None) == local

    def _within(self, instant: float) -> float | None:
        return None if self.end is not None and instant > self.end else instant
