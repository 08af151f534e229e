"""What a run has observed and spent until now."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from powertune.model import Configuration, Invocation, Invocations, Measurement


@dataclass(slots=True)
class Budget:
    """Money spent, and money promised to what is under way, each at the most that it can cost."""

    limit: float
    spent: float = 0.0
    promised: float = 0.0

    def promise(self, amount: float) -> bool:
        """Set the amount aside, unless that could exceed the limit."""
        if not self.affords(amount):
            return False
        self.promised += amount
        return True

    def affords(self, amount: float) -> bool:
        """Whether the amount could be spent as well."""
        return self.spent + self.promised + amount <= self.limit

    def settle(self, promised: float, actual: float) -> None:
        """What was promised is over, and cost this."""
        self.promised -= promised
        self.spent += actual


def by_configuration(
    places: Iterable[tuple[Configuration, int, Invocation]],
) -> dict[Configuration, list[Invocation]]:
    """The invocations of each configuration."""
    grouped: dict[Configuration, list[Invocation]] = {}
    for configuration, _, invocation in places:
        grouped.setdefault(configuration, []).append(invocation)
    return grouped


@dataclass(slots=True)
class Record:
    """Invocations as they come in. Measurements are made of them on demand, and again only where something is new."""

    _invocations: dict[Configuration, list[Invocation]] = field(default_factory=dict)
    _unmeasured: dict[Configuration, str] = field(default_factory=dict)
    _known: dict[Configuration, Measurement] = field(default_factory=dict)

    def add(self, configuration: Configuration, invocation: Invocation) -> None:
        """One more invocation."""
        self._invocations.setdefault(configuration, []).append(invocation)
        self._known.pop(configuration, None)

    def leave_out(self, configuration: Configuration, reason: str) -> None:
        """The configuration cannot be measured."""
        self._unmeasured[configuration] = reason
        self._known.pop(configuration, None)

    def count(self, configuration: Configuration) -> int:
        """How often the configuration was invoked."""
        return len(self._invocations.get(configuration, ()))

    def without_report(self) -> tuple[tuple[Configuration, int, Invocation], ...]:
        """The invocations whose report is missing, each with its place."""
        return tuple(place for place in self._places() if place[2].duration_ms is None)

    def without_environment(self) -> tuple[tuple[Configuration, int, Invocation], ...]:
        """The answered invocations of which it is not known which environment served them, each with its place."""
        return tuple(
            place for place in self._places() if place[2].environment is None and place[2].request_id is not None
        )

    @property
    def has_report(self) -> bool:
        """Whether any invocation has a report."""
        return any(place[2].duration_ms is not None for place in self._places())

    def _places(self) -> Iterator[tuple[Configuration, int, Invocation]]:
        return (
            (configuration, index, invocation)
            for configuration, items in self._invocations.items()
            for index, invocation in enumerate(items)
        )

    def complete(self, configuration: Configuration, index: int, invocation: Invocation) -> None:
        """Put an invocation with its report in the place of the one without."""
        self._invocations[configuration][index] = invocation
        self._known.pop(configuration, None)

    def measurements(self) -> dict[Configuration, Measurement]:
        """What was observed, in the order of configurations."""
        for configuration in {*self._invocations, *self._unmeasured} - self._known.keys():
            self._known[configuration] = Measurement(
                configuration=configuration,
                invocations=Invocations.of(self._invocations.get(configuration, ())),
                unmeasured=self._unmeasured.get(configuration),
            )
        return {configuration: self._known[configuration] for configuration in sorted(self._known)}
