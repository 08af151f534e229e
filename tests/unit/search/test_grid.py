from collections.abc import Callable

import pytest
from fakes import invocation
from hypothesis import given
from hypothesis import strategies as st

from powertune.model import Architecture, Configuration, Invocation, Invocations, Measurement, Population, Status
from powertune.search import Stop
from powertune.search.grid import Grid

SMALL, LARGE = (Configuration(memory_mb=mb, architecture=Architecture.X86_64) for mb in (128, 1024))


def play(
    grid: Grid, behave: Callable[[Configuration, int, int], Invocation]
) -> dict[Configuration, list[Invocation]]:
    """Invoke whatever the grid proposes, until it stops."""
    done: dict[Configuration, list[Invocation]] = {}
    for _ in range(1000):
        measured = {c: Measurement(configuration=c, invocations=Invocations.of(items)) for c, items in done.items()}
        proposal = grid.propose(measured)
        if isinstance(proposal, Stop):
            assert proposal.reason == "complete"
            return done
        for trial in proposal.trials:
            assert 0 < trial.invocations <= grid.lanes
            items = done.setdefault(trial.configuration, [])
            for lane in range(trial.invocations):
                items.append(behave(trial.configuration, len(items), lane))
    raise AssertionError("the grid never stops")


def usual(configuration: Configuration, turn: int, lane: int) -> Invocation:
    return invocation(10.0, lane=lane, init_ms=100.0 if turn < 4 else None)


@pytest.mark.long
@given(invocations=st.integers(1, 60), lanes=st.integers(1, 8), warm_starts=st.integers(0, 8))
def test_every_size_gets_its_warm_samples_and_no_more(invocations: int, lanes: int, warm_starts: int) -> None:
    grid = Grid(configurations=(SMALL, LARGE), invocations=invocations, lanes=lanes)
    done = play(
        grid,
        lambda c, turn, lane: invocation(10.0, lane=lane, init_ms=100.0 if warm_starts <= turn < lanes else None),
    )
    for items in done.values():
        assert Invocations.of(items).count(Population.WARM) == invocations
        assert len(items) == invocations + lanes


def test_a_cold_start_in_the_middle_is_replaced() -> None:
    grid = Grid(configurations=(SMALL,), invocations=10, lanes=2)
    done = play(grid, lambda c, turn, lane: invocation(1.0, lane=lane, init_ms=9.0 if turn in (0, 1, 5) else None))
    assert Invocations.of(done[SMALL]).count(Population.WARM) == 10
    assert len(done[SMALL]) == 13


def test_a_size_that_is_always_cold_is_given_up() -> None:
    grid = Grid(configurations=(SMALL,), invocations=10, lanes=2)
    done = play(grid, lambda c, turn, lane: invocation(1.0, lane=lane, init_ms=9.0))
    assert len(done[SMALL]) == 2 * 10 + 2


def test_an_infeasible_size_gets_no_more_and_the_others_go_on() -> None:
    grid = Grid(configurations=(SMALL, LARGE), invocations=10, lanes=4)

    def behave(configuration: Configuration, turn: int, lane: int) -> Invocation:
        status = Status.OUT_OF_MEMORY if configuration == SMALL else Status.OK
        return invocation(1.0, lane=lane, status=status, init_ms=9.0 if turn < 4 else None)

    done = play(grid, behave)
    assert (len(done[SMALL]), len(done[LARGE])) == (4, 14)


def test_a_failure_now_and_then_is_counted_and_not_replaced() -> None:
    grid = Grid(configurations=(SMALL,), invocations=10, lanes=2)
    done = play(
        grid,
        lambda c, turn, lane: invocation(
            1.0, lane=lane, init_ms=9.0 if turn < 2 else None, status=Status.ERROR if turn == 6 else Status.OK
        ),
    )
    assert len(done[SMALL]) == 12


def test_a_size_that_this_account_may_not_use_is_left_out() -> None:
    grid = Grid(configurations=(SMALL,), invocations=10, lanes=2)
    measured = {SMALL: Measurement(configuration=SMALL, unmeasured="not allowed")}
    assert grid.propose(measured) == Stop(reason="complete")
