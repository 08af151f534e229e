"""What measuring needs from outside: a function to measure, and somebody who watches."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from powertune.errors import SizeRefused
from powertune.model import Advisory, Batch, Configuration, Invocation, TuningRun


class Target(Protocol):
    """A function that can be published at a configuration, invoked, and left as it was found."""

    def open(self) -> None:
        """Take the lock and write the journal, before the first change."""
        ...

    def publish(self, configurations: Sequence[Configuration], publishing: "Publishing") -> None:
        """Make configurations ready to be invoked, and tell of each as soon as it is.

        When it returns, nothing that publishing had to change is still changed. Never called for two at a time.
        """
        ...

    def invoke(self, configuration: Configuration, payload: bytes, lane: int) -> Invocation:
        """Invoke exactly once. Called from several threads."""
        ...

    def recover(
        self, invocations: Mapping[Configuration, Sequence[Invocation]], *, patient: bool
    ) -> Mapping[str, Invocation]:
        """Look for the reports that invocations came back without; the completed ones by request id.

        Args:
            patient: wait for reports that are still on their way, as there will not be another look.
        """
        ...

    def reports_are_lost(self, invocations: Mapping[Configuration, Sequence[Invocation]]) -> bool:
        """Not one of the invocations until now has a report: find out why, and say so in an advisory.

        Returns:
            False where further invocations may have reports, as they are going to be asked for in another way.
        """
        ...

    def environments(self, invocations: Mapping[Configuration, Sequence[Invocation]]) -> Mapping[str, str]:
        """The execution environments that served invocations, by request id, as far as they can be known.

        Asked once, after undoing; side by side, after each batch. Never fails for what cannot be read.
        """
        ...

    def undo(self) -> None:
        """Leave the function as it was found. Idempotent.

        Raises:
            NotRestored: it could not be, and the hint says what fixes it.
        """
        ...

    @property
    def throttles(self) -> int:
        """How many invocations were throttled, and so did not execute, until now."""
        ...

    @property
    def advisories(self) -> tuple[Advisory, ...]:
        """What the target has to say about the measurement."""
        ...


class Publishing(Protocol):
    """Who is told how publishing goes on. Called from any thread."""

    def waiting(self, configuration: Configuration, what: str) -> None:
        """What the configuration has to wait for now, for a person: `making a temporary copy of the function`."""
        ...

    def ready(self, configuration: Configuration) -> None:
        """The configuration can be invoked."""
        ...

    def refused(self, configuration: Configuration, refused: SizeRefused) -> None:
        """The configuration cannot be made ready at this size, in this account."""
        ...


class Observer(Protocol):
    """Somebody who watches a run. Called from the thread that measures."""

    def chosen(self, batch: Batch) -> None:
        """The search has chosen what to measure next, or that it is enough, and says why."""
        ...

    def waiting(self, configuration: Configuration, what: str) -> None:
        """What the configuration waits for before it can be invoked, for a person."""
        ...

    def published(self, configuration: Configuration) -> None:
        """The configuration can be invoked now."""
        ...

    def unmeasured(self, configuration: Configuration, reason: str) -> None:
        """The configuration cannot be measured at all."""
        ...

    def invoked(self, configuration: Configuration, invocation: Invocation, spent: float) -> None:
        """An invocation ended; `spent` is the total so far, in the region's currency."""
        ...

    def saved(self, run: TuningRun) -> None:
        """A round is complete; this is the run until now."""
        ...

    def restoring(self) -> None:
        """The function is being put back as it was found."""
        ...

    def restored(self) -> None:
        """The function is as it was found."""
        ...


class Nobody:
    """An observer that looks away."""

    def chosen(self, batch: Batch) -> None:
        """Nothing is told."""

    def waiting(self, configuration: Configuration, what: str) -> None:
        """Nothing is told."""

    def published(self, configuration: Configuration) -> None:
        """Nothing is told."""

    def unmeasured(self, configuration: Configuration, reason: str) -> None:
        """Nothing is told."""

    def invoked(self, configuration: Configuration, invocation: Invocation, spent: float) -> None:
        """Nothing is told."""

    def saved(self, run: TuningRun) -> None:
        """Nothing is told."""

    def restoring(self) -> None:
        """Nothing is told."""

    def restored(self) -> None:
        """Nothing is told."""
