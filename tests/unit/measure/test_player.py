"""Two functions played in one run: interleaved, each within its own limit, and what happens when one fails."""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from factories import make_configuration
from fakes import FakeTarget, invocation

from powertune.errors import AccessDenied, SizeRefused
from powertune.measure import Publishing
from powertune.measure.player import Player, Side
from powertune.measure.rounds import Job, Place
from powertune.model import Configuration, Invocation, Payload, Workload

ONE, TWO = make_configuration(512), make_configuration(1024)
WORKLOAD = Workload(payloads=(Payload(body=b"1"), Payload(body=b"2")))
#: How long a test waits for a thread that will come, before it fails.
PATIENCE_S = 30.0


@dataclass
class RecordingKeeper:
    """A `Keeper` that keeps what it was told, and pays for a number of jobs."""

    budget: int = 1000
    events: list[str] = field(default_factory=list)
    ended: list[tuple[Job, Invocation]] = field(default_factory=list)

    def pays_for(self, job: Job) -> bool:
        self.budget -= 1
        return self.budget >= 0

    def waiting(self, place: Place, what: str) -> None:
        self.events.append(f"{place.side} {place.configuration.memory_mb} {what}")

    def published(self, place: Place) -> None:
        self.events.append(f"{place.side} {place.configuration.memory_mb} published")

    def refused(self, place: Place, refused: SizeRefused) -> None:
        self.events.append(f"{place.side} {place.configuration.memory_mb} {refused.message}")

    def invoked(self, job: Job, invocation: Invocation) -> None:
        self.ended.append((job, invocation))


class GatedTarget(FakeTarget):
    """A target whose invocations end only when the gate is opened; notes how many were under way at once."""

    def __init__(self, gate: threading.Barrier) -> None:
        super().__init__()
        self.gate = gate
        self.under_way = 0
        self.most = 0

    def invoke(self, configuration: Configuration, payload: bytes, lane: int) -> Invocation:
        with self._lock:
            self.under_way += 1
            self.most = max(self.most, self.under_way)
        self.gate.wait(PATIENCE_S)
        with self._lock:
            self.under_way -= 1
        return super().invoke(configuration, payload, lane)


def side(target: FakeTarget, concurrency: int = 1) -> Side:
    return Side(target=target, workload=WORKLOAD, concurrency=concurrency)


def job(name: str, configuration: Configuration = ONE, lane: int = 0, payload: int = 0) -> Job:
    return Job(name, configuration, payload, lane)


def every_place(*names: str) -> list[Place]:
    return [Place(name, configuration) for name in names for configuration in (ONE, TWO)]


def by(log: list[str], name: str) -> Callable[[int, int], Invocation]:
    """A behaviour that notes whose turn it was."""

    def behave(memory_mb: int, turn: int) -> Invocation:
        log.append(f"{name} {memory_mb}")
        return invocation(100.0, memory_mb=memory_mb)

    return behave


def test_two_functions_are_published_and_invoked_each_by_its_own_target() -> None:
    baseline, candidate, keeper = FakeTarget(), FakeTarget(limit_mb=512), RecordingKeeper()
    player = Player({"baseline": side(baseline), "candidate": side(candidate)}, keeper)
    player.publish("baseline", (ONE, TWO))
    player.publish("candidate", (ONE, TWO))
    jobs = [job(name, configuration, payload=1) for configuration in (ONE, TWO) for name in ("baseline", "candidate")]
    assert player.play(jobs)
    assert [event for event in baseline.events if event.startswith("invoke")] == ["invoke 512 2", "invoke 1024 2"]
    assert [event for event in candidate.events if event.startswith("invoke")] == ["invoke 512 2"]
    assert "candidate 1024 at most 512 MB" in keeper.events
    assert Counter(ended.side for ended, _ in keeper.ended) == {"baseline": 2, "candidate": 1}
    assert {made.payload for _, made in keeper.ended} == {1}
    # What was refused once is not waited for again.
    assert player.play([job("candidate", TWO)])


def test_jobs_of_two_functions_are_interleaved_in_the_order_that_is_asked_for() -> None:
    log: list[str] = []
    sides = {"a": side(FakeTarget(by(log, "a")), 1), "b": side(FakeTarget(by(log, "b")), 1)}

    class OneByOne(RecordingKeeper):
        """Pays for a job only once the one before has ended: so the order of jobs is that of invocations."""

        started = 0

        def pays_for(self, job: Job) -> bool:
            paid = self.started == len(self.ended)
            self.started += paid
            return paid

    player = Player(sides, OneByOne(), every_place("a", "b"))
    order = ["a 512", "b 512", "b 1024", "a 1024", "b 512", "a 512"]
    jobs = [job(name, {"512": ONE, "1024": TWO}[size]) for name, size in map(str.split, order)]
    assert player.play(jobs)
    assert log == order


