"""How often an alarm looks: often enough to be of use, and seldom enough for a period to hold invocations."""

from powertune.watch.model import Rhythm

#: A period is at most a week, or a day if it is shorter than an hour, times the number of periods (PutMetricAlarm).
RHYTHMS = (
    Rhythm(period_s=300, breaching=3, periods=5),
    Rhythm(period_s=3_600, breaching=2, periods=3),
    Rhythm(period_s=86_400, breaching=1, periods=1),
    Rhythm(period_s=604_800, breaching=1, periods=1),
)
#: Where nobody knows how often a function is invoked.
UNKNOWN_TRAFFIC = RHYTHMS[1]
#: CloudWatch ignores a p95 of fewer values: 10 / (1 - 0.95) (User Guide, "Percentile-based alarms and low data
#: samples").
LEAST_FOR_P95 = 200
#: One failure among fewer invocations says nothing of their rate.
LEAST_FOR_ERRORS = 20
#: Quiet hours have fewer invocations than the average one.
_MARGIN = 2
_DAY_S = 86_400
_WORDS = {60: "minute", 300: "5 minutes", 3_600: "hour", 86_400: "day", 604_800: "week"}


def rhythm_for(invocations_per_day: float | None, least: int) -> Rhythm:
    """The fastest one whose periods usually hold this many invocations; the slowest if none does."""
    if invocations_per_day is None:
        return UNKNOWN_TRAFFIC
    enough = (each for each in RHYTHMS if per_period(invocations_per_day, each) >= _MARGIN * least)
    return next(enough, RHYTHMS[-1])


def per_period(invocations_per_day: float, rhythm: Rhythm) -> float:
    """How many invocations a period holds on average."""
    return invocations_per_day * rhythm.period_s / _DAY_S


def rhythm_words(rhythm: Rhythm) -> str:
    """`in 3 of 5 periods of 5 minutes`, `in 2 of 3 hours`, `in a day`."""
    period = _WORDS[rhythm.period_s]
    several = period.endswith("s")
    if rhythm.periods == 1:
        return f"in {period}" if several else f"in a {period}"
    unit = f"periods of {period}" if several else f"{period}s"
    return f"in {rhythm.breaching} of {rhythm.periods} {unit}"
