"""The names of kept scans: in the order of time, and never the same one twice."""

import re
from collections.abc import Container, Iterable
from datetime import UTC, datetime, timedelta
from itertools import count

_NAME = re.compile(r"scan-(?P<moment>\d{8}T\d{6}Z)(?:-(?P<number>[1-9]\d{0,5}))?\.json", re.ASCII)
_FORMAT = "%Y%m%dT%H%M%SZ"


def scan_name(scanned_at: float, taken: Container[str] = ()) -> str:
    """`scan-20261127T142100Z.json`, in UTC; `scan-20261127T142100Z-2.json` where that name is taken.

    Args:
        scanned_at: seconds since the epoch.
        taken: names that there are already.

    Raises:
        ValueError: that is no moment of a calendar.
    """
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(scanned_at))
    except OverflowError as error:
        raise ValueError(f"{scanned_at} is beyond all calendars") from error
    stem = f"scan-{moment:{_FORMAT}}"
    names = (f"{stem}.json" if number == 1 else f"{stem}-{number}.json" for number in count(1))
    return next(name for name in names if name not in taken)


def newest_first(names: Iterable[str], before: float | None = None) -> tuple[str, ...]:
    """Of all names, those of scans, the newest first.

    Args:
        before: seconds since the epoch; only scans that were made earlier than that, to the second.
    """
    limit = None if before is None else scan_name(before).removeprefix("scan-").removesuffix(".json")
    found = [(match["moment"], int(match["number"] or 1), name) for name in names if (match := _NAME.fullmatch(name))]
    return tuple(name for moment, _, name in sorted(found, reverse=True) if limit is None or moment < limit)
