"""A few sizes first, then the one that is expected to improve the answer most for its cost."""

from collections.abc import Mapping
from dataclasses import dataclass

from powertune.model import Batch, Configuration, Exploration, Measurement, Trial
from powertune.region_prices import RegionPrices
from powertune.search.adaptive.choice import Choice
from powertune.search.adaptive.evidence import Evidence
from powertune.search.adaptive.first_sizes import first_sizes
from powertune.search.adaptive.posterior import Posterior
from powertune.search.adaptive.race import rivals_left
from powertune.search.adaptive.rates import Rates
from powertune.search.adaptive.stages import Stages
from powertune.search.answer import Conclusion
from powertune.search.precision import explores_at_most
from powertune.search.protocol import Stop


@dataclass(frozen=True, slots=True, kw_only=True)
class Adaptive:
    """Searches a range of sizes, of one or two architectures, for what a goal wants.

    The state is what was measured: proposals are a function of it and of the seed, so a search continues from a
    results file as if it had not been interrupted. After the first sizes that work, each batch goes where it is
    expected to reduce the loss of the present answer, averaged over curves that may be true, most for its cost (the
    knowledge gradient of Frazier, Powell & Dayanik, "The Knowledge-Gradient Policy for Correlated Normal Beliefs",
    INFORMS Journal on Computing 21, 2009, approximated), until that loss is small enough, or another batch is not
    worth its cost. Then the answer is measured again, in several environments where cold starts are cheap. If a
    precision was asked for, it races against its rivals.
    """

    exploration: Exploration
    prices: RegionPrices
    ephemeral_storage_mb: int = 512
    pays_for_snapshots: bool = False
    seed: int = 1

    def propose(self, measured: Mapping[Configuration, Measurement]) -> Batch | Stop:
        """The next batch; or to stop, `complete` when it is sure enough, `exhausted` when more would not help."""
        evidence = Evidence.of(measured, self.exploration)
        if (first := self._first(evidence)) is not None:
            return first
        if not evidence.samples:
            return Stop(reason="complete", why="no size has a warm invocation that succeeded")
        choice = Choice.of(self._posterior(evidence))
        if choice is None:
            return Stop(reason="complete", why="no size that works can be the answer")
        stages = Stages(choice=choice, exploration=self.exploration, rates=self._rates)
        tired = evidence.explored >= explores_at_most(self.exploration)
        explored = None if tired else stages.relieving() or stages.exploring()
        rivals = self._rivals(choice)
        batch = explored or stages.confirming() or stages.checking() or stages.proving() or stages.racing(rivals)
        if batch is not None:
            return batch
        reason = "complete" if stages.sure and not rivals else "exhausted"
        return Stop(reason=reason, why=stages.why_enough(len(rivals), tired=tired), leader=choice.answer.leader)

    def conclude(self, measured: Mapping[Configuration, Measurement]) -> Conclusion | None:
        """The answer at this moment; None where nothing that was measured can be the answer."""
        evidence = Evidence.of(measured, self.exploration)
        choice = Choice.of(self._posterior(evidence)) if evidence.samples else None
        return None if choice is None else choice.conclusion

    @property
    def _rates(self) -> Rates:
        return Rates(
            prices=self.prices,
            ephemeral_storage_mb=self.ephemeral_storage_mb,
            pays_for_snapshots=self.pays_for_snapshots,
        )

    def _posterior(self, evidence: Evidence) -> Posterior:
        return Posterior.of(evidence, self._rates, self.seed)

    def _rivals(self, choice: Choice) -> tuple[Configuration, ...]:
        """Which sizes may still be better than the choice by more than was asked for; none where nothing was."""
        precision = self.exploration.precision
        if precision is None:
            return ()
        return rivals_left(choice.posterior.evidence, choice.configuration, self._rates, precision)

    def _first(self, evidence: Evidence) -> Batch | None:
        """The sizes to begin with: the best ones of an earlier curve, or the lowest of the series."""
        sizes = first_sizes(evidence.feasibility, informed=evidence.informed)
        if not sizes:
            return None
        why = "initial sizes, from the smallest, until enough of them work to fit a curve"
        if evidence.informed and not evidence.samples:
            best = self._hinted(evidence)[: len(sizes)]
            sizes, why = tuple(sorted(best)) or sizes, "the best sizes according to earlier data"
        sizes += self._current_too(evidence, sizes)
        each = 1 + self.exploration.batch
        return Batch(trials=tuple(Trial(configuration=c, invocations=each, lanes=1) for c in sizes), why=why)

    def _current_too(self, evidence: Evidence, sizes: tuple[Configuration, ...]) -> tuple[Configuration, ...]:
        """The current configuration, where publishing takes time: it is measured anyway, and puts $LATEST back."""
        current = self.exploration.current
        if not self.exploration.publishing_s or current is None or current in sizes:
            return ()
        return (current,) if evidence.feasibility.untried(current) else ()

    def _hinted(self, evidence: Evidence) -> list[Configuration]:
        """The sizes that were known before, the best ones first."""
        posterior = self._posterior(evidence)
        hinted = {hint.configuration for hint in self.exploration.hints}
        means = dict(zip(posterior.candidates, posterior.scores.mean(axis=0), strict=True))
        known = (c for c in hinted & means.keys() if evidence.feasibility.admits(c))
        return sorted(known, key=lambda c: (means[c], c))
