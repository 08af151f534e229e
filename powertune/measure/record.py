"""What a run has observed until now."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from powertune.model import Configuration, Invocation, Invocations, Measurement


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

    @classmethod
    def of(cls, measurements: Iterable[Measurement]) -> "Record":
        """What another process has recorded, to go on from."""
        known = {measurement.configuration: measurement for measurement in measurements}
        return cls(
            {c: list(each.invocations) for c, each in known.items() if len(each.invocations)},
            {c: each.unmeasured for c, each in known.items() if each.unmeasured is not None},
            known,
        )

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

    @property
    def has_success(self) -> bool:
        """Whether any invocation is not known to have failed."""
        return any(not place[2].status.failed for place in self._places())

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
