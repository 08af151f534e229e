"""The log streams that the environments of a run write to: one stream each, named by Lambda. Pure."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class LogOrigin:
    """A function, and one of its versions; None stands for all versions, where they are all the run's own."""

    function: str
    version: str | None = None


def stream_prefixes(
    origin: LogOrigin, log_group: str, *, first: float, last: float, thorough: bool = False
) -> tuple[str, ...]:
    """What the names of the origin's log streams begin with, for environments started in a span of time.

    Lambda names a stream `YYYY/MM/DD/[VERSION]ID` in the function's default log group, and
    `YYYY/MM/DD/FUNCTION[VERSION]ID` in any other (Lambda Developer Guide, "Configuring CloudWatch log groups"). The
    date is that of the environment's start, in UTC.

    Args:
        first, last: seconds since the epoch.
        thorough: the day before as well, and both forms: for an environment that is older than the run, and in case
            a group is not named as expected.
    """
    version = "" if origin.version is None else f"{origin.version}]"
    plain, named = f"[{version}", f"{origin.function}[{version}"
    if origin.version is None:
        forms = [named]  # the plain form would be every stream of the function that owns the group
    elif log_group == f"/aws/lambda/{origin.function}":
        forms = [plain, named] if thorough else [plain]
    else:
        forms = [named, plain] if thorough else [named]
    days = _days(first, last, before=1 if thorough else 0)
    return tuple(f"{day:%Y/%m/%d}/{form}" for form in forms for day in days)


def _days(first: float, last: float, *, before: int) -> tuple[date, ...]:
    """The days of a span, the newest first."""
    start = datetime.fromtimestamp(first, UTC).date() - timedelta(days=before)
    end = datetime.fromtimestamp(last, UTC).date()
    return tuple(end - timedelta(days=number) for number in range((end - start).days + 1))
