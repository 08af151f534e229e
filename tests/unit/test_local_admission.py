"""Admission: quotas never add up to more than the machine has, and nobody starves."""

import threading
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from powertune.local.admission import HEADROOM_CPUS, Admission, Grant, Ledger

SHARES = st.floats(0.05, 6.0)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("request"), SHARES),
        st.tuples(st.just("release"), st.integers(0, 50)),
        st.tuples(st.just("shrink"), st.integers(0, 50), SHARES),
    ),
    max_size=60,
)


@given(st.floats(0.1, 8.0), STEPS)
def test_never_more_than_the_capacity_unless_one_runs_alone(capacity: float, steps: list[tuple[object, ...]]) -> None:
    ledger = Ledger(capacity)
    grants: list[Grant] = []
    for step in steps:
        match step:
            case ("request", float(cpus)):
                grants.append(ledger.request(cpus))
            case ("release", int(index)) if grants:
                ledger.release(grants[index % len(grants)])
            case ("shrink", int(index), float(cpus)) if grants:
                ledger.shrink(grants[index % len(grants)], cpus)
        assert ledger.used <= capacity + 1e-6 or len(ledger.running) == 1
        assert not ledger.waiting or ledger.running
        assert all(grant.admitted for grant in ledger.running)


@given(st.floats(0.1, 4.0), st.lists(SHARES, min_size=1, max_size=30))
def test_everybody_is_admitted_in_the_order_of_asking(capacity: float, shares: list[float]) -> None:
    ledger = Ledger(capacity)
    grants = [ledger.request(cpus) for cpus in shares]
    for position, grant in enumerate(grants):
        assert grant.admitted
        assert not any(later.admitted > earlier.admitted for earlier, later in pairwise(grants))
        ledger.release(grants[position])
    assert not ledger.running


def test_small_ones_do_not_overtake_a_large_one() -> None:
    ledger = Ledger(2.0)
    first, large, small = ledger.request(1.0), ledger.request(1.5), ledger.request(0.1)
    assert (first.admitted, large.admitted, small.admitted) == (True, False, False)
    ledger.release(first)
    assert large.admitted
    assert small.admitted


def test_giving_up_lets_the_next_one_in() -> None:
    ledger = Ledger(1.0)
    ledger.request(0.5)
    large, small = ledger.request(0.9), ledger.request(0.5)
    ledger.release(large)
    assert small.admitted


def test_threads_wait_for_their_turn_or_give_up() -> None:
    admission = Admission(1.0)
    assert admission.capacity == 1.0 - HEADROOM_CPUS
    first = admission.acquire(0.9, 0)
    assert first is not None
    assert admission.acquire(0.5, 0) is None
    assert admission.used == 0.9
    got: list[Grant | None] = []
    waiting = threading.Thread(target=lambda: got.append(admission.acquire(0.5, 60)))
    waiting.start()
    admission.shrink(first, 0.3)
    waiting.join()
    assert got[0] is not None
    admission.release(first)
    admission.release(got[0])
    assert admission.used == 0
