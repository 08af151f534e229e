"""What alarms compare with what, for a person."""

from collections.abc import Iterator

from powertune.units import format_ms, format_share, format_usd, printable
from powertune.watch import (
    CONCURRENCY_RHYTHM,
    THROTTLING_RHYTHM,
    ConcurrencyAlarm,
    FunctionWatch,
    Watch,
    rhythm_words,
)

_HEADER = ("function", "alarm", "above", "when", "from")
_ALL = "(all others)"
Row = tuple[str, str, str, str, str]


def watch_text(watch: Watch) -> str:
    """A line for each alarm, below a header."""
    rows = [_HEADER, *(row for each in watch.functions for row in _rows(each, watch.prices.currency))]
    if watch.unreserved is not None:
        rows.append(_concurrency(_ALL, watch.unreserved, "not reserved in this region"))
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADER))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join(printable(line) for line in lines)


def _rows(watch: FunctionWatch, currency: str) -> Iterator[Row]:
    label, duration, errors = watch.function.label, watch.duration, watch.errors
    least = f"periods of at least {errors.least_invocations} invocations"
    yield label, "errors", format_share(errors.share), rhythm_words(errors.rhythm), least
    yield label, "p95", format_ms(duration.limit_ms), rhythm_words(duration.rhythm), duration.evidence
    yield label, "throttles", "0", rhythm_words(THROTTLING_RHYTHM), ""
    if watch.concurrency is not None:
        yield _concurrency(label, watch.concurrency, "reserved for it")
    yield label, "cost", format_usd(watch.cost.limit, currency), "in a day", watch.cost.evidence


def _concurrency(label: str, alarm: ConcurrencyAlarm, where: str) -> Row:
    return label, "concurrency", f"{alarm.limit:,}", rhythm_words(CONCURRENCY_RHYTHM), f"{alarm.available:,} {where}"
