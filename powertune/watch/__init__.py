"""Watching tuned functions: from evidence to limits, and from limits to alarms and a dashboard. Asks nobody."""

from powertune.watch.alarms import CONCURRENCY_RHYTHM, THROTTLING_RHYTHM
from powertune.watch.bill import WatchBill, watch_bill
from powertune.watch.limits import RunEvidence, WatchEvidence, make_watch
from powertune.watch.model import (
    ConcurrencyAlarm,
    CostAlarm,
    DurationAlarm,
    ErrorAlarm,
    FunctionWatch,
    ProductionUse,
    Rhythm,
    UsedDay,
    Watch,
    WatchedFunction,
)
from powertune.watch.percentile import SampleP95, sample_p95
from powertune.watch.rhythms import rhythm_words
from powertune.watch.template import (
    DASHBOARD_OUTPUT,
    MOST_INLINE_BYTES,
    TOPIC_PARAMETER,
    watch_template,
)
from powertune.watch.writing import template_json, template_request, template_yaml

__all__ = [
    "CONCURRENCY_RHYTHM",
    "DASHBOARD_OUTPUT",
    "MOST_INLINE_BYTES",
    "THROTTLING_RHYTHM",
    "TOPIC_PARAMETER",
    "ConcurrencyAlarm",
    "CostAlarm",
    "DurationAlarm",
    "ErrorAlarm",
    "FunctionWatch",
    "ProductionUse",
    "Rhythm",
    "RunEvidence",
    "SampleP95",
    "UsedDay",
    "Watch",
    "WatchBill",
    "WatchEvidence",
    "WatchedFunction",
    "make_watch",
    "rhythm_words",
    "sample_p95",
    "template_json",
    "template_request",
    "template_yaml",
    "watch_bill",
    "watch_template",
]
