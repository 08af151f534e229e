"""The duration of short work under Linux's CPU quota: a staircase over memory, with a step at each period saved."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from powertune.units import MB_PER_VCPU, MEMORY_MAX_MB

#: The quota is granted per period, and usage is checked only at each tick.
PERIOD_MS, TICK_MS = 20.0, 4.0
#: Shorter work has no steps, and the steps of longer work, which takes many periods, are too small to matter.
_SHORTEST_MS, _LONGEST_MS, _COUNT = 4.5, 120.0, 40
WORK_MS = np.geomspace(_SHORTEST_MS, _LONGEST_MS, _COUNT)
#: The distance between two amounts of work, in the logarithm.
SPACING = float(np.log(_LONGEST_MS / _SHORTEST_MS)) / (_COUNT - 1)


@lru_cache(maxsize=MEMORY_MAX_MB)
def staircase(memory_mb: int) -> NDArray[np.float64]:
    """Wall-clock ms of each amount of `WORK_MS` at a memory size, for one thread that starts with a period.

    Work runs until the first tick at which its quota, 20 ms x memory / 1769, is used up. What it used beyond that is
    deducted from later periods, and it waits for the first period with quota left (the model of Lin, Ma & Shahrad,
    "Demystifying Serverless Costs on Public Platforms", EuroSys 2026, whose measurements on Lambda it follows within
    7 % on average).
    """
    quota = PERIOD_MS * memory_mb / MB_PER_VCPU
    if quota >= PERIOD_MS:
        return WORK_MS
    worked, began = [0.0], [0.0]
    now, done, budget = 0.0, 0.0, quota
    while done < _LONGEST_MS:
        burst = TICK_MS * np.ceil(budget / TICK_MS)
        done, budget, now = done + burst, budget - burst, now + PERIOD_MS
        while budget + quota <= 0:
            budget, now = budget + quota, now + PERIOD_MS
        budget += quota
        worked.append(done)
        began.append(now)
    # Work that ends exactly with a burst has not waited for the next.
    burst_of = np.searchsorted(worked, WORK_MS) - 1
    durations: NDArray[np.float64] = np.asarray(began)[burst_of] + WORK_MS - np.asarray(worked)[burst_of]
    return durations
