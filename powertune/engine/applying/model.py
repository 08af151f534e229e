"""The nouns of an apply: what was asked for, what was found, and what is going to be changed."""

from dataclasses import dataclass

from powertune.aws.function_snapshot import Alias, FunctionSnapshot
from powertune.aws.journal import AppliedRun, Journal
from powertune.model import Advisory, Configuration, FunctionRef

#: Lambda sends metrics by the minute.
LEAST_WATCH_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """How a canary is watched. `share` of the alias's invocations (above 0, below 1) goes to it for `watch_s`.

    It is rolled back if its p95 is longer by more than `max_p95_increase` (a share), and if it, or the version
    before, had fewer than `min_invocations` to tell.
    """

    share: float
    watch_s: float = 600.0
    max_p95_increase: float = 0.1
    min_invocations: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyRequest:
    """What a person has asked for: the memory size that was named, if one was, the alias, and how to move it."""

    memory_mb: int | None = None
    alias: str | None = None
    canary: Canary | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundAlias:
    """An alias, and the version that it leads to. `provisioned` says which of the two has provisioned concurrency."""

    name: str
    alias: Alias
    version: FunctionSnapshot
    provisioned: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFunction:
    """What AWS says before the first change. `others` are aliases that stay with published versions, by name."""

    latest: FunctionSnapshot
    alias: FoundAlias | None = None
    others: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyPlan:
    """All decisions. `named`: a person has chosen the size, not the run. `before` is what production has now."""

    apply_id: str
    run_id: str
    function: FunctionRef
    region: str
    chosen: Configuration
    named: bool
    before: Configuration
    latest: FunctionSnapshot
    alias: FoundAlias | None
    canary: Canary | None
    timeout_s: int
    advisories: tuple[Advisory, ...] = ()

    @property
    def memory_mb(self) -> int:
        """The memory size that is applied."""
        return self.chosen.memory_mb

    @property
    def target(self) -> str:
        """The function as a person types it for a rollback."""
        return str(self.function) if self.alias is None else f"{self.function}:{self.alias.name}"

    def journal(self, started_at: float) -> Journal:
        """What is written on the function before the first change.

        Args:
            started_at: seconds since the epoch.
        """
        latest = self.latest
        moved = {} if self.alias is None else {"alias": self.alias.name, "before": self.alias.alias.version}
        architecture = latest.architecture if latest.architecture != self.chosen.architecture else ""
        return Journal(
            run_id=self.apply_id,
            started_at=int(started_at),
            memory_mb=latest.memory_mb,
            code_sha256=latest.code_sha256,
            trial_mb=(self.memory_mb,) if self.memory_mb != latest.memory_mb else (),
            applied=AppliedRun(run_id=self.run_id, architecture=architecture, **moved),
        )
