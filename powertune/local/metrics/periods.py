"""Which period and which time range a request may ask for, and what CloudWatch makes of it.

Points appear at the rounded start and every period after it. Source of the rules: botocore's model of CloudWatch,
`MetricStat.Period` and `GetMetricDataInput.StartTime`.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

MINUTE, HOUR, DAY = 60, 3600, 86_400
SUB_MINUTE = (1, 5, 10, 20, 30)

_FINE_DATA_S = 3 * HOUR
_MINUTE_DATA_S = 15 * DAY
_FIVE_MINUTE_DATA_S = 63 * DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What is read: from `start`, included, to `end`, excluded, in seconds since the epoch."""

    start: int
    end: int

    @classmethod
    def of(cls, start: float, end: float, *, period: int, now: float) -> "Window":
        """A time range as asked for, the start rounded down by its age and the period."""
        age = now - start
        step = 5 * MINUTE if age >= _MINUTE_DATA_S else MINUTE
        step = HOUR if age >= _FIVE_MINUTE_DATA_S else step
        step = period if period in SUB_MINUTE and age < _MINUTE_DATA_S else step
        first = int(start // step) * step
        return cls(start=first, end=max(int(-(-end // 1)), first))

    def times(self, period: int) -> range:
        """The beginnings of all periods."""
        return range(self.start, self.end, period)


def is_valid(period: int) -> bool:
    """Whether points can be asked for at this distance."""
    return period in SUB_MINUTE or (period > 0 and period % MINUTE == 0)


def is_kept(period: int, start: float, now: float) -> bool:
    """Whether there still is data for a period of that age."""
    age = now - start
    if age >= _FIVE_MINUTE_DATA_S:
        return period % HOUR == 0
    if age >= _MINUTE_DATA_S:
        return period % (5 * MINUTE) == 0
    return age < _FINE_DATA_S or period % MINUTE == 0


def seconds(moment: datetime | float) -> float:
    """Seconds since the epoch; a time without a zone, as moto's parsers give it, is UTC."""
    if isinstance(moment, datetime):
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return float(moment)
