"""A function that holds the sizes of a run, the original or a copy: published only while nobody else deploys."""

from collections.abc import Callable

from powertune.aws.functions import LambdaFunction
from powertune.aws.journal import Journal
from powertune.aws.snapshot import Snapshot
from powertune.aws.undo import restore_memory
from powertune.errors import FunctionBusy, MemorySizeRefused


class Holder:
    """Knows what $LATEST was left as, and so notices who else changes it. Its methods are called one at a time.

    Args:
        found: $LATEST before the first change.
        stop: raises once the run is being undone.
    """

    def __init__(
        self, function: LambdaFunction, journal: Journal, found: Snapshot, *, stop: Callable[[], None]
    ) -> None:
        self.function = function
        self._journal = journal
        self._memory_mb = found.memory_mb
        self._fingerprint = found.fingerprint
        self._code_sha256 = str(found.configuration.get("CodeSha256", ""))
        self._stop = stop

    def publish(self, memory_mb: int) -> None:
        """Set the memory size, publish a version, and give it an alias.

        Raises:
            MemorySizeRefused: the account may not use so much memory.
            FunctionBusy: somebody else has changed the function meanwhile.
        """
        self._set_memory(memory_mb)
        version = self.function.publish(self._journal.mark, code_sha256=self._code_sha256)
        if version.memory_mb != memory_mb:
            raise FunctionBusy(
                f"version {version.number} was published with {version.memory_mb} MB instead of {memory_mb} MB",
                hint="somebody else is changing the function; run again when they have finished",
            )
        self.function.wait_until_active(version.number, give_up=self._stop)
        self.function.create_alias(self._journal.alias(memory_mb), version.number, self._journal.mark)

    def rest(self) -> None:
        """Put $LATEST back."""
        restore_memory(self.function, self._journal)
        self._memory_mb = self._journal.memory_mb

    def _set_memory(self, memory_mb: int) -> None:
        before = self.function.wait_until_updated(give_up=self._stop)
        if before.fingerprint != self._fingerprint or before.memory_mb != self._memory_mb:
            raise changed(self.function.ref.name)
        if before.memory_mb != memory_mb:
            self._stop()
            self._memory_mb = memory_mb
            try:
                self.function.set_memory(memory_mb, before)
            except MemorySizeRefused:
                self._memory_mb = before.memory_mb
                raise
            self.function.wait_until_updated(give_up=self._stop)


def changed(name: str) -> FunctionBusy:
    """Somebody deploys at the same time."""
    return FunctionBusy(
        f"{name} was changed by somebody else during the run", hint="run again when their deployment has ended"
    )
