"""Invocations, how they ended, and which of them belong together."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from functools import cached_property
from itertools import compress
from typing import Any, overload

from powertune.model.function import Configuration


class Status(StrEnum):
    """How an invocation ended."""

    OK = "ok"
    ERROR = "error"
    """The handler raised, or returned what Lambda could not take."""
    CRASH = "crash"
    """The runtime exited or could not start."""
    OUT_OF_MEMORY = "out_of_memory"
    TIMEOUT = "timeout"
    MISSING = "missing"
    """Executed, as far as anybody knows, but without a REPORT: a missing sample, never zero."""

    @property
    def failed(self) -> bool:
        """Whether the function is known to have failed."""
        return self not in (Status.OK, Status.MISSING)

    @property
    def broke_environment(self) -> bool:
        """Whether the environment is started anew, inside the next invocation that it serves."""
        return self in (Status.CRASH, Status.OUT_OF_MEMORY, Status.TIMEOUT)


class Population(StrEnum):
    """Which samples an invocation belongs with. Cold and warm are never averaged together."""

    WARM = "warm"
    COLD = "cold"
    SET_ASIDE = "set_aside"
    """Neither: an environment's first invocation without an init phase, the one after a crash, or a disturbed one."""
    FAILED = "failed"
    MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """One executed invocation. Times in ms as reported; None where nothing was reported, never zero.

    `started_at` is in seconds since the epoch on the invoking machine's clock. `billed_ms` already includes init
    and restore durations. `lane` numbers the parallel streams of a configuration from 0, `payload` the events of the
    workload. `environment` names the execution environment that served it, None where that is not known: Lambda
    chooses it, whatever the lane. `waited_ms` is how long other programs kept the function from a processor, if that
    was notable; only the embedded AWS tells.
    """

    started_at: float
    duration_ms: float | None
    billed_ms: int | None
    init_ms: float | None = None
    restore_ms: float | None = None
    max_memory_used_mb: int | None = None
    memory_mb: int | None = None
    status: Status = Status.OK
    error_type: str | None = None
    request_id: str | None = None
    executed_version: str | None = None
    trace_id: str | None = None
    lane: int = 0
    payload: int = 0
    environment: str | None = None
    waited_ms: float | None = None

    @property
    def is_disturbed(self) -> bool:
        """Whether its duration says more of this machine's other programs than of the function."""
        return self.waited_ms is not None and self.waited_ms > 0


INVOCATION_FIELDS = tuple(f.name for f in fields(Invocation))
_POPULATIONS = tuple(Population)
_PLACED = ("status", "lane", "environment", "init_ms", "restore_ms", "waited_ms", "error_type")
#: Types of errors after which the environment is started anew, also where such an error is no failure.
_LAMBDAS_OWN = ("Runtime.", "Extension.", "Sandbox.")
#: For each population a table that turns its own code into 1, and every other into 0.
_MASKS = {population: bytes(code == own for code in range(256)) for own, population in enumerate(_POPULATIONS)}


