"""Time that passes only while all threads wait, and real runs in it."""

from queue import Empty
from types import ModuleType
from typing import Any

import pytest

from benchmarks.search_policies.curves import Curve
from benchmarks.search_policies.goals import Aim
from benchmarks.search_policies.simulation import Conditions, CurveFunction
from benchmarks.wall_time.experiment import CURRENT_MB, Way, of_duration, table, wait_for
from benchmarks.wall_time.simulated_lambda import Latencies
from benchmarks.wall_time.simulated_time import SimulatedTime


def module_of(time: SimulatedTime) -> Any:
    """A module as one that has imported what waits."""
    module: Any = ModuleType("waiting")
    module.SimpleQueue = module.Thread = module.Lock = None
    return module


def test_threads_sleep_at_the_same_time() -> None:
    time, seen = SimulatedTime(0.0), list[tuple[str, float]]()
    module = module_of(time)
    with time.in_modules([module]):

        def work(name: str, seconds: float) -> None:
            time.sleep(seconds)
            seen.append((name, time()))

        threads = [module.Thread(target=work, args=each) for each in (("slow", 3.0), ("fast", 1.0))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
            assert not thread.is_alive()
    assert seen == [("fast", 1.0), ("slow", 3.0)]
    assert module.Thread is None


def test_queues_and_joins_wait_no_longer_than_they_are_told() -> None:
    time = SimulatedTime(0.0)
    module = module_of(time)
    with time.in_modules([module]):
        queue = module.SimpleQueue()
        with pytest.raises(Empty):
            queue.get(timeout=0.5)
        assert time() == 0.5

        def put() -> None:
            time.sleep(2.0)
            queue.put("late")

        thread = module.Thread(target=put)
        thread.start()
        thread.join(1.0)
        assert thread.is_alive()
        assert (time(), queue.get(), time()) == (1.5, "late", 2.5)


def test_a_lock_lets_one_in_after_the_other() -> None:
    time, seen = SimulatedTime(0.0), list[float]()
    module = module_of(time)
    with time.in_modules([module]):
        lock = module.Lock()

        def work() -> None:
            with lock:
                time.sleep(1.0)
                seen.append(time())

        threads = [module.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert seen == [1.0, 2.0, 3.0]


def test_threads_that_all_wait_for_each_other_are_found_out() -> None:
    time = SimulatedTime(0.0)
    module = module_of(time)
    with time.in_modules([module]), pytest.raises(RuntimeError, match="every thread waits"):
        module.SimpleQueue().get()


FUNCTION = CurveFunction.of(
    of_duration(
        Curve(
            id="cpu", source="s", points=((128, 4500.0), (256, 1900.0), (512, 800.0), (1024, 600.0), (3008, 580.0))
        ),
        200.0,
    ),
    Conditions(),
)


def test_a_function_is_as_fast_as_it_is_told_to_be() -> None:
    (land,) = FUNCTION.landscapes.values()
    assert land.durations[land.at(CURRENT_MB)] == pytest.approx(200.0, rel=0.001)


@pytest.mark.parametrize("isolate", [False, True])
def test_a_run_takes_the_same_time_whenever_it_is_simulated(isolate: bool) -> None:
    way = Way(search="adaptive", isolate=isolate)
    first, second = (wait_for(FUNCTION, Aim.COST, way, Latencies(), 1) for _ in range(2))
    assert first == second
    assert first.publications <= 8
    assert first.total_s > first.answer_s > 3.0 * (first.publications - 1)
    assert str(way) in table(Aim.COST, {way: [first, second]})


def test_a_grid_takes_its_publications_one_after_the_other() -> None:
    waited = wait_for(FUNCTION, Aim.COST, Way(search="grid"), Latencies(), 1)
    assert waited.publications == 6
    assert waited.invocations == 6 * 14
    each_s = 0.2 + 2.0 + 1.0
    assert 6 * each_s < waited.answer_s < 6 * each_s + 12.0
    quick = wait_for(FUNCTION, Aim.COST, Way(search="grid"), Latencies(update_s=0.5, publish_s=0.2), 1)
    assert quick.answer_s < waited.answer_s - 6 * 2.0
