"""What is due next, by a clock that is advanced."""

import threading
from collections.abc import Iterator

import pytest

from powertune.local.scheduler.agenda import Agenda
from powertune.local.scheduler.timetable import Timetable, parse_expression

BEGIN = 1_795_790_000.25
"""2026-11-27, with a fraction of a second as clocks have it."""


class Clock:
    """A clock that stands still, so that only `advance` moves an agenda."""

    def __call__(self) -> float:
        return BEGIN


@pytest.fixture
def agenda() -> Iterator[Agenda]:
    made = Agenda(Clock())
    yield made
    made.close()


def _every(expression: str, end: float | None = None) -> Timetable:
    return Timetable(expression=parse_expression(expression), start=BEGIN + 60, end=end)


def test_invocations_come_in_the_order_of_their_times(agenda: Agenda) -> None:
    found: list[tuple[str, float]] = []
    for name, expression in (("b", "rate(2 minutes)"), ("a", "rate(3 minutes)")):
        agenda.enter(name, _every(expression), lambda at, name=name: found.append((name, at - BEGIN)))  # type: ignore[misc]
    assert agenda.advance(59) == 0
    assert agenda.advance(241) == 5
    assert found == [("a", 60), ("b", 60), ("b", 180), ("a", 240), ("b", 300)]
    assert agenda.now - BEGIN == 300


def test_what_is_entered_again_unchanged_goes_on_as_before(agenda: Agenda) -> None:
    found: list[str] = []
    rate = Timetable(expression=parse_expression("rate(5 minutes)"))
    # It is due at once: the thread may invoke it, or who advances the clock.
    agenda.enter("a", rate, lambda _: found.append("old"))
    agenda.advance(60)
    agenda.enter("a", rate, lambda _: found.append("new"))
    agenda.advance(239)
    assert found == ["old"]
    agenda.advance(1)
    assert found == ["old", "new"]
    # Another rate begins at once, too.
    agenda.enter("a", Timetable(expression=parse_expression("rate(6 minutes)")), lambda _: found.append("other"))
    agenda.advance(0)
    assert found == ["old", "new", "other"]


def test_what_is_disabled_or_removed_is_not_invoked(agenda: Agenda) -> None:
    found: list[float] = []
    agenda.enter("a", _every("rate(1 minute)"), found.append)
    agenda.enter("a", None, found.append)
    agenda.enter("b", _every("rate(1 minute)"), found.append)
    agenda.remove("b")
    assert (agenda.advance(600), found) == (0, [])


def test_the_end_is_told_once(agenda: Agenda) -> None:
    found: list[str] = []
    table = _every("rate(1 minute)", end=BEGIN + 120)
    agenda.enter("a", table, lambda _: found.append("invoked"), lambda: found.append("complete"))
    assert agenda.advance(600) == 2
    assert found == ["invoked", "invoked", "complete"]


def test_a_thread_invokes_what_is_due_and_ends_with_the_agenda() -> None:
    agenda, invoked = Agenda(), threading.Event()
    agenda.enter("a", Timetable(expression=parse_expression("rate(1 day)")), lambda _: invoked.set())
    assert invoked.wait(20)
    agenda.close()
    assert "schedules" not in [each.name for each in threading.enumerate()]