class Invocations(Sequence[Invocation]):
    """Invocations in the order they ended, kept as columns: a million of them fit in memory and load in seconds."""

    def __init__(self, columns: Mapping[str, Sequence[Any]]) -> None:
        self._columns = {name: tuple(columns[name]) for name in INVOCATION_FIELDS}

    @classmethod
    def of(cls, invocations: Iterable[Invocation] = ()) -> "Invocations":
        """The same invocations, as columns."""
        items = tuple(invocations)
        return cls({name: tuple(getattr(item, name) for item in items) for name in INVOCATION_FIELDS})

    def column(self, name: str) -> tuple[Any, ...]:
        """One field of every invocation."""
        return self._columns[name]

    def __len__(self) -> int:
        return len(self._columns["status"])

    @overload
    def __getitem__(self, index: int) -> Invocation: ...
    @overload
    def __getitem__(self, index: slice) -> "Invocations": ...
    def __getitem__(self, index: int | slice) -> "Invocation | Invocations":
        if isinstance(index, slice):
            return Invocations({name: column[index] for name, column in self._columns.items()})
        return Invocation(**{name: column[index] for name, column in self._columns.items()})

    def __iter__(self) -> Iterator[Invocation]:
        for row in zip(*self._columns.values(), strict=True):
            yield Invocation(**dict(zip(INVOCATION_FIELDS, row, strict=True)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Invocations) and self._columns == other._columns

    def __hash__(self) -> int:
        return hash(self._columns["request_id"])

    def __repr__(self) -> str:
        return f"<{len(self)} invocations>"

    @property
    def populations(self) -> tuple[Population, ...]:
        """The population of each invocation, in order.

        An invocation with an init or restore phase is cold. Lambda may have initialized an environment ahead of time,
        so an environment's first invocation without one is set aside. A crash hides a second init in the next
        invocation of its environment, so the next success of that environment is set aside. So is a warm one that
        was disturbed.

        An invocation whose environment is not known counts by its lane, and on the side of doubt: a lane's first
        invocation without an init phase may be the first of an environment, although lanes may share one. After a
        crash in an environment that is not known, the next success of every environment and lane is set aside, and
        after one in a known environment also that of every lane, as far as their environments are not known.
        """
        return tuple(map(_POPULATIONS.__getitem__, self._codes))

    @cached_property
    def _codes(self) -> bytes:
        """The population of each invocation as its index in `_POPULATIONS`: a byte each, which C can search."""
        warm, cold, set_aside, failed, unknown = range(len(_POPULATIONS))
        ok, missing = Status.OK, Status.MISSING
        #: Environments by name, or lanes by number where the environment is not known.
        ready: set[str | int] = set()
        suspect: set[str | int] = set()
        codes = bytearray()
        for status, lane, environment, init, restore, waited, error in zip(*map(self.column, _PLACED), strict=True):
            place = lane if environment is None else environment
            if status is ok:
                code = set_aside if waited else warm
                if place not in ready:
                    ready.add(place)
                    suspect.discard(place)
                    code = set_aside
                if init is not None or restore is not None:
                    code = cold
                broke = error is not None and error.startswith(_LAMBDAS_OWN)
            else:
                broke = status.broke_environment
                code = unknown if status is missing else failed
                if not broke and place not in suspect:
                    ready.add(place)
            if broke:
                broken = {p for p in ready if environment is None or isinstance(p, int)} | {place}
                suspect |= broken
                ready -= broken
            codes.append(code)
        return bytes(codes)

    @cached_property
    def created(self) -> int:
        """How many environments were created, as far as cold starts show, and then served warm invocations.

        A cold start counts, failed or not, if the next success of its lane is warm. One at the end of a run, or that
        another one follows, is an environment of which there may be no warm invocation.
        """
        warm = _POPULATIONS.index(Population.WARM)
        started: set[int] = set()
        count = 0
        columns = (self.column(name) for name in ("lane", "init_ms", "restore_ms"))
        for code, lane, init, restore in zip(self._codes, *columns, strict=True):
            if init is not None or restore is not None:
                started.add(lane)
            elif code == warm and lane in started:
                started.remove(lane)
                count += 1
        return count

    def select(self, population: Population, name: str) -> tuple[Any, ...]:
        """One field of the invocations of one population."""
        return tuple(compress(self.column(name), self._codes.translate(_MASKS[population])))

    def whole_ms(self, population: Population) -> tuple[float | None, ...]:
        """What a caller waits for, of the invocations of one population: also a cold start's first phase."""
        durations = self.select(population, "duration_ms")
        if population is Population.WARM:
            return durations
        phases = zip(*(self.select(population, name) for name in ("init_ms", "restore_ms")), strict=True)
        return tuple(
            None if duration is None else duration + (init or 0.0) + (restore or 0.0)
            for duration, (init, restore) in zip(durations, phases, strict=True)
        )

    def count(self, population: Population) -> int:
        """How many invocations belong to a population."""
        return self._codes.count(_POPULATIONS.index(population))

    @property
    def succeeded(self) -> int:
        """How many invocations have succeeded, whatever population they belong to."""
        return len(self) - self.count(Population.FAILED) - self.count(Population.MISSING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """A configuration and what was observed of it. `unmeasured` says why nothing could be."""

    configuration: Configuration
    invocations: Invocations = field(default_factory=Invocations.of)
    unmeasured: str | None = None

    @property
    def failed_always(self) -> bool:
        """Whether no invocation has succeeded, and some have failed."""
        return not self.invocations.succeeded and self.invocations.count(Population.FAILED) > 0

    @property
    def infeasible(self) -> str | None:
        """Why the function cannot run at this size, or None.

        One kill for memory or one timeout is enough: a size at which that happens is not a size to run at. Errors
        that the function raises itself count once they are at least half of all invocations, or all of a payload's,
        two or more: without any that succeeded, nothing is known of that payload.
        """
        if not len(self.invocations):
            return None
        statuses = self.invocations.column("status")
        errors = self.invocations.select(Population.FAILED, "error_type")
        if (killed := statuses.count(Status.OUT_OF_MEMORY)) > 0:
            return f"ran out of memory in {killed} of {len(statuses)} invocations"
        if (late := statuses.count(Status.TIMEOUT)) > 0:
            return f"timed out in {late} of {len(statuses)} invocations"
        if 2 * len(errors) >= len(statuses):
            return f"failed in {len(errors)} of {len(statuses)} invocations ({_commonest(errors)})"
        return self._failing_payload()

    def _failing_payload(self) -> str | None:
        """Which payload has only failed, if any."""
        sent = Counter(self.invocations.column("payload"))
        failed = Counter(self.invocations.select(Population.FAILED, "payload"))
        lost = min((payload for payload, count in failed.items() if 1 < count == sent[payload]), default=None)
        if lost is None:
            return None
        rows = zip(
            *(self.invocations.select(Population.FAILED, name) for name in ("payload", "error_type")), strict=True
        )
        worst = _commonest([error for payload, error in rows if payload == lost])
        return f"failed in all {sent[lost]} invocations of payload {lost + 1} ({worst})"


def _commonest(errors: Sequence[str | None]) -> str:
    return max(sorted(set(errors), key=str), key=errors.count) or "an error"
