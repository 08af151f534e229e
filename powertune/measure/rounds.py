"""What a batch is played as: rounds of jobs, in an order that the seed and the rounds before decide. Pure."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from powertune.model import Configuration, Design, Invocation, Status, Trial, Workload

#: How often an invocation is made again that other programs on this machine have disturbed.
_REPEATS = 2


@dataclass(frozen=True, slots=True)
class Place:
    """A configuration of one of the functions that a run measures."""

    side: str
    configuration: Configuration


@dataclass(frozen=True, slots=True)
class Job:
    """One invocation to make: on which side, the event by its index, the lane, and how often it was disturbed before.

    `side` names one of the functions that a run measures.
    """

    side: str
    configuration: Configuration
    payload: int
    lane: int
    disturbed: int = 0

    @property
    def place(self) -> Place:
        """What has to be published before the job can be played."""
        return Place(self.side, self.configuration)


class Rounds:
    """Splits batches into rounds in which each lane has at most one turn, each in random order.

    The order follows from the seed and from how large the rounds before were.
    """

    def __init__(self, design: Design, workload: Workload, side: str) -> None:
        self._design = design
        self._workload = workload
        self._side = side
        self._random = random.Random(design.seed)  # noqa: S311 - an order, not a secret

    def split(self, trials: Sequence[Trial], done: Callable[[Configuration], int]) -> tuple[tuple[Job, ...], ...]:
        """The rounds of the next batch.

        Args:
            done: how often a configuration was invoked until now.
        """
        rounds: list[list[Job]] = []
        for trial in trials:
            lanes = _lanes(self._design, trial)
            already = done(trial.configuration)
            payloads = self._workload.first(already + trial.invocations)[already:]
            # Lanes move on by one each round, or each payload would always come to the same of them.
            step = int(len(self._workload.payloads) > 1)
            for turn, payload in enumerate(payloads):
                round_ = turn // lanes
                if round_ == len(rounds):
                    rounds.append([])
                lane = (turn + step * (already // lanes + round_)) % lanes
                rounds[round_].append(Job(self._side, trial.configuration, payload, lane))
        for jobs in rounds:
            self._random.shuffle(jobs)
        return tuple(map(tuple, rounds))


def _lanes(design: Design, trial: Trial) -> int:
    return min(trial.lanes or design.lanes, design.concurrency)


def is_repeated(invocation: Invocation, disturbed: int) -> bool:
    """Whether the invocation is made again: other programs have disturbed it, and not too often before."""
    return invocation.status is Status.OK and invocation.is_disturbed and disturbed < _REPEATS
