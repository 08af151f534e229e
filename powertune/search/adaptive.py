"""Measures where it pays: a few sizes first, then whatever is expected to improve the answer most for its price."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from powertune.model import Batch, Configuration, Exploration, Measurement, Strategy, Trial
from powertune.prices import RegionPrices
from powertune.search import Answer, Band, Stop
from powertune.search.curves import Array
from powertune.search.evidence import Evidence
from powertune.search.outlook import Outlook
from powertune.search.race import lanes_for, rivals_left
from powertune.units import format_share, plural

#: How much worse than the best size the answer may be expected to be, where nothing else was asked for; and where
#: more measuring pays for itself, as there is traffic to save on.
PRECISION, PRECISION_THAT_PAYS = 0.066, 0.01
#: A saving counts for so long.
HORIZON_MONTHS = 12
#: Over how many environments a finalist is measured, at least.
FEWEST_LANES = 3
#: Another architecture's best size is a finalist if it is the better one with this probability, at least.
CHANCE = 0.1
#: A new size this near to a measured one (in log memory) would tell the same as more of that one.
NEARBY = 0.06
#: How much larger a size is that shows what scarce memory costs.
ROOMIER = 1.5
#: What finalists take over several environments, cold starts included, in warm invocations of one of them, at most.
MANY_INVOCATIONS = 200
MOST_BATCHES = 60
#: How much weight the loss has around a candidate, and how far around (in log memory), beside the next batch's gain.
FARSIGHTED, NEIGHBOURHOOD = 0.3, 0.25
#: A batch that is expected to improve the answer by less is not worth waiting for; less so with more precision.
LEAST_GAIN = 0.004
#: Of a standard normal distribution, for averages over it.
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(15)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


@dataclass(frozen=True, slots=True, kw_only=True)
class Adaptive:
    """Searches a range of sizes, of one or two architectures, for what a goal wants.

    The state is what was measured: proposals are a function of it and of the seed, so a search goes on from a results
    file as if it had not been interrupted. After the first sizes that work, each batch is put where the loss of the
    present answer, averaged over curves that may be true, is expected to fall most for its price (the knowledge
    gradient of Frazier, Powell & Dayanik, "The Knowledge-Gradient Policy for Correlated Normal Beliefs", INFORMS
    Journal on Computing 21, 2009, approximated), until that loss is small enough, or not worth another batch. Then
    the answer is measured over several environments; and if a precision was asked for, it races against its rivals.
    """

    exploration: Exploration
    prices: RegionPrices
    ephemeral_storage_mb: int = 512
    seed: int = 1

    def propose(self, measured: Mapping[Configuration, Measurement]) -> Batch | Stop:
        """The next batch; or to stop, `complete` when it is sure enough, `exhausted` when more would not help."""
        evidence = Evidence(measured, self.exploration)
        if (first := self._first(evidence)) is not None:
            return first
        if not evidence.samples:
            return Stop(reason="complete", why="no size has a warm invocation that worked")
        outlook = self._outlook(evidence)
        if outlook.pick is None:
            return Stop(reason="complete", why="no size that works may be the answer")
        step = _Step(outlook, self.exploration)
        tired = evidence.invocations >= MOST_BATCHES * (1 + self.exploration.batch)
        explored = None if tired else step.under_pressure() or step.exploring()
        rivals = step.rivals(self._rates(evidence), self.prices.request)
        batch = explored or step.confirming() or step.racing(rivals)
        if batch is not None:
            return batch
        reason = "complete" if step.sure and not rivals else "exhausted"
        return Stop(reason=reason, why=step.why_enough(len(rivals)), leader=outlook.answer().leader)

    def answer(self, measured: Mapping[Configuration, Measurement]) -> Answer | None:
        """The answer at this moment; None where nothing that was measured works."""
        evidence = Evidence(measured, self.exploration)
        outlook = self._outlook(evidence) if evidence.samples else None
        return None if outlook is None or outlook.pick is None else outlook.answer()

    def curve(self, measured: Mapping[Configuration, Measurement]) -> tuple[Band, ...]:
        """What is believed of all that is considered, in order; empty where nothing that was measured works."""
        evidence = Evidence(measured, self.exploration)
        return self._outlook(evidence).curve() if evidence.samples else ()

    def _outlook(self, evidence: Evidence) -> Outlook:
        return Outlook(evidence, self.exploration, self.prices, self.ephemeral_storage_mb, self.seed)

    def _rates(self, evidence: Evidence) -> dict[Configuration, float]:
        return {c: self.prices.rate_per_ms(c, self.ephemeral_storage_mb) for c in evidence.samples}

    def _first(self, evidence: Evidence) -> Batch | None:
        """The sizes to begin with: where an earlier curve has its best ones, or the lowest rungs of the ladder."""
        rungs = evidence.rungs()
        if not rungs:
            return None
        why = "rungs of the ladder, from the smallest on, until enough sizes work to see the shape of the curve"
        if evidence.informed and not evidence.samples:
            outlook = self._outlook(evidence)
            known = {hint.configuration for hint in self.exploration.hints}
            means = dict(zip(outlook.candidates, outlook.scores.mean(axis=0), strict=True))
            best = sorted((c for c in known & means.keys() if evidence.admits(c)), key=lambda c: (means[c], c))
            rungs, why = tuple(sorted(best[: len(rungs)])) or rungs, "the best sizes of what was known before"
        each = 1 + self.exploration.batch
        return Batch(trials=tuple(Trial(configuration=c, invocations=each, lanes=1) for c in rungs), why=why)


def precision_of(exploration: Exploration) -> float:
    """How much worse than the best size the answer may be expected to be."""
    if exploration.precision is not None:
        return exploration.precision
    return PRECISION_THAT_PAYS if _saves(exploration) else PRECISION


def _saves(exploration: Exploration) -> bool:
    """Whether it is for the expected saving to say how long to search: what is faster is not cheaper."""
    asked = exploration.goal.strategy is Strategy.SPEED or exploration.precision is not None
    return exploration.invocations_per_month is not None and not asked


class _Step:
    """What may be measured next, seen from one outlook: each method gives a batch, or None where it has none."""

    def __init__(self, outlook: Outlook, exploration: Exploration) -> None:
        assert outlook.pick is not None
        self._outlook = outlook
        self._evidence = outlook.evidence
        self._exploration = exploration
        self._pick = outlook.pick
        self._picked = outlook.candidates[outlook.pick]
        self._loss = float(outlook.losses.mean())

    @property
    def precise(self) -> bool:
        """Whether the answer is expected to lose little enough."""
        return self._loss < math.log1p(precision_of(self._exploration))

    @property
    def sure(self) -> bool:
        """The same; or, where it is for the saving to say how long to search, as little as is usual."""
        return self.precise or (_saves(self._exploration) and self._loss < math.log1p(PRECISION))

    def under_pressure(self) -> Batch | None:
        """A larger size, where the answer is short of memory: the curve may fall faster than the CPU explains."""
        size = self._picked.memory_mb
        larger = (c.memory_mb for c in self._evidence.samples if c.architecture is self._picked.architecture)
        _, high = self._evidence.bounds(self._picked.architecture)
        known = any(size < other <= 2 * size for other in larger)
        wanted = min(high, round(ROOMIER * size))
        if known or wanted <= size or not self._evidence.pressed(self._picked):
            return None
        roomier = Configuration(memory_mb=wanted, architecture=self._picked.architecture)
        return self._batch({roomier: self._exploration.batch}, f"memory is nearly used up at {self._picked}")

    def exploring(self) -> Batch | None:
        """Where another batch is expected to save most for its price, while the loss is not small enough."""
        if self.precise:
            return None
        gains = self._gains()
        if gains.max() < LEAST_GAIN * min(1.0, precision_of(self._exploration) / PRECISION):
            return None
        prices = self._prices()
        worth = gains + FARSIGHTED * self._news() * self._losses_near()
        chosen = int(np.argmax(worth / prices))
        # Nobody is served by an answer that is hardly one, however little it is used.
        vague = self._loss >= math.log1p(PRECISION)
        if not vague and not self._pays(float(worth[chosen]), float(prices[chosen])):
            return None
        configuration = self._snapped(self._outlook.candidates[chosen])
        if self._evidence.counts.get(configuration, 0) >= self._exploration.most:
            return None
        why = (
            f"{self._picked} is expected to lose {format_share(math.expm1(self._loss))} against the best size; "
            "this tells most about it for its price"
        )
        return self._batch({configuration: self._exploration.batch}, why)

    def confirming(self) -> Batch | None:
        """The finalists over several environments, and the current configuration to compare with."""
        wanted = self._exploration.lanes or (FEWEST_LANES if self._wants_certainty() else 1)
        wanted = min(wanted, self._exploration.most_lanes)
        few = {c: 2 * wanted for c in self._finalists() if self._evidence.lanes_tried(c) < wanted}
        current = self._exploration.current
        if current is not None and current not in few and self._evidence.untried(current):
            few[current] = self._exploration.batch
        if not few:
            return None
        why = f"the finalists over {plural(wanted, 'execution environment')} each, as these differ"
        if few.keys() == {current}:
            why = "the current configuration, to compare with"
        return self._batch(few, why, lanes=wanted)

    def rivals(self, rates: Mapping[Configuration, float], request: float) -> tuple[Configuration, ...]:
        """Who may still be better than the answer by more than was asked for; nobody where nothing was."""
        if self._exploration.precision is None:
            return ()
        return rivals_left(
            self._evidence, self._picked, rates, request, self._exploration.goal, self._exploration.precision
        )

    def racing(self, rivals: tuple[Configuration, ...]) -> Batch | None:
        """A round of the answer and its rivals, without those that have had enough."""
        precision = self._exploration.precision
        runners = [c for c in (self._picked, *rivals) if self._evidence.counts[c] < self._exploration.most]
        if precision is None or not rivals or runners in ([], [self._picked]):
            return None
        least = self._exploration.lanes or FEWEST_LANES
        lanes = lanes_for(precision, self._evidence.lane_noise, least, self._exploration.most_lanes)
        why = f"a race: {len(rivals)} may still be more than {format_share(precision)} better than {self._picked}"
        return self._batch({c: max(lanes, self._exploration.batch) for c in runners}, why, lanes=lanes)

    def why_enough(self, rivals: int) -> str:
        """Why nothing more is measured."""
        loss = format_share(math.expm1(self._loss))
        why = "which is little enough" if self.precise else "and no batch is expected to improve that by its price"
        if rivals:
            why = f"and {plural(rivals, 'rival')} that may be better had as many invocations as allowed"
        return f"{self._picked} is expected to lose {loss} against the best size, {why}"

    def _wants_certainty(self) -> bool:
        """Whether environments are worth their cold starts: a precision was asked for, or there is much to save."""
        if not _saves(self._exploration):
            return self._exploration.precision is not None
        monthly = self._exploration.invocations_per_month or 0.0
        return PRECISION_THAT_PAYS * monthly * HORIZON_MONTHS > MANY_INVOCATIONS

    def _pays(self, gain: float, price: float) -> bool:
        """Whether a batch is expected to save more within the horizon than it costs, where traffic is known."""
        if not _saves(self._exploration):
            return True
        monthly = self._exploration.invocations_per_month or 0.0
        cost = float(self._outlook.costs[:, self._pick].mean())
        return gain * cost * monthly * HORIZON_MONTHS > price

    def _prices(self) -> Array:
        """What a batch of each candidate costs: a new size's first invocation is cold, and tells nothing."""
        counts = np.array([self._evidence.counts.get(c, 0) for c in self._outlook.candidates])
        prices: Array = (self._exploration.batch + (counts == 0)) * self._outlook.costs.mean(axis=0)
        return prices

    def _gains(self) -> Array:
        """By how much a batch of each candidate is expected to improve the answer at once (knowledge gradient).

        What is measured there moves the expected scores of all others along with it; the answer is then the best of
        those that were measured, and of this one.
        """
        outlook = self._outlook
        means = outlook.scores.mean(axis=0)
        logs = outlook.log_ms - outlook.log_ms.mean(axis=0)
        spread = np.sqrt(outlook.log_ms.var(axis=0) + self._noise())
        moves = (logs.T @ (outlook.scores - means) / len(logs)) / spread[:, None]
        able = outlook.able
        own = np.arange(len(means))
        after = means[able][None, :, None] + moves[:, able][:, :, None] * _NODES
        itself = means[:, None] + moves[own, own][:, None] * _NODES
        best = np.minimum(after.min(axis=1), itself) @ _WEIGHTS
        gains: Array = means[able].min() - best
        gains[self._finished()] = -np.inf
        return gains

    def _noise(self) -> float:
        """The variance of the mean of a batch, in log duration."""
        return self._evidence.noise / self._exploration.batch + self._evidence.lane_noise

    def _news(self) -> Array:
        """How much of what is not known of each candidate a batch would tell: what is known is not worth knowing."""
        spread = self._outlook.log_ms.var(axis=0)
        news: Array = spread / (spread + self._noise())
        return news

    def _losses_near(self) -> Array:
        """What the answer loses on average, by where the best size is: at and around each candidate.

        The gain looks one batch ahead; the best size may take two, one near it and one at it.
        """
        outlook = self._outlook
        logs = np.log([c.memory_mb for c in outlook.candidates])
        arms = np.array([c.architecture for c in outlook.candidates])
        best = outlook.scores.argmin(axis=1)
        near = np.exp(-0.5 * ((logs[:, None] - logs[best]) / NEIGHBOURHOOD) ** 2) * (arms[:, None] == arms[best])
        losses: Array = (near * outlook.losses).mean(axis=1)
        return losses

    def _finished(self) -> list[int]:
        """Which candidates have had enough."""
        counts = self._evidence.counts
        return [i for c, i in self._outlook.measured.items() if counts[c] >= self._exploration.most]

    def _snapped(self, candidate: Configuration) -> Configuration:
        """The measured configuration next to a candidate, where one is near enough to tell the same."""
        near = [
            (abs(math.log(c.memory_mb / candidate.memory_mb)), c)
            for c in self._evidence.samples
            if c.architecture is candidate.architecture and self._evidence.admits(c)
        ]
        distance, neighbour = min(near, default=(math.inf, candidate))
        return neighbour if distance < NEARBY else candidate

    def _finalists(self) -> set[Configuration]:
        """The pick, and each other architecture's best size if that may be the better one."""
        finalists = {self._picked}
        for architecture in self._exploration.architectures:
            own = [i for i in self._outlook.able if self._outlook.candidates[i].architecture is architecture]
            if not own:
                continue
            best = min(own, key=lambda i: float(self._outlook.scores[:, i].mean()))
            better = self._outlook.scores[:, best] < self._outlook.scores[:, self._pick]
            if better.mean() >= CHANCE:
                finalists.add(self._outlook.candidates[best])
        return finalists

    def _batch(self, wanted: Mapping[Configuration, int], why: str, lanes: int = 1) -> Batch:
        """This many invocations of each, and for a new one or a new lane the cold start that goes before."""
        trials = []
        for configuration, invocations in sorted(wanted.items()):
            known = self._evidence.samples.get(configuration)
            spread = lanes if known is not None and (lanes > 1) else 1
            fresh = known is None and spread == 1
            trials.append(Trial(configuration=configuration, invocations=invocations + fresh, lanes=spread))
        return Batch(trials=tuple(trials), why=why, leader=self._outlook.answer().leader)
