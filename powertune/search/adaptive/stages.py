"""What the adaptive search does next, and why: each stage gives a batch, or None where it has nothing to add."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from powertune.model import Batch, Configuration, Exploration, Trial
from powertune.search.adaptive.acquisition import (
    FARSIGHTED,
    expected_gains,
    information,
    losses_near,
)
from powertune.search.adaptive.arrays import Array
from powertune.search.adaptive.batches import Test, invocations_meanwhile, together
from powertune.search.adaptive.choice import Choice
from powertune.search.adaptive.evidence import Evidence
from powertune.search.adaptive.finalists import finalists, nearest
from powertune.search.adaptive.next_test import FEWEST_LANES, NextTest, whole
from powertune.search.adaptive.posterior import Posterior
from powertune.search.adaptive.proving import next_round
from powertune.search.adaptive.race import lanes_for
from powertune.search.adaptive.rates import Rates
from powertune.search.precision import PRECISION, pays, precision_of, savings_decide, spreads
from powertune.units import format_share, plural

#: The answer has at least this many warm invocations: the best of pairs is often the luckiest one.
FEWEST_WARM = 4
#: It is invoked at most this many times as often for that: what starts cold, is disturbed or has no report does not
#: count as warm.
PATIENCE = 4
#: It is measured in several environments by default if a cold start costs at most as much as this many warm
#: invocations.
CHEAP_START = 4.0
#: The factor between a size that is short of memory and the larger one that shows what this costs.
ROOMIER = 1.5
#: While the answer is vague, the search goes on for this many batches although no single one promises much.
VAGUE_BATCHES = 30
#: A batch that is expected to improve the answer by less is not worth waiting for; with a higher precision, this
#: falls in proportion.
LEAST_GAIN = 0.004
#: Before much is measured, a loss may be thousands of percent, which no reader takes as a figure.
_BEYOND_FIGURES = 10.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Stages:
    """The stages of one moment of the search, which are all about the present choice."""

    choice: Choice
    exploration: Exploration
    rates: Rates

    @property
    def precise(self) -> bool:
        """Whether the expected loss of the choice is small enough."""
        return self.choice.loss < math.log1p(precision_of(self.exploration))

    @property
    def sure(self) -> bool:
        """Whether it is; or small enough for a default answer, if savings decide how long to search."""
        return self.precise or (savings_decide(self.exploration) and self.choice.loss < math.log1p(PRECISION))

    def relieving(self) -> Batch | None:
        """A larger size, if the choice is short of memory: the curve may fall faster than the CPU explains."""
        choice = self.choice.configuration
        same = (c.memory_mb for c in self._evidence.samples if c.architecture is choice.architecture)
        _, high = self._evidence.feasibility.bounds(choice.architecture)
        known = any(choice.memory_mb < other <= 2 * choice.memory_mb for other in same)
        wanted = min(high, round(ROOMIER * choice.memory_mb))
        if known or wanted <= choice.memory_mb or not self._evidence.feasibility.short_of_memory(choice):
            return None
        larger = Configuration(memory_mb=wanted, architecture=choice.architecture)
        return self._batch({larger: self.exploration.batch}, f"memory is nearly full at {choice}")

    def exploring(self) -> Batch | None:
        """The candidate that improves the answer most for its cost, while the expected loss is not small enough."""
        if self.precise:
            return None
        gains = self._gains()
        early = self._evidence.explored < VAGUE_BATCHES * (1 + self.exploration.batch)
        least = LEAST_GAIN * min(1.0, precision_of(self.exploration) / PRECISION)
        if not gains.max() > (-math.inf if self._vague and early else least):
            return None
        worth, prices = self._worth(gains), self._prices()
        values = worth / (prices + self._waits())
        best = int(np.argmax(values))
        if not self._pays(worth[best], prices[best]):
            return None
        first = self._test(best, worth, values)
        if self._evidence.counts.get(first.configuration, 0) >= self.exploration.most:
            return None
        doubt = f"{self.choice.configuration} may be {self._loss} worse than the optimum"
        why = f"{doubt}; this is the most informative next test for its cost"
        picked = together(self.choice, first, self._tests, self._noise)
        if len(picked) > 1:
            why = f"{doubt}; these are the most informative next tests for their cost"
        trials = (NextTest.of(c, self._evidence).trial for c in sorted(picked))
        return Batch(trials=tuple(trials), why=why, leader=self.choice.answer.leader)

    def checking(self) -> Batch | None:
        """The choice again, until it has enough warm invocations; by default in several environments, if cheap."""
        choice, evidence, limit = self.choice.configuration, self._evidence, self.exploration.goal.max_duration
        why = f"{choice} again, because the best of few invocations is often the luckiest"
        wanted = FEWEST_WARM
        if limit is not None and limit.statistic.fewest > FEWEST_WARM:
            wanted = limit.statistic.fewest
            why = f"{choice} again, because its {limit.statistic} takes {wanted} warm invocations"
        room = min(self.exploration.most - evidence.counts[choice], PATIENCE * wanted - evidence.attempts(choice))
        tried = evidence.lanes_tried(choice)
        lanes = min(FEWEST_LANES, self.exploration.most_lanes)
        usual = self.exploration.lanes is None and not spreads(self.exploration)
        if usual and tried < lanes and evidence.start_cost(choice, self.rates) <= CHEAP_START:
            few = whole(2 * lanes, self.exploration)
        else:
            few, lanes = whole(max(0, wanted - evidence.counts[choice]), self.exploration), tried
        return self._batch({choice: min(few, room)}, why, lanes=lanes) if min(few, room) > 0 else None

    def confirming(self) -> Batch | None:
        """The finalists in several environments, and the current configuration to compare with."""
        wanted = self.exploration.lanes or (FEWEST_LANES if spreads(self.exploration) else 1)
        wanted = min(wanted, self.exploration.most_lanes)
        few = {c: 2 * wanted for c in finalists(self.choice) if self._evidence.lanes_tried(c) < wanted}
        current = self.exploration.current
        if current is not None and current not in few and self._evidence.feasibility.untried(current):
            few[current] = self.exploration.batch
        if not few:
            return None
        why = f"the finalists in {plural(wanted, 'execution environment')} each, because environments differ"
        if few.keys() == {current}:
            why = "the current configuration, for comparison"
        return self._batch(few, why, lanes=wanted)

    def proving(self) -> Batch | None:
        """A candidate and the current configuration in more environments, while that may prove a change to help.

        Each round doubles the environments. A change is recommended only after the first of them.
        """
        found = next_round(self.choice)
        if found is None:
            return None
        current, where = self.exploration.current, plural(found.lanes, "execution environment")
        why = f"whether {found.changed} is better than {current}, the current configuration, in {where}"
        return self._batch(found.invocations, why, lanes=found.lanes)

    def racing(self, rivals: tuple[Configuration, ...]) -> Batch | None:
        """A round of the choice and its rivals, without those that have had enough invocations."""
        precision, choice = self.exploration.precision, self.choice.configuration
        runners = [c for c in (choice, *rivals) if self._evidence.counts[c] < self.exploration.most]
        if precision is None or not rivals or runners in ([], [choice]):
            return None
        least = self.exploration.lanes or FEWEST_LANES
        lanes = lanes_for(precision, self._evidence.noise.between, least, self.exploration.most_lanes)
        size = plural(len(rivals), "size")
        why = f"a race: {size} may still be more than {format_share(precision)} better than {choice}"
        return self._batch({c: max(lanes, self.exploration.batch) for c in runners}, why, lanes=lanes)

    def why_enough(self, rivals: int, *, tired: bool) -> str:
        """Why nothing more is measured.

        Args:
            rivals: how many may still be better than was asked for.
            tired: the search may explore no further.
        """
        choice = self.choice.configuration
        if rivals:
            return f"{plural(rivals, 'size')} that may be better than {choice} reached the invocation limit"
        if self.precise:
            return f"the expected loss of {choice} against the optimum ({self._loss}) is small enough"
        if tired:
            made = plural(self._evidence.explored, "invocation")
            return f"{made} are enough to explore: {choice} may be {self._loss} worse than the optimum"
        return f"no other test is worth its cost: {choice} may be {self._loss} worse than the optimum"

    @property
    def _posterior(self) -> Posterior:
        return self.choice.posterior

    @property
    def _evidence(self) -> Evidence:
        return self.choice.posterior.evidence

    @property
    def _loss(self) -> str:
        return shown_loss(math.expm1(self.choice.loss))

    @cached_property
    def _measured(self) -> tuple[Configuration, ...]:
        """The configurations that were measured, and may be again."""
        return tuple(filter(self._evidence.feasibility.admits, self._evidence.samples))

    @cached_property
    def _next(self) -> tuple[NextTest, ...]:
        """The next test of each candidate, or of the measured configuration that would show the same."""
        played = [nearest(self._measured, c) for c in self._posterior.candidates]
        tests = {c: NextTest.of(c, self._evidence) for c in set(played)}
        return tuple(tests[c] for c in played)

    @property
    def _noise(self) -> Array:
        """The variance of what the next test of each candidate shows, in log duration."""
        return np.array([test.noise for test in self._next])

    def _gains(self) -> Array:
        """The expected gains, without the candidates that have had enough invocations."""
        posterior, counts = self._posterior, self._evidence.counts
        gains = expected_gains(posterior.scores, posterior.log_ms, self.choice.able, self._noise)
        gains[[i for c, i in posterior.measured.items() if counts[c] >= self.exploration.most]] = -np.inf
        return gains

    def _worth(self, gains: Array) -> Array:
        """What the next test of each candidate is worth, in the unit of the gains."""
        worth: Array = gains + FARSIGHTED * information(self._posterior.log_ms, self._noise) * self._losses_near()
        return worth

    def _prices(self) -> Array:
        """What the next test of each candidate costs."""
        prices: Array = np.array([test.trial.invocations for test in self._next]) * self._posterior.costs.mean(axis=0)
        return prices

    def _waits(self) -> Array:
        """What the wait for each candidate counts as, in the unit of the prices; none for a measured one."""
        waits: Array = (self._counts == 0) * invocations_meanwhile(self.choice) * self._posterior.costs.mean(axis=0)
        return waits

    @property
    def _counts(self) -> NDArray[np.int64]:
        return np.array([self._evidence.counts.get(c, 0) for c in self._posterior.candidates])

    @property
    def _vague(self) -> bool:
        """An answer as vague as this helps nobody, however little the function is used, or a batch may improve it."""
        return self.choice.loss >= math.log1p(PRECISION)

    def _pays(self, worth: float, price: float) -> bool:
        invocation_cost = float(self._posterior.costs[:, self.choice.index].mean())
        return self._vague or pays(self.exploration, worth, invocation_cost, price)

    def _tests(self, believed: Choice) -> Iterator[Test]:
        """The tests that pay once a choice is believed, and may be made, from the one of most value on."""
        after = replace(self, choice=believed)
        worth, prices = after._worth(after._gains()), after._prices()
        values = worth / (prices + after._waits())
        for index in np.argsort(-values, kind="stable").tolist():
            test = after._test(index, worth, values)
            enough = self._evidence.counts.get(test.configuration, 0) >= self.exploration.most
            if not enough and self._pays(worth[index], prices[index]):
                yield test

    def _test(self, index: int, worth: Array, values: Array) -> Test:
        configuration = nearest(self._measured, self._posterior.candidates[index])
        return Test(
            configuration=configuration,
            worth=float(worth[index]),
            value=float(values[index]),
            new=configuration not in self._evidence.samples,
        )

    def _losses_near(self) -> Array:
        candidates = self._posterior.candidates
        log_mb = np.log([c.memory_mb for c in candidates])
        kinds = np.array([c.architecture for c in candidates])
        return losses_near(log_mb, kinds, self._posterior.scores, self.choice.losses)

    def _batch(self, wanted: Mapping[Configuration, int], why: str, lanes: int = 1) -> Batch:
        """This many invocations of each, and one more for a new configuration, which starts cold."""
        trials = []
        for configuration, invocations in sorted(wanted.items()):
            known = configuration in self._evidence.samples
            spread = lanes if known else 1
            trials.append(Trial(configuration=configuration, invocations=invocations + (not known), lanes=spread))
        return Batch(trials=tuple(trials), why=why, leader=self.choice.answer.leader)


def shown_loss(loss: float) -> str:
    """An expected loss in words: a share, or more than the largest one that is worth a figure."""
    return format_share(loss) if loss < _BEYOND_FIGURES else f"more than {format_share(_BEYOND_FIGURES)}"
