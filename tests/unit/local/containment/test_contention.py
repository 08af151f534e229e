"""Whether somebody was in the way of an invocation."""

import os
from pathlib import Path

import pytest

from powertune.local.containment import contention
from powertune.local.containment.cell import Throttling
from powertune.local.containment.contention import Snapshot, between


def seen(cpu: float, waited: float, periods: int = 0, throttled: int = 0, lost: float = 0.0) -> Snapshot:
    account = Throttling(periods=periods, throttled=throttled, throttled_ms=lost)
    return Snapshot(cpu_ms=cpu, waited_ms={1: waited}, throttling=account)


@pytest.mark.parametrize(
    ("after", "duration_ms", "stolen_ms", "waited_ms"),
    [
        (seen(4, 0), 4.2, 0, 0),  # alone
        (seen(4, 3), 7.1, 0, 3),  # somebody else ran for 3 ms
        (seen(1, 0), 200, 0, 0),  # it slept
        (seen(500, 1220, 86, 86, 1220), 1720, 0, 0),  # throttled in every period
        (seen(500, 1500, 86, 86, 1220), 1720, 0, 0),  # and disturbed where that made no difference
        (seen(8, 30, 2, 1, 12), 30, 0, 5),  # half of the periods were its own to use
        (seen(100, 100), 100, 0, 0),  # two threads that wait for each other
        (seen(100, 0), 110, 10, 0),  # one tick may be chance
        (seen(100, 0), 150, 50, 50),  # the host ran another guest
    ],
)
def test_who_was_in_the_way(after: Snapshot, duration_ms: float, stolen_ms: float, waited_ms: float) -> None:
    found = between(seen(0, 0), after, duration_ms=duration_ms, stolen_ms=stolen_ms, spread=1)
    assert found.waited_ms == pytest.approx(waited_ms)
    assert found.cpu_ms == after.cpu_ms


def test_counters_are_read_per_thread(tmp_path: Path) -> None:
    task = tmp_path / "7" / "task"
    for thread, text in (("7", "100 2000000 3\n"), ("8", "1 500000 1\n")):
        (task / thread).mkdir(parents=True)
        (task / thread / "schedstat").write_text(text)
    (task / "9").mkdir()
    assert contention.waited_ms([7, 1], tmp_path) == {7: 2.0, 8: 0.5}
    assert contention.waited_ms([1], tmp_path) == {}


def test_stolen_time_is_that_of_the_processors(tmp_path: Path) -> None:
    stat = tmp_path / "stat"
    stat.write_text("cpu  1 2 3 4 5 6 7 30\ncpu0 1 2 3 4 5 6 7 10\ncpu1 1 2 3 4 5 6 7 20\nintr 1\n")
    tick = 1000 / os.sysconf("SC_CLK_TCK")
    assert contention.stolen_ms([1], stat) == 20 * tick
    assert contention.stolen_ms([0, 1], stat) == 30 * tick
    assert contention.stolen_ms([0], tmp_path / "none") == 0


def test_stolen_time_is_read_once_per_tick() -> None:
    readings = iter((30.0, 40.0))
    now = [0.0]
    stolen = contention.StolenTime(lambda: now[0], lambda _: next(readings))
    found = []
    for _ in range(3):
        found.append(stolen.of(frozenset({1})))
        now[0] += 0.6 / os.sysconf("SC_CLK_TCK")
    assert found == [30.0, 30.0, 40.0]