def test_a_function_at_its_limit_does_not_keep_the_other_one_waiting() -> None:
    # Three pass the gate together: one of a, whose limit is one, and both of b, although three of a come first.
    gate = threading.Barrier(3)
    a, b, keeper = GatedTarget(gate), GatedTarget(gate), RecordingKeeper()
    player = Player({"a": side(a, 1), "b": side(b, 2)}, keeper, every_place("a", "b"))
    jobs = [*(job("a", lane=lane) for lane in range(3)), *(job("b", lane=lane) for lane in range(6))]
    assert player.play(jobs)
    assert (a.most, b.most) == (1, 2)
    assert Counter(ended.side for ended, _ in keeper.ended) == {"a": 3, "b": 6}
    assert [ended.lane for ended, _ in keeper.ended if ended.side == "a"] == [0, 1, 2]


@pytest.mark.parametrize("where", ["publish", "invoke"])
def test_one_function_that_fails_ends_both_and_what_the_other_has_measured_is_kept(where: str) -> None:
    good, bad, keeper = FakeTarget(), FakeTarget(), RecordingKeeper()
    ended = threading.Event()

    def fail(*_: Any) -> Any:
        assert ended.wait(PATIENCE_S)
        raise AccessDenied("denied")

    def invoke(configuration: Configuration, payload: bytes, lane: int) -> Invocation:
        made = FakeTarget.invoke(good, configuration, payload, lane)
        ended.set()
        return made

    setattr(bad, where, fail)
    good.invoke = invoke  # type: ignore[method-assign]
    player = Player({"good": side(good), "bad": side(bad)}, keeper, [Place("good", ONE)])
    player.publish("bad", (ONE,))
    with pytest.raises(AccessDenied):
        player.play([job("good"), job("bad")])
    player.drain()
    assert [each.side for each, _ in keeper.ended] == ["good"]


def test_a_budget_that_ends_lets_what_is_under_way_end() -> None:
    a, b, keeper = FakeTarget(), FakeTarget(), RecordingKeeper(budget=3)
    player = Player({"a": side(a, 2), "b": side(b, 2)}, keeper, every_place("a", "b"))
    assert not player.play([job(name, lane=lane) for lane in range(4) for name in ("a", "b")])
    assert len(keeper.ended) == 3


def test_a_disturbed_invocation_is_made_again_on_its_own_side() -> None:
    def disturbed(memory_mb: int, turn: int) -> Invocation:
        return replace(invocation(100.0, memory_mb=memory_mb), waited_ms=5.0 if turn == 0 else None)

    calm, busy, keeper = FakeTarget(), FakeTarget(disturbed), RecordingKeeper()
    player = Player({"calm": side(calm), "busy": side(busy)}, keeper, every_place("calm", "busy"))
    assert player.play([job("busy"), job("calm")])
    assert Counter(ended.side for ended, _ in keeper.ended) == {"busy": 2, "calm": 1}
    assert [ended.disturbed for ended, _ in keeper.ended if ended.side == "busy"] == [0, 1]


def test_a_side_is_published_batch_after_batch() -> None:
    published: list[Sequence[Configuration]] = []
    first, second = threading.Event(), threading.Event()

    class Slow(FakeTarget):
        def publish(self, configurations: Sequence[Configuration], publishing: Publishing) -> None:
            if not published:
                assert first.wait(PATIENCE_S)
            published.append(configurations)
            super().publish(configurations, publishing)
            second.set()

    player = Player({"a": side(Slow())}, RecordingKeeper())
    player.publish("a", (ONE,))
    player.publish("a", (TWO,))
    assert not second.is_set()
    first.set()
    assert player.play([job("a", ONE), job("a", TWO)])
    assert published == [(ONE,), (TWO,)]


def test_a_lane_of_a_place_has_one_invocation_under_way_and_others_pass_it() -> None:
    under_way: Counter[tuple[Configuration, int]] = Counter()
    most: list[int] = []

    class Watching(FakeTarget):
        def invoke(self, configuration: Configuration, payload: bytes, lane: int) -> Invocation:
            with self._lock:
                under_way[configuration, lane] += 1
                most.append(max(under_way.values()))
            made = super().invoke(configuration, payload, lane)
            with self._lock:
                under_way[configuration, lane] -= 1
            return made

    keeper = RecordingKeeper()
    player = Player({"a": side(Watching(), concurrency=8)}, keeper, every_place("a"))
    jobs = [job("a", configuration, lane) for _ in range(5) for configuration in (ONE, TWO) for lane in (0, 1)]
    assert player.play(jobs)
    assert Counter(each for each, _ in keeper.ended) == Counter(jobs)
    assert max(most) == 1


def test_what_is_published_or_refused_is_known() -> None:
    player = Player({"a": side(FakeTarget(limit_mb=600))}, RecordingKeeper())
    places = every_place("a")
    assert [player.is_published(place) for place in places] == [False, False]
    player.publish("a", (ONE, TWO))
    assert player.play([job("a", ONE), job("a", TWO)])
    assert [player.is_published(place) for place in places] == [True, True]
