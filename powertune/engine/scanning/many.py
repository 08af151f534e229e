"""Many places, some of them side by side. None of them ends the others, and Ctrl-C ends none in the middle."""

from collections.abc import Callable, Collection, Sequence
from concurrent import futures
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import Protocol

from powertune.aws.connection import Connection
from powertune.engine.scanning.targets import PlaceToScan, denied_entry, reason_of
from powertune.errors import AccessDenied, PowertuneError, Unavailable, UsageError
from powertune.scan.coverage import Gap, ScannedPlace
from powertune.scan.evidence import AccountRegion, PlaceEvidence
from powertune.units import plural

THREADS = 4

#: Reads one place. Gaps are part of what it returns; a PowertuneError says that nothing could be read.
PlaceReader = Callable[[Connection, AccountRegion], ScannedPlace]


class PlacesObserver(Protocol):
    """Who follows a scan of many places. It is called by one thread at a time."""

    def place_started(self, place: AccountRegion) -> None:
        """AWS is being asked about a place."""
        ...

    def place_done(self, scanned: ScannedPlace, *, kept: bool) -> None:
        """A place is done; `kept` says that an earlier scan had read it. Its gaps may be all that there is."""
        ...

    def stopping(self) -> None:
        """Ctrl-C: what is being read is finished, and no other place is begun."""
        ...


class UnobservedPlaces:
    """Nobody follows."""

    def place_started(self, place: AccountRegion) -> None:
        """Nothing."""

    def place_done(self, scanned: ScannedPlace, *, kept: bool) -> None:
        """Nothing."""

    def stopping(self) -> None:
        """Nothing."""


class Keeping(Protocol):
    """Where finished places are kept, as `powertune.engine.scanning.kept_places.PlaceFolder` does."""

    def kept(self, place: AccountRegion, /) -> ScannedPlace | None:
        """What an earlier scan has read of a place, if it still holds."""
        ...

    def keep(self, scanned: ScannedPlace) -> None:
        """Keep a place that has been read."""
        ...


class KeepingNothing:
    """Keeps nothing, and has nothing."""

    def kept(self, _: AccountRegion) -> ScannedPlace | None:
        """Nothing."""
        return None

    def keep(self, scanned: ScannedPlace) -> None:
        """Nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannedPlaces:
    """The places that were read, in the order of the targets, and those that an interruption has left unread."""

    places: tuple[ScannedPlace, ...]
    left: tuple[AccountRegion, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacesScan:
    """How places are gone through.

    `days` is the window that `read` looks at, and `clock` tells the time in seconds since the epoch. No place is
    begun once `stop` is set, which Ctrl-C does, and whoever else wants the scan to end. `wait` returns when all
    futures are done, or raises KeyboardInterrupt.
    """

    read: PlaceReader
    days: float
    clock: Callable[[], float]
    keeping: Keeping = field(default_factory=KeepingNothing)
    observer: PlacesObserver = field(default_factory=UnobservedPlaces)
    threads: int = THREADS
    stop: Event = field(default_factory=Event)
    wait: Callable[[Collection["Future[ScannedPlace | None]"]], object] = futures.wait

    def go(self, targets: Sequence[PlaceToScan]) -> ScannedPlaces:
        """Read all places. One that cannot be read has a gap, which says why.

        On Ctrl-C, the places that are being read are finished, and no other is begun.

        Raises:
            KeyboardInterrupt: a second Ctrl-C; everything is kept that is done.
            UsageError: a finished place cannot be kept. The places that were begun are finished first.
        """
        lock = Lock()
        with ThreadPoolExecutor(self.threads) as pool:
            begun = [pool.submit(self._one, target, lock) for target in targets]
            try:
                self.wait(begun)
            except KeyboardInterrupt:
                self.stop.set()
                self.observer.stopping()
        scanned = [future.result() for future in begun]
        return ScannedPlaces(
            places=tuple(each for each in scanned if each is not None),
            left=tuple(t.place for t, each in zip(targets, scanned, strict=True) if each is None),
        )

    def _one(self, target: PlaceToScan, lock: Lock) -> ScannedPlace | None:
        """One place; None if the scan has ended before."""
        if self.stop.is_set():
            return None
        finished = False
        try:
            scanned = self._read_or_kept(target, lock)
            finished = True
        finally:
            if not finished:  # a full disk, or a bug: neither gets better with the next place
                self.stop.set()
        return scanned

    def _read_or_kept(self, target: PlaceToScan, lock: Lock) -> ScannedPlace:
        before = self.keeping.kept(target.place)
        if before is not None:
            scanned = before
        else:
            with lock:
                self.observer.place_started(target.place)
            scanned = self._read(target)
            self.keeping.keep(scanned)
        with lock:
            self.observer.place_done(scanned, kept=before is not None)
        return scanned

    def _read(self, target: PlaceToScan) -> ScannedPlace:
        place = target.place
        try:
            connection = target.connect()
        except PowertuneError as error:
            return self._unread(Gap(place=place, what="", reason=reason_of(error), action=denied_entry(error)))
        with connection:
            try:
                return self.read(connection, place)
            except PowertuneError as error:
                return self._unread(Gap(place=place, what="", reason=reason_of(error)))

    def _unread(self, gap: Gap) -> ScannedPlace:
        return unread_place(gap, now=self.clock(), days=self.days)


def unread_place(gap: Gap, *, now: float, days: float) -> ScannedPlace:
    """A place of which nothing is known but why."""
    nothing = PlaceEvidence(place=gap.place, now=now, days=days, functions=(), prices=None)
    return ScannedPlace(evidence=nothing, gaps=(gap,))


def check_read(places: Sequence[ScannedPlace], gaps: Sequence[Gap] = ()) -> None:
    """See that something could be read.

    Args:
        places: all that were to be read; maybe none.
        gaps: what was known beforehand that could not be read.

    Raises:
        AccessDenied, Unavailable: nothing could; the message has the first reason.
        UsageError: there is no place to scan.
    """
    whole = [gap for place in places for gap in place.gaps if gap.of_whole_place]
    if places and len(whole) < len(places):
        return
    reasons = (*gaps, *whole)
    if not reasons:
        raise UsageError("there is no account to scan", hint="leave out --organization to scan your own")
    first = next((gap for gap in reasons if gap.action), reasons[0])
    more = f", and {plural(len(reasons) - 1, 'more place')} could not be read either" if len(reasons) > 1 else ""
    message = f"{first.place}: {first.reason}{more}"
    if first.action:
        raise AccessDenied(message, hint="`powertune iam scan` prints the policy that a scan needs")
    if not places:
        raise UsageError(message, hint="check --regions, --accounts and --role")
    raise Unavailable(message, hint="try again later, or look at --verbose")
