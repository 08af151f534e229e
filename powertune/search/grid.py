"""A fixed list of configurations, each measured equally often, in rounds over all of them."""

from collections.abc import Mapping
from dataclasses import dataclass

from powertune.model import Batch, Configuration, Measurement, Population, Trial
from powertune.search.protocol import Stop


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Warm up every lane, then invoke each lane once per round until each size has its samples.

    A round covers all sizes that still need samples, so a noisy minute affects all of them equally. An infeasible
    size gets no more invocations. A size whose environments keep starting cold is given up after twice the samples,
    and `spare` more.
    """

    configurations: tuple[Configuration, ...]
    invocations: int
    lanes: int
    spare: int = 0

    def propose(self, measured: Mapping[Configuration, Measurement]) -> Batch | Stop:
        """One round: for each size, one invocation per lane, or as many as are still missing."""
        trials = tuple(
            Trial(configuration=configuration, invocations=needed)
            for configuration in self.configurations
            if (needed := self._needed(measured.get(configuration))) > 0
        )
        return Batch(trials=trials) if trials else Stop(reason="complete")

    def _needed(self, measurement: Measurement | None) -> int:
        if measurement is None:
            return self.lanes
        if measurement.unmeasured or measurement.infeasible:
            return 0
        invocations = measurement.invocations
        kept_apart = invocations.count(Population.COLD) + invocations.count(Population.SET_ASIDE)
        done = len(invocations) - max(kept_apart, self.lanes)
        allowed = 2 * self.invocations + self.lanes + self.spare - len(invocations)
        return max(0, min(self.lanes, self.invocations - done, allowed))
