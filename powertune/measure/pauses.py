"""How long to wait between rounds: as asked, or longer where environments stay busy after they have answered."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from powertune.model import Advisory, Configuration, Measurement, Population
from powertune.units import format_seconds

#: An extension may go on after the function has answered, for as long as it takes to send what it has collected.
#: Until then its environment takes no other invocation, and Lambda starts a new one.
LADDER_S = (0.5, 1.0, 2.0, 4.0, 8.0)


@dataclass(slots=True)
class Pauses:
    """Pauses that grow while a size starts cold each time, until it does not, or until growing has not helped."""

    asked_s: float
    _step: int = 0
    _cold: set[Configuration] = field(default_factory=set)
    _helped: bool = False

    @classmethod
    def of(cls, asked_s: float, measurements: Iterable[Measurement]) -> "Pauses":
        """Pauses that go on where another process has left them, as far as what it observed shows that."""
        cold = [measurement for measurement in measurements if _cold_rounds(measurement)]
        return cls(
            asked_s,
            _step=min(len(LADDER_S), max(map(_cold_rounds, cold), default=0)),
            _cold={measurement.configuration for measurement in cold},
            _helped=not all(map(_stays_cold, cold)),
        )

    def after_round(self, measurements: Iterable[Measurement]) -> float:
        """Seconds to wait before the next round, given what was observed until now."""
        cold = {measurement.configuration for measurement in measurements if _stays_cold(measurement)}
        if cold and self._step < len(LADDER_S):
            self._step += 1
        elif cold and not self._helped:
            return self.asked_s
        self._helped = self._helped or bool(self._cold - cold)
        self._cold |= cold
        return max(self.asked_s, LADDER_S[self._step - 1] if self._step else 0.0)

    @property
    def advisories(self) -> tuple[Advisory, ...]:
        """That there were pauses nobody has asked for, and whether they have helped."""
        if not self._step:
            return ()
        sizes = ", ".join(str(configuration) for configuration in sorted(self._cold))
        longest = format_seconds(LADDER_S[self._step - 1])
        outcome = "then environments were reused" if self._helped else "which has not helped"
        return (
            Advisory(
                code="paused",
                message=f"every invocation started cold at {sizes}, so rounds were up to {longest} apart; {outcome}",
                next_step="an extension may be busy after the function has answered: look at "
                "PostRuntimeExtensionsDuration in CloudWatch, or pass a longer --sleep",
            ),
        )


def _stays_cold(measurement: Measurement) -> bool:
    """Whether each lane has had a second turn, and all of them have started cold."""
    invocations = measurement.invocations
    reused = invocations.count(Population.WARM) + invocations.count(Population.SET_ASIDE)
    return not reused and invocations.count(Population.COLD) >= 2 * len({*invocations.column("lane")}) > 0


def _cold_rounds(measurement: Measurement) -> int:
    """The rounds after which it was seen that each lane had started cold again, before any environment was reused.

    Rounds in which only some lanes had a turn are not counted.
    """
    populations = measurement.invocations.populations
    reused = (at for at, each in enumerate(populations) if each in (Population.WARM, Population.SET_ASIDE))
    cold = populations[: next(reused, len(populations))].count(Population.COLD)
    lanes = len({*measurement.invocations.column("lane")})
    return max(0, cold // lanes - 1) if lanes else 0
