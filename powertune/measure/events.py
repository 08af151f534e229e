"""What the threads of a run hand over to the one that measures."""

from dataclasses import dataclass
from queue import SimpleQueue

from powertune.errors import SizeRefused
from powertune.measure.rounds import Job, Place
from powertune.model import Configuration, Invocation


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a place waits for before it can be invoked."""

    place: Place
    what: str


@dataclass(frozen=True, slots=True)
class Published:
    """A place can be invoked, or was refused."""

    place: Place
    refused: SizeRefused | None = None


@dataclass(frozen=True, slots=True)
class Invoked:
    """An invocation has ended."""

    job: Job
    invocation: Invocation


@dataclass(frozen=True, slots=True)
class Failed:
    """A thread has failed, and the run with it."""

    error: BaseException


Event = Waiting | Published | Invoked | Failed


@dataclass(frozen=True, slots=True)
class QueuedPublishing:
    """Hands over to the thread that measures what a target tells while it publishes."""

    side: str
    events: SimpleQueue[Event]

    def waiting(self, configuration: Configuration, what: str) -> None:
        """Pass on what is waited for."""
        self.events.put(Waiting(Place(self.side, configuration), what))

    def ready(self, configuration: Configuration) -> None:
        """Pass on that it can be invoked."""
        self.events.put(Published(Place(self.side, configuration)))

    def refused(self, configuration: Configuration, refused: SizeRefused) -> None:
        """Pass on why it cannot."""
        self.events.put(Published(Place(self.side, configuration), refused))
