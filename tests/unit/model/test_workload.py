"""Payloads in proportion to their weights."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import workloads

from powertune.model import (
    Payload,
    Workload,
)


@pytest.mark.long
@given(workload=workloads, count=st.integers(0, 80))
def test_every_prefix_of_a_workload_is_in_proportion(workload: Workload, count: int) -> None:
    # Bodies may repeat, so each payload gets one of its own.
    payloads = tuple(
        Payload(body=str(index).encode(), weight=payload.weight) for index, payload in enumerate(workload.payloads)
    )
    total = sum(payload.weight for payload in payloads)
    bodies = Workload(payloads=payloads).first(count)
    assert len(bodies) == count
    for payload in payloads:
        expected = count * payload.weight / total
        # Smooth weighted round-robin: never a whole turn of all payloads away.
        assert abs(bodies.count(int(payload.body)) - expected) <= max(1, len(payloads) - 1)


@given(workload=workloads, count=st.integers(0, 40), more=st.integers(0, 20))
def test_a_longer_workload_begins_as_the_shorter(workload: Workload, count: int, more: int) -> None:
    assert workload.first(count + more)[:count] == workload.first(count)
