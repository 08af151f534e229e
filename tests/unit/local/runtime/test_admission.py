"""Admission: nobody slows another, nobody starves, nobody is refused."""

import threading
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from machines import until

from powertune.local.functions import Function
from powertune.local.runtime.admission import LOOK_S, TRUSTED_S, Admission, Claim, Ledger
from powertune.local.runtime.demand import TOLERANCE, Demand, Uses

ONE, TWO = (1,), (1, 2)
UNKNOWN = Demand(cpus=0.3)
COMPUTING = Demand(cpus=0.3, cpu_ms=4, duration_ms=4.5)
THROTTLED = Demand(cpus=0.29, cpu_ms=500, duration_ms=1720)
SLEEPING = Demand(cpus=0.3, cpu_ms=1, duration_ms=200)

DEMANDS = st.builds(
    lambda cpus, cpu_ms, waiting_ms: Demand(
        cpus=cpus, cpu_ms=cpu_ms, duration_ms=cpu_ms * max(1.0, 1 / cpus) + waiting_ms
    ),
    st.floats(0.05, 6.0),
    st.floats(0.1, 1000),
    st.floats(0, 1000),
) | st.builds(Demand, cpus=st.floats(0.05, 6.0))


def together(demand: Demand, cores: tuple[int, ...] = ONE, asked: int = 200) -> int:
    """How many of `asked` that ask at the same time run side by side."""
    ledger = Ledger(cores)
    for _ in range(asked):
        ledger.request(Claim(demand=demand))
    return len(ledger.running)


def test_who_computes_has_a_processor_alone() -> None:
    assert together(COMPUTING) == 1
    assert together(COMPUTING, TWO) == 2
    assert together(UNKNOWN) == 1


def test_who_waits_shares_one() -> None:
    assert 50 < together(SLEEPING) < 200
    assert together(Demand(cpus=0.3, cpu_ms=1, duration_ms=20)) > 3


def test_quotas_of_throttled_ones_fit_into_a_processor() -> None:
    assert together(THROTTLED) == 3
    assert together(Demand(cpus=0.0724, cpu_ms=500, duration_ms=6900)) == 12


def test_a_short_one_is_not_put_beside_throttled_ones() -> None:
    ledger = Ledger(ONE)
    ledger.request(Claim(demand=THROTTLED))
    short = Claim(demand=COMPUTING)
    ledger.request(short)
    assert not short.admitted


def test_a_long_wait_tolerates_a_short_init() -> None:
    ledger = Ledger(ONE)
    ledger.request(Claim(demand=Demand(cpus=0.3, cpu_ms=500, duration_ms=600_000)))
    init = Claim(demand=Demand(cpus=1.0, cpu_ms=300, duration_ms=320))
    ledger.request(init)
    assert init.admitted


def test_a_large_one_takes_several_processors() -> None:
    ledger = Ledger((1, 2, 3))
    large, small = Claim(demand=Demand(cpus=1.7)), Claim(demand=COMPUTING)
    ledger.request(large)
    ledger.request(small)
    assert len(large.cores) == 2
    assert set(small.cores).isdisjoint(large.cores)
    assert small.admitted


@given(
    st.integers(1, 4),
    st.lists(st.tuples(st.just("request"), DEMANDS) | st.tuples(st.just("release"), st.integers(0, 50))),
)
def test_nobody_is_slowed_beyond_the_tolerance(count: int, steps: list[tuple[str, object]]) -> None:
    ledger = Ledger(range(count))
    claims: list[Claim] = []
    for _, what in steps:
        if isinstance(what, Demand):
            claims.append(Claim(demand=what))
            ledger.request(claims[-1])
        elif claims and isinstance(what, int):
            ledger.release(claims[what % len(claims)])
        for claim in ledger.running:
            load = max(
                sum(each.load for each in ledger.running if core in each.cores and each is not claim)
                for core in claim.cores
            )
            quota_ms = claim.demand.cpus * 20
            if claim.demand.known and claim.demand.cpu_ms <= quota_ms and load < 0.99:
                rest = sum(each.rest_ms for each in ledger.running if each is not claim)
                slower = min(claim.demand.cpu_ms * load / (1 - load), rest)
                assert slower <= TOLERANCE * claim.demand.duration_ms * 1.01 + 1e-6
        assert not ledger.waiting or ledger.running


@pytest.mark.long
@given(st.integers(1, 3), st.lists(DEMANDS, min_size=1, max_size=30))
def test_everybody_is_admitted_in_the_order_of_asking(count: int, demands: list[Demand]) -> None:
    ledger = Ledger(range(count))
    claims = [Claim(demand=demand) for demand in demands]
    for claim in claims:
        ledger.request(claim)
    for claim in claims:
        assert claim.admitted
        assert not any(later.admitted > earlier.admitted for earlier, later in pairwise(claims))
        ledger.release(claim)
        ledger.release(claim)
    assert not ledger.running


def test_one_that_gives_up_lets_the_next_one_in() -> None:
    ledger = Ledger(ONE)
    first, second, third = (Claim(demand=each) for each in (SLEEPING, UNKNOWN, SLEEPING))
    for claim in (first, second, third):
        ledger.request(claim)
    assert not third.admitted
    ledger.release(second)
    assert third.admitted


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_one_that_waits_for_another_makes_room_for_it() -> None:
    clock = Clock()
    used = [3.0]
    claim = Claim(demand=UNKNOWN, used_ms=lambda: used[0], cores=ONE)
    claim.begin(clock())
    clock.now += LOOK_S / 2
    assert claim.look(clock()) is None
    clock.now += 2 * LOOK_S
    assert claim.look(clock()) is None
    clock.now += 2 * LOOK_S
    seen = claim.look(clock())
    assert seen is not None
    assert seen.load(1) == 0
    used[0] += 25.0
    clock.now += 0.025
    seen = claim.look(clock())
    assert seen is not None
    assert seen.load(1) == pytest.approx(1)
    assert claim.observed


