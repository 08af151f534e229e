"""A client's regular expression neither holds the server nor runs for ever."""

import threading
import time
from types import SimpleNamespace
from typing import Any, cast

import pytest
from moto.logs.exceptions import InvalidParameterException

from powertune.local.logs.client_regex import ClientRegex, TooSlowError
from powertune.local.logs.models import Group, Stream
from powertune.local.logs.patterns import filter_pattern

#: Each `a` doubles the ways in which it does not match.
ENDLESS, TEXT = "(a|aa)+$", "a" * 60 + "b"
#: Filter patterns have no groups; each `a+` multiplies the ways by the length of the text.
SLOW_PATTERN, SLOW_TEXT = "%a+a+a+a+a+a+a+$%", "a" * 3000 + "b"


def test_one_that_backtracks_without_end_is_given_up() -> None:
    with pytest.raises(TooSlowError, match=r"^.*'\(a\|aa\)\+\$' takes too long"):
        ClientRegex.parse(ENDLESS).search(TEXT, limit_s=0.01)


@pytest.mark.long
def test_a_filter_pattern_that_takes_too_long_is_a_fault_of_the_request() -> None:
    with pytest.raises(InvalidParameterException, match="takes too long"):
        filter_pattern(SLOW_PATTERN)(SLOW_TEXT)


@pytest.mark.long
def test_who_writes_is_not_refused_for_a_slow_subscription(caplog: pytest.LogCaptureFixture) -> None:
    group: Any = cast(Any, Group)("123456789012", "us-east-1", "/g")
    group.subscription_filters = {"slow": SimpleNamespace(name="slow", filter_pattern=SLOW_PATTERN)}
    stream = Stream(group, "s")
    stream.put_log_events([{"timestamp": 1, "message": SLOW_TEXT}])
    assert [event.message for event in stream.timeline] == [SLOW_TEXT]
    assert "events of /g not sent to slow" in caplog.text


@pytest.mark.long
def test_other_threads_go_on_meanwhile() -> None:
    def search() -> None:
        with pytest.raises(TooSlowError):
            ClientRegex.parse(ENDLESS).search(TEXT, limit_s=2)

    thread, turns = threading.Thread(target=search), 0
    thread.start()
    while thread.is_alive():
        time.sleep(0.001)
        turns += 1
    assert turns > 20
