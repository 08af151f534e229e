"""What a person is told whose budget ended a run without an answer."""

import re
from dataclasses import replace
from typing import Any

import pytest
from factories import make_function, make_measurement, make_prices, make_run

from powertune.analysis import analyze
from powertune.analysis.budget import budget_end
from powertune.errors import Inconclusive
from powertune.estimate import worst_cost
from powertune.model import Configuration, Goal, TuningRun

PRICES = make_prices()


def ended(limit: float | None = 0.0001, stopped: str = "budget", **function: Any) -> TuningRun:
    """A run of two sizes that ended after one invocation."""
    run = make_run(
        measurements=(make_measurement(memory_mb=128, durations=[]), make_measurement(memory_mb=1024, durations=[])),
        function=make_function(**function),
        stopped=stopped,
    )
    return replace(run, design=replace(run.design, max_spend=limit))


def test_what_was_spent_what_is_set_aside_and_an_amount_that_leaves_room_are_named() -> None:
    run = ended(timeout_s=3)
    failure = analyze(run, PRICES, Goal()).failure
    assert isinstance(failure, Inconclusive)
    assert re.search(
        r"nothing can be compared; --max-spend 0\.0001 ended the run after \$0\.\d+: before each invocation, what it "
        r"costs if it runs into its timeout of 3 s is set aside, \$0\.0002\d* at 1,?024 MB x86_64$",
        failure.message,
    )
    assert failure.hint is not None
    named = re.match(r"--max-spend (\S+) for this function leaves room for 10 more invocations of ", failure.hint)
    assert named is not None
    largest = Configuration(memory_mb=1024, architecture=run.function.architecture)
    reserved = worst_cost(largest, run.function, PRICES)
    assert 0.0001 + 10 * reserved <= float(named[1]) <= 1.11 * (0.0001 + 10 * reserved)


@pytest.mark.parametrize(("limit", "stopped"), [(None, "budget"), (0.0001, "complete")])
def test_nothing_is_said_where_the_budget_did_not_end_the_run_or_is_not_known(
    limit: float | None, stopped: str
) -> None:
    assert budget_end(ended(limit, stopped), PRICES, 0.0) is None


def test_what_was_spent_is_left_out_where_it_is_not_known() -> None:
    end = budget_end(ended(), PRICES, None)
    assert end is not None
    assert "ended the run: before" in end.explanation
