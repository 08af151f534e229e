"""The dashboard: one row for each function, whose charts show the limits of its alarms."""

import json
from collections.abc import Iterator
from typing import Any

from powertune.region_prices import RegionPrices
from powertune.units import format_ms, format_share, format_usd
from powertune.watch.alarms import DAY_S, NAMESPACE
from powertune.watch.cost import DURATION, INVOCATIONS, day_cost_expression
from powertune.watch.model import ConcurrencyAlarm, FunctionWatch, Watch

#: A dashboard is 24 columns wide, and has at most 500 widgets (CloudWatch API Reference, "Dashboard Body Structure
#: and Syntax").
_WIDTH, _CHARTS, _HEIGHT, _HEADING = 24, 6, 6, 2
MOST_WIDGETS, WIDGETS_PER_FUNCTION = 500, _CHARTS + 1
_PERIOD_S = 300
_RED, _GREEN = "#d62728", "#2ca02c"

Widget = dict[str, Any]


def dashboard_body(watch: Watch) -> str:
    """The body, as JSON with a line for each widget, so that a person can read it and compare it with another one."""
    widgets = [widget for number, each in enumerate(watch.functions) for widget in _row(number, each, watch.prices)]
    if watch.unreserved is not None:
        widgets.append(_unreserved(len(watch.functions), watch.unreserved, watch.prices.region))
    lines = ",\n".join(json.dumps(widget, ensure_ascii=False, separators=(",", ":")) for widget in widgets)
    # Without `inherit`, the console replaces the periods by ones that fit the time that is shown.
    return f'{{"start":"-P7D","periodOverride":"inherit","widgets":[\n{lines}\n]}}'


def _row(number: int, watch: FunctionWatch, prices: RegionPrices) -> Iterator[Widget]:
    top, width = number * (_HEADING + _HEIGHT), _WIDTH // _CHARTS
    heading = {"markdown": _heading(watch)}
    yield {"type": "text", "x": 0, "y": top, "width": _WIDTH, "height": _HEADING, "properties": heading}
    for place, properties in enumerate(_charts(watch, prices)):
        yield {
            "type": "metric",
            "x": place * width,
            "y": top + _HEADING,
            "width": width,
            "height": _HEIGHT,
            "properties": {"region": watch.function.region, "period": _PERIOD_S, **properties},
        }


def _heading(watch: FunctionWatch) -> str:
    function, duration = watch.function, watch.duration
    return f"## {function.label}\n{function.configuration}. p95 limit from {duration.evidence}."


def _charts(watch: FunctionWatch, prices: RegionPrices) -> Iterator[Widget]:
    function, currency = watch.function, prices.currency
    yield _chart("Invocations", [_metric(watch, "Invocations", stat="Sum")])
    share = format_share(watch.errors.share)
    yield _chart(f"Errors (alarm above {share} of invocations)", [_metric(watch, "Errors", stat="Sum")])
    percentiles = [_metric(watch, "Duration", stat=stat, label=stat) for stat in ("p50", "p95", "p99")]
    yield _chart(f"Duration at {function.configuration}", percentiles, _duration_lines(watch))
    cost = {"expression": day_cost_expression(function, prices), "label": f"{currency} without INIT"}
    hidden = [
        _metric(watch, name, stat="Sum", id=key, visible=False)
        for name, key in (("Duration", DURATION), ("Invocations", INVOCATIONS))
    ]
    limit = _line(f"alarm above {format_usd(watch.cost.limit, currency)}", watch.cost.limit, _RED)
    yield {**_chart("Cost per day", [[cost], *hidden], [limit]), "period": DAY_S}
    yield _chart("Throttles", [_metric(watch, "Throttles", stat="Sum")])
    running = [NAMESPACE, "ConcurrentExecutions", "FunctionName", function.name, {"stat": "Maximum"}]
    yield _chart("Concurrent executions", [running], _concurrency_lines(watch.concurrency))


def _unreserved(rows: int, alarm: ConcurrencyAlarm, region: str) -> Widget:
    """A row of its own for what all functions share that have no reserved concurrency."""
    metric = [NAMESPACE, "UnreservedConcurrentExecutions", {"stat": "Maximum"}]
    title = f"Concurrent executions of all functions without reserved concurrency, of {alarm.available:,}"
    chart = _chart(title, [metric], _concurrency_lines(alarm))
    place = {"x": 0, "y": rows * (_HEADING + _HEIGHT), "width": _WIDTH, "height": _HEIGHT}
    return {"type": "metric", **place, "properties": {"region": region, "period": _PERIOD_S, **chart}}


def _concurrency_lines(alarm: ConcurrencyAlarm | None) -> list[Widget]:
    return [] if alarm is None else [_line(f"alarm above {alarm.limit:,}", alarm.limit, _RED)]


def _duration_lines(watch: FunctionWatch) -> list[Widget]:
    alarm = watch.duration
    limit = _line(f"alarm above {format_ms(alarm.limit_ms)}", alarm.limit_ms, _RED)
    if alarm.reference_ms is None:
        return [limit]
    whose = f"tuned p95 at {watch.function.configuration.memory_mb} MB" if alarm.tuned else "p95 of two weeks"
    return [_line(f"{whose}: {format_ms(alarm.reference_ms)}", alarm.reference_ms, _GREEN), limit]


def _metric(watch: FunctionWatch, name: str, **options: Any) -> list[Any]:
    dimensions = [part for dimension in watch.function.dimensions for part in dimension]
    return [NAMESPACE, name, *dimensions, options]


def _chart(title: str, metrics: list[list[Any]], lines: list[Widget] | None = None) -> Widget:
    annotations = {"annotations": {"horizontal": lines}} if lines else {}
    return {"title": title, "metrics": metrics, **annotations}


def _line(label: str, value: float, color: str) -> Widget:
    return {"label": label, "value": value, "color": color}
