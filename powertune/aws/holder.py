"""A function that holds the sizes of a run, the original or a copy: published only while nobody else deploys."""

from collections.abc import Callable, Iterable

from powertune.aws.function_snapshot import FunctionSnapshot, Version
from powertune.aws.journal import Journal, JournalLock
from powertune.aws.lambda_function import LambdaFunction
from powertune.aws.undo import restore_memory
from powertune.errors import Changed, FunctionBusy, MemorySizeRefused
from powertune.units import MEMORY_MIN_MB


class Holder:
    """Knows what $LATEST was left as, and so notices who else changes it. `publish` is called by one at a time.

    Args:
        found: $LATEST before the first change.
        lock: the journal on the original, where every change is announced; a copy has none, as it is deleted whole.
        stop: raises once the run is being undone.
    """

    def __init__(
        self,
        function: LambdaFunction,
        journal: Journal,
        found: FunctionSnapshot,
        *,
        lock: JournalLock | None,
        stop: Callable[[], None],
    ) -> None:
        self.function = function
        self.found = found
        self._journal = journal
        self._memory_mb = found.memory_mb
        self._lock = lock
        self._stop = stop
        self._versions: list[Version] = []
        self._aliases: list[str] = []
        #: What another process of the run has published, by size.
        self._adopted: dict[int, Version] = {}

    @property
    def published(self) -> tuple[Version, ...]:
        """The versions that the run has published of it: listings may not show them yet."""
        return tuple(self._versions)

    @property
    def aliases(self) -> tuple[str, ...]:
        """The aliases that the run has created on it."""
        return tuple(self._aliases)

    def alias(self, memory_mb: int) -> str:
        """The name of the alias of one size."""
        return self._journal.alias(memory_mb)

    def in_order(self, sizes: Iterable[int]) -> tuple[int, ...]:
        """Sizes in the order to publish them: the size that the function had comes last.

        Publishing that puts $LATEST back, and it cannot be the version which the function's owner published of it.
        """
        return tuple(sorted(sizes, key=lambda memory_mb: (memory_mb == self.found.memory_mb, memory_mb)))

    def adopt(self) -> None:
        """Find the versions and aliases that another process of the run has made: they are not made again."""
        aliases = self.function.aliases()
        self._aliases += filter(self._journal.owns_alias, aliases)
        self._versions += (each for each in self.function.versions() if each.description == self._journal.mark)
        for version in self._versions:
            alias = aliases.get(self.alias(version.memory_mb))
            if alias is None or alias.version == version.number:
                self._adopted[version.memory_mb] = version

    def publish(self, memory_mb: int) -> Version:
        """Set the memory size and publish a version, which may take a while to become active.

        Raises:
            MemorySizeRefused: the account may not use so much memory.
            FunctionBusy: somebody else has changed the function meanwhile.
        """
        if memory_mb in self._adopted:
            return self._adopted[memory_mb]
        version = self._publish(memory_mb)
        if version.description != self._journal.mark:
            # Nothing has changed since the owner published: AWS answers with their version, whose environments serve
            # production. Once another size was published, the same configuration makes a version of its own.
            self._publish(memory_mb - 1 if memory_mb > MEMORY_MIN_MB else memory_mb + 1)
            version = self._publish(memory_mb)
        if version.memory_mb != memory_mb:
            raise FunctionBusy(
                f"version {version.number} was published with {version.memory_mb} MB instead of {memory_mb} MB",
                hint="somebody else is changing the function; run again when they have finished",
            )
        if version.description != self._journal.mark:
            raise FunctionBusy(
                f"somebody else keeps publishing {self.function.ref.name}: version {version.number} is theirs",
                hint="run again when they have finished",
            )
        return version

    def activate(self, version: Version, *, stop: Callable[[], None]) -> None:
        """Wait until a version can be invoked, and give it an alias. May be called for several at a time.

        Args:
            stop: called before each look; may raise to end the wait.

        Raises:
            SizeRefused: Lambda could not make it ready.
        """
        name = self.alias(version.memory_mb)
        self.function.wait_until_active(version.number, give_up=stop)
        self._aliases.append(name)
        self.function.create_alias(name, version.number, self._journal.mark)

    def rest(self) -> None:
        """Put $LATEST back, if it is the original's. What somebody else has set is left, and noticed by `publish`.

        Raises:
            NotRestored: somebody else has deployed new code while $LATEST held a trial size.
        """
        if self._lock is None:
            return
        if self._memory_mb != self.found.memory_mb:
            restore_memory(self.function, self._lock.journal)
            self._memory_mb = self.found.memory_mb
        self._lock.clear()

    def _publish(self, memory_mb: int) -> Version:
        ready = self._set_memory(memory_mb)
        try:
            version = self.function.publish(self._journal.mark, ready)
        except Changed:
            raise changed(self.function.ref.name) from None
        if version.description == self._journal.mark:
            self._versions.append(version)
        return version

    def _set_memory(self, memory_mb: int) -> FunctionSnapshot:
        """Give $LATEST a memory size, if it is what it was left as; returns what it is then."""
        before = self.function.wait_until_updated(give_up=self._stop)
        if before.fingerprint != self.found.fingerprint or before.memory_mb != self._memory_mb:
            raise changed(self.function.ref.name)
        if before.memory_mb == memory_mb:
            return before
        self._stop()
        if self._lock is not None and memory_mb != self.found.memory_mb:
            self._lock.announce(memory_mb, holds_mb=before.memory_mb)
        self._memory_mb = memory_mb
        try:
            self.function.set_memory(memory_mb, before)
        except MemorySizeRefused:
            self._memory_mb = before.memory_mb
            raise
        ready = self.function.wait_until_updated(give_up=self._stop)
        if ready.fingerprint != self.found.fingerprint or ready.memory_mb != memory_mb:
            raise changed(self.function.ref.name)
        return ready


def changed(name: str) -> FunctionBusy:
    """Somebody deploys at the same time."""
    return FunctionBusy(
        f"{name} was changed by somebody else during the run", hint="run again when their deployment has ended"
    )
