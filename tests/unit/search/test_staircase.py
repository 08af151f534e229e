"""Short work under a CPU quota."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from powertune.search.adaptive.staircase import PERIOD_MS, WORK_MS, staircase
from powertune.units import MB_PER_VCPU


@pytest.mark.parametrize("memory_mb", [1769, 3008, 10_240])
def test_with_a_full_vcpu_work_takes_its_own_time(memory_mb: int) -> None:
    assert (staircase(memory_mb) == WORK_MS).all()


@given(st.integers(128, 1768))
def test_work_is_never_faster_than_itself_and_on_average_as_slow_as_its_share(memory_mb: int) -> None:
    durations = staircase(memory_mb)
    assert (durations >= WORK_MS - 1e-9).all()
    assert (np.diff(durations) > 0).all()
    # Work may use up to a tick more than its quota, and pays it back later: about a period of difference.
    share = memory_mb / MB_PER_VCPU
    assert abs(durations - WORK_MS / share).max() <= PERIOD_MS + 4.0 / share


def test_more_memory_saves_whole_periods() -> None:
    index = int(np.argmin(abs(WORK_MS - 30)))
    saved = staircase(512)[index] - staircase(1024)[index]
    assert saved / PERIOD_MS == pytest.approx(round(saved / PERIOD_MS))
    assert saved >= PERIOD_MS
