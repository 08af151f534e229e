"""JSONata: each evaluation has its own time."""

import time

import pytest
from jsonata.timebox import Timebox

from powertune.local.stepfunctions.queries import QueryError, evaluate


def test_an_expression_may_be_evaluated_again_long_after_it_was_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert evaluate("$n + 1", {"n": 1}) == 2
    later = time.time() + 3600
    monkeypatch.setattr(Timebox, "current_milli_time", staticmethod(lambda: int(later * 1000)))
    assert evaluate("$n + 1", {"n": 2}) == 3


def test_an_expression_that_goes_on_for_ever_is_ended() -> None:
    with pytest.raises(QueryError, match="threw an error"):
        evaluate("($again := function($n) { $again($n + 1) }; $again(0))", {})