def test_one_that_does_as_expected_is_left_alone() -> None:
    claim = Claim(demand=THROTTLED, used_ms=lambda: 0.0, cores=ONE)
    claim.begin(0.0)
    assert claim.look(0.9 * TRUSTED_S) is None
    assert claim.seen_ms is None
    # It takes longer than that anyway, and may wait for one that waits for it.
    assert claim.look(TRUSTED_S) is None
    assert claim.look(TRUSTED_S + 2 * LOOK_S) is not None


def test_a_short_one_is_left_alone_for_twice_its_duration() -> None:
    claim = Claim(demand=Demand(cpus=1, cpu_ms=20, duration_ms=50), used_ms=lambda: 0.0, cores=ONE)
    claim.begin(0.0)
    assert claim.look(0.09) is None
    assert claim.seen_ms is None
    assert claim.look(0.1) is None
    assert claim.seen_ms == 0.0


def waiting(admission: Admission, demand: Demand) -> tuple[threading.Thread, list[Claim | None]]:
    got: list[Claim | None] = []
    thread = threading.Thread(target=lambda: got.append(admission.acquire(demand, 60)))
    thread.start()
    return thread, got


def test_threads_wait_for_their_turn_or_give_up() -> None:
    admission = Admission(ONE)
    first = admission.acquire(COMPUTING, 0)
    assert first is not None
    assert admission.acquire(COMPUTING, 0) is None
    assert admission.running == 1
    thread, got = waiting(admission, COMPUTING)
    admission.revise(first, Demand(cpus=0.3, cpu_ms=0.0, duration_ms=1000))
    thread.join()
    assert got[0] is not None
    admission.release(first)
    admission.release(got[0])
    assert admission.running == 0


def test_a_caller_whose_callee_waits_in_line_is_seen_to_do_nothing() -> None:
    admission = Admission(ONE)
    caller = admission.acquire(UNKNOWN, 0, lambda: 5.0)
    assert caller is not None
    callee = admission.acquire(UNKNOWN, 60)
    assert callee is not None


def test_those_that_wait_are_not_woken_for_others() -> None:
    """A herd of hundreds that wakes at every change would leave the server no time to answer."""
    awake: set[int] = set()

    def clock() -> float:
        awake.add(threading.get_ident())
        return time.monotonic()

    admission = Admission(ONE, clock)
    running = admission.acquire(UNKNOWN, 0)
    assert running is not None
    line = [waiting(admission, UNKNOWN) for _ in range(12)]
    until(lambda: len(awake) == 13)
    # Whoever has read the clock holds the lock until it waits.
    assert admission.running == 1
    awake.clear()
    for _ in range(6):
        admission.release(running)
        until(lambda: any(got for _, got in line))
        running = next(got.pop() for _, got in line if got)
        assert running is not None
    # Six were admitted, and the next in line looks what the others do.
    assert len(awake - {threading.get_ident()}) <= 7
    for _ in range(6):
        admission.release(running)
        until(lambda: any(got for _, got in line))
        running = next(got.pop() for _, got in line if got)
        assert running is not None
    for thread, _ in line:
        thread.join()


def version(memory_mb: int, deployment: str = "d", name: str = "f") -> Function:
    return Function(
        account="1", region="r", name=name, version="1", arn="a", deployment=deployment, runtime="python3.12",
        handler="h", memory_mb=memory_mb, timeout_s=3, code=b"",
    )  # fmt: skip


def test_what_was_learned_of_one_size_is_expected_of_another() -> None:
    uses = Uses()
    assert not uses.expect(version(128), 0.1).known
    uses.learn(version(1024), 0.5, cpu_ms=100, duration_ms=230)
    expected = uses.expect(version(128, "other"), 0.1)
    assert expected.cpu_ms == 100
    assert expected.duration_ms == pytest.approx(1000 + 30)
    assert not uses.expect(version(128, "third", "g"), 0.1).known


def test_what_is_learned_follows_the_function() -> None:
    uses = Uses()
    for _ in range(30):
        uses.learn(version(1769), 1.0, cpu_ms=10, duration_ms=10)
    for _ in range(30):
        uses.learn(version(1769), 1.0, cpu_ms=2, duration_ms=50)
    expected = uses.expect(version(1769), 1.0)
    assert expected.cpu_ms == pytest.approx(2, abs=0.1)
    assert expected.duration_ms == pytest.approx(50, abs=1)


@given(DEMANDS, st.integers(1, 4))
def test_a_load_is_a_part_of_a_processor(demand: Demand, spread: int) -> None:
    assert 0 <= demand.load(spread) <= 1


def test_a_process_that_has_ended_says_nothing_of_the_next() -> None:
    used = [50.0]
    claim = Claim(demand=UNKNOWN, used_ms=lambda: used[0], cores=ONE)
    claim.begin(0.0)
    assert claim.look(0.5) is None
    used[0] = 0.0
    assert claim.look(1.0) is None
    assert not claim.stands_still
    used[0] = 900.0
    seen = claim.look(2.0)
    assert seen is not None
    assert seen.load(1) == pytest.approx(0.9)
