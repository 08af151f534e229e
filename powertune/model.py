"""The nouns: what is measured, how it is named, and what a run holds. Everything here is frozen."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from functools import cached_property
from itertools import compress
from typing import Any, overload

from powertune.errors import UsageError


class Architecture(StrEnum):
    """An instruction set that Lambda offers."""

    X86_64 = "x86_64"
    ARM64 = "arm64"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Configuration:
    """A memory size and an architecture: the key everywhere."""

    memory_mb: int
    architecture: Architecture

    def __str__(self) -> str:
        return f"{self.memory_mb} MB {self.architecture}"


_NAME = r"[A-Za-z0-9_-]{1,64}"
_QUALIFIER = r"\$LATEST|[A-Za-z0-9_-]{1,128}"
_ARN = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):lambda:(?P<region>[a-z0-9-]+):(?P<account>\d{12})"
    rf":function:(?P<name>{_NAME})(?::(?P<qualifier>{_QUALIFIER}))?"
)
_PARTIAL_ARN = re.compile(rf"(?P<account>\d{{12}}):function:(?P<name>{_NAME})(?::(?P<qualifier>{_QUALIFIER}))?")
_PLAIN = re.compile(rf"(?P<name>{_NAME})(?::(?P<qualifier>{_QUALIFIER}))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionRef:
    """A function as a person names it: `name`, `name:alias`, a partial ARN or a full ARN in any partition."""

    name: str
    qualifier: str | None = None
    region: str | None = None
    account_id: str | None = None
    partition: str | None = None

    @classmethod
    def parse(cls, text: str) -> "FunctionRef":
        """Read a name, `name:alias`, `123456789012:function:name[:alias]` or a full ARN.

        Raises:
            UsageError: the text is none of these.
        """
        for pattern in (_ARN, _PARTIAL_ARN, _PLAIN):
            if match := pattern.fullmatch(text):
                part = match.groupdict()
                return cls(
                    name=part["name"],
                    qualifier=part["qualifier"],
                    region=part.get("region"),
                    account_id=part.get("account"),
                    partition=part.get("partition"),
                )
        raise UsageError(
            f"{text!r} is not the name or ARN of a Lambda function",
            hint="give a name, name:alias, an ARN, or path/to/app.py:handler",
        )

    @property
    def unqualified(self) -> str:
        """What the API takes as FunctionName: the name, with the account when it was given."""
        if self.account_id is None:
            return self.name
        if self.region is None:
            return f"{self.account_id}:function:{self.name}"
        return f"arn:{self.partition}:lambda:{self.region}:{self.account_id}:function:{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionState:
    """What AWS says about a function before it is touched.

    `fingerprint` is a digest of the code and of everything configured except the memory size: while it stays the
    same, nobody else has deployed. `platform` describes the embedded AWS, and is None on AWS itself.
    """

    name: str
    arn: str
    region: str
    qualifier: str | None
    runtime: str
    memory_mb: int
    architecture: Architecture
    timeout_s: int
    ephemeral_storage_mb: int = 512
    package_type: str = "Zip"
    snapstart: bool = False
    log_format: str = "Text"
    log_group: str = ""
    reserved_concurrency: int | None = None
    code_sha256: str = ""
    fingerprint: str = ""
    platform: str | None = None

    @property
    def current(self) -> Configuration:
        """The configuration that is in effect now: the baseline."""
        return Configuration(memory_mb=self.memory_mb, architecture=self.architecture)


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """One event to send, as JSON bytes, and its share of the traffic."""

    body: bytes
    weight: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """The events a configuration is measured with: one payload, or several with weights.

    Every configuration gets the same events in the same order. The order is smooth weighted round-robin (as nginx
    balances upstreams): every prefix holds each payload in proportion to its weight, to within one.
    """

    payloads: tuple[Payload, ...]

    def first(self, count: int) -> tuple[bytes, ...]:
        """The bodies of the first `count` events."""
        total = sum(payload.weight for payload in self.payloads)
        credit = [0.0] * len(self.payloads)
        bodies = []
        for _ in range(count):
            credit = [have + payload.weight for have, payload in zip(credit, self.payloads, strict=True)]
            chosen = credit.index(max(credit))
            credit[chosen] -= total
            bodies.append(self.payloads[chosen].body)
        return tuple(bodies)


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
    """Neither: a lane's first invocation without an init phase, or the one after a crash."""
    FAILED = "failed"
    MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """One executed invocation. Times in ms as reported; None where nothing was reported, never zero.

    `started_at` is in seconds since the epoch on the invoking machine's clock. `billed_ms` already includes init
    and restore durations. `lane` numbers the parallel streams of a configuration from 0.
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


INVOCATION_FIELDS = tuple(f.name for f in fields(Invocation))
_POPULATIONS = tuple(Population)
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

        An invocation with an init or restore phase is cold. Lambda may have initialized the environment ahead of
        time, so a lane's first invocation without one is set aside; so is the first success after a crash, whose
        duration hides a second init.
        """
        return tuple(map(_POPULATIONS.__getitem__, self._codes))

    @cached_property
    def _codes(self) -> bytes:
        """The population of each invocation as its index in `_POPULATIONS`: a byte each, which C can search."""
        warm, cold, set_aside, failed, unknown = range(len(_POPULATIONS))
        ok, missing = Status.OK, Status.MISSING
        ready: set[int] = set()
        broken: set[int] = set()
        codes = bytearray()
        for status, lane, init, restore in zip(
            self.column("status"), self.column("lane"), self.column("init_ms"), self.column("restore_ms"), strict=True
        ):
            if status is ok:
                code = warm
                if lane not in ready:
                    ready.add(lane)
                    broken.discard(lane)
                    code = set_aside
                if init is not None or restore is not None:
                    code = cold
            elif status is missing:
                code = unknown
                ready.add(lane)
                broken.discard(lane)
            else:
                code = failed
                if status.broke_environment:
                    broken.add(lane)
                    ready.discard(lane)
                elif lane not in broken:
                    ready.add(lane)
            codes.append(code)
        return bytes(codes)

    def select(self, population: Population, name: str) -> tuple[Any, ...]:
        """One field of the invocations of one population."""
        return tuple(compress(self.column(name), self._codes.translate(_MASKS[population])))

    def count(self, population: Population) -> int:
        """How many invocations belong to a population."""
        return self._codes.count(_POPULATIONS.index(population))


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """A configuration and what was observed of it. `unmeasured` says why nothing could be."""

    configuration: Configuration
    invocations: Invocations = field(default_factory=Invocations.of)
    unmeasured: str | None = None

    @property
    def infeasible(self) -> str | None:
        """Why the function cannot run at this size, or None.

        One kill for memory or one timeout is enough: a size at which that happens is not a size to run at. Errors
        that the function raises itself count once they are at least half of all invocations.
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
            worst = max(sorted(set(errors), key=str), key=errors.count) or "an error"
            return f"failed in {len(errors)} of {len(statuses)} invocations ({worst})"
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Advisory:
    """A finding about the measurement itself, with a next step. `code` is stable, for machines."""

    code: str
    message: str
    next_step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """How a run was to measure: everything needed to do it again."""

    configurations: tuple[Configuration, ...]
    invocations: int
    lanes: int
    concurrency: int
    seed: int
    search: str = "grid"
    telemetry: str = "auto"
    payloads: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TuningRun:
    """What the results file holds: every invocation, raw.

    `stopped` says why no more was measured: `complete`, `budget`, `interrupted`, or a failure's message.
    Times are in seconds since the epoch.
    """

    run_id: str
    tool_version: str
    started_at: float
    finished_at: float
    engine: str
    function: FunctionState
    design: Design
    measurements: tuple[Measurement, ...]
    advisories: tuple[Advisory, ...] = ()
    stopped: str = "complete"
    throttles: int = 0

    def measurement(self, configuration: Configuration) -> Measurement | None:
        """What was observed of one configuration."""
        return next((m for m in self.measurements if m.configuration == configuration), None)
