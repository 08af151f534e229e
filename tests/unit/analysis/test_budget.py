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
from powertune.model import Architecture, Batch, Configuration, Exploration, Goal, Trial, TuningRun
from powertune.units import format_usd

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
        r"nothing can be compared; the limit of \$0\.0001 for this function ended the run after \$0\.\d+: before "
        r"each invocation, what it costs if it runs into its timeout of 3 s is set aside, "
        r"\$0\.0002\d* at 1,?024 MB x86_64$",
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


def batch(*memory_mb: int) -> Batch:
    return Batch(
        trials=tuple(Trial(configuration=configuration(each), invocations=2) for each in memory_mb), why="the curve"
    )


def configuration(memory_mb: int) -> Configuration:
    return Configuration(memory_mb=memory_mb, architecture=Architecture.X86_64)


@pytest.mark.parametrize(
    ("batches", "measured", "named"),
    [
        ((batch(128, 1024), batch(256, 512)), (128, 1024), 512),
        ((batch(256, 3072),), (256,), 256),
        ((), (128, 1024), 1024),
        ((), (), 10_240),
    ],
)
def test_a_search_names_the_largest_size_that_its_budget_did_not_pay_for(
    batches: tuple[Batch, ...], measured: tuple[int, ...], named: int
) -> None:
    run = ended()
    search = Exploration(smallest_mb=128, largest_mb=10_240, architectures=(Architecture.X86_64,))
    refused = make_measurement(memory_mb=3072, durations=[], cold=0, unmeasured="the account has no such size")
    run = replace(
        run,
        design=replace(run.design, search=search),
        batches=batches,
        measurements=(*(make_measurement(memory_mb=each, durations=[]) for each in measured), refused),
    )
    end = budget_end(run, PRICES, 0.0)
    assert end is not None
    size = configuration(named)
    assert end.explanation.endswith(f"{format_usd(worst_cost(size, run.function, PRICES))} at {size}")
    assert end.hint.endswith(f"invocations of {size}")


def test_no_amount_is_named_as_an_option_that_nobody_may_have_given() -> None:
    end = budget_end(ended(0.05), PRICES, 0.04)
    assert end is not None
    assert end.explanation.startswith("the limit of $0.05 for this function ended the run after $0.04: ")
