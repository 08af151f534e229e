"""A fixed list of configurations, of each of which only cold starts are wanted."""

from collections.abc import Mapping
from dataclasses import dataclass

from powertune.model import Batch, Configuration, Measurement, Trial
from powertune.search.protocol import Stop


@dataclass(frozen=True, slots=True, kw_only=True)
class ColdGrid:
    """One size after the other, all invocations of it at one time.

    Lambda starts an environment for each invocation that finds none free. A version that was never invoked has none,
    so all that come before the first one has ended start cold. Sizes have versions of their own, but share the
    concurrency of the run: side by side, some would have to wait, and could be served by an environment that is free
    again. One that is, all the same, is counted as warm, and does not count as a cold start.
    """

    configurations: tuple[Configuration, ...]
    invocations: int

    def propose(self, measured: Mapping[Configuration, Measurement]) -> Batch | Stop:
        """All invocations of the first size that has none."""
        for configuration in self.configurations:
            if configuration not in measured:
                trial = Trial(configuration=configuration, invocations=self.invocations, lanes=self.invocations)
                why = f"{self.invocations} invocations of {configuration} at one time, for as many cold starts"
                return Batch(trials=(trial,), why=why)
        return Stop(reason="complete")
