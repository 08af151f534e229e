"""What CloudWatch Logs keeps is bounded: events, and metric filters."""

import time
from typing import Any, cast

import pytest
from moto.logs.exceptions import LimitExceededException
from moto.logs.models import logs_backends

from powertune.local.logs.backend import EmbeddedLogs
from powertune.local.logs.installed import install_logs
from powertune.local.logs.models import OVERHEAD_BYTES, Group, Stream, drop_oldest
from powertune.local.logs.timeline import EVENT_BYTES

MESSAGE = "m" * 100
HELD = len(MESSAGE) + EVENT_BYTES + OVERHEAD_BYTES


def stream_of(name: str, times: range) -> Stream:
    stream = Stream(cast(Any, Group)("123456789012", "us-east-1", "/g"), name)
    stream.put_log_events([{"timestamp": at, "message": MESSAGE} for at in times])
    return stream


@pytest.fixture
def logs() -> Any:
    install_logs()
    backend: Any = logs_backends["123456789012"]["eu-west-3"]
    backend.create_log_group("/g", {})
    backend.create_log_stream("/g", "s")
    yield backend
    del logs_backends["123456789012"]


def test_the_oldest_events_go_first_whichever_stream_they_are_in() -> None:
    old, new = stream_of("old", range(1, 1501)), stream_of("new", range(1501, 2001))
    assert old.held_bytes == 1500 * HELD
    drop_oldest([old, new], 1000 * HELD)
    assert [event.timestamp for event in old.timeline] == list(range(1025, 1501))
    assert len(new.timeline) == 500
    assert old.stored_bytes == len(old.timeline) * (len(MESSAGE) + EVENT_BYTES)
    drop_oldest([old, new], 0)
    assert (len(old.timeline), old.timeline.first, new.held_bytes) == (0, None, 0)


def test_what_is_within_the_bound_stays() -> None:
    stream = stream_of("s", range(1, 11))
    drop_oldest([stream], 10 * HELD)
    assert len(stream.timeline) == 10


def test_writing_frees_what_is_beyond_the_bound(logs: EmbeddedLogs) -> None:
    logs.most_bytes = 2000 * HELD
    now = int(time.time() * 1000)
    for batch in range(10):
        events = [{"timestamp": now + batch, "message": MESSAGE} for _ in range(1000)]
        logs.put_log_events("/g", "s", events)
    kept = list(logs.group("/g").streams["s"].events)
    assert 1000 < len(kept) <= 2000
    assert kept[-1].timestamp == now + 9


def test_a_log_group_has_a_hundred_metric_filters_which_go_with_it(logs: EmbeddedLogs) -> None:
    for number in range(100):
        logs.put_metric_filter(f"f{number}", "x", "/g", [])
    logs.put_metric_filter("f1", "y", "/g", [])
    with pytest.raises(LimitExceededException):
        logs.put_metric_filter("one more", "x", "/g", [])
    logs.delete_log_group("/g")
    assert logs.filters.get_matching_filters() == []
