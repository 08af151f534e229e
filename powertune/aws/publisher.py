"""Publishes the sizes of a run: the function's own first, each as shortly as possible, then those of its copies."""

from collections.abc import Callable, Iterable, Sequence

from powertune.aws.activation import Activations
from powertune.aws.copies.copy_request import Wanted
from powertune.aws.copies.lifecycle import find_copy, make_copy, other_runtime_version
from powertune.aws.copies.names import copy_names
from powertune.aws.copies.portability import copy_denied
from powertune.aws.function_snapshot import FunctionSnapshot, Version
from powertune.aws.holder import Holder, changed
from powertune.aws.journal import Journal, JournalLock
from powertune.aws.lambda_function import LambdaFunction
from powertune.aws.memory_limit import over_limit
from powertune.errors import CopyDenied, FunctionBusy, MemorySizeRefused, Unavailable
from powertune.measure import Publishing
from powertune.model import Advisory, Architecture, Configuration
from powertune.plan import Plan


class Publisher:
    """The functions that hold the sizes of a run, one for each architecture. `publish` is called by one at a time.

    Args:
        function: the original, whose calls are given up once the run is being undone.
        journal: what a run has to undo, given what was found of a function.
        stop: raises once the run is being undone.
    """

    def __init__(
        self,
        plan: Plan,
        function: LambdaFunction,
        *,
        journal: Callable[[FunctionSnapshot], Journal],
        stop: Callable[[], None],
    ) -> None:
        self._plan = plan
        self._state = plan.function
        self._function = function
        self._journal = journal
        self._stop = stop
        self._holders: dict[Architecture, Holder] = {}
        self._limit_mb: int | None = None
        #: Whether no copy exists, as the first one was not allowed.
        self.denied = False
        #: Whether a copy may yet appear, as its creation was not answered.
        self.uncertain = False
        self.advisories: tuple[Advisory, ...] = ()

    def hold(self, found: FunctionSnapshot, lock: JournalLock) -> None:
        """Publish the sizes of the function's own architecture on the function itself, which the lock protects."""
        self._hold(self._state.architecture, self._function, found, lock)

    def adopt(self) -> None:
        """Find what another process of the run has published, on the function that is held and on copies."""
        names = copy_names(self._state.name, self._plan.run_id, len(self._plan.copies))
        for architecture, name in zip(self._plan.copies, names, strict=True):
            found = find_copy(self._function, name, self._plan.run_id)
            if found is not None:
                self._hold(architecture, *found, None)
        for holder in self._holders.values():
            holder.adopt()

    def holder(self, architecture: Architecture) -> Holder | None:
        """What holds the sizes of an architecture, if anything does yet."""
        return self._holders.get(architecture)

    def publish(self, configurations: Sequence[Configuration], publishing: Publishing) -> None:
        """Publish versions one right after the other, and give each an alias as soon as it can be invoked.

        $LATEST is put back once the last one is published: nobody waits for a version to become active, or for a
        copy, while production may call a trial size.

        Raises:
            FunctionBusy: somebody else has changed the function meanwhile.
            FunctionRefused: no copy can be made of it.
        """
        activations = Activations(publishing, self._stop)
        try:
            for architecture in sorted({c.architecture for c in configurations}, key=self._is_other):
                own = {c.memory_mb: c for c in configurations if c.architecture is architecture}
                holder = self._holder_for(architecture, own.values(), publishing)
                for configuration in map(own.__getitem__, holder.in_order(own)):
                    version = self._publish(holder, configuration, publishing)
                    if version is not None:
                        activations.start(holder, configuration, version)
                    activations.check()
                holder.rest()
            activations.wait()
        finally:
            activations.end()

    def _hold(
        self, architecture: Architecture, function: LambdaFunction, found: FunctionSnapshot, lock: JournalLock | None
    ) -> None:
        self._holders[architecture] = Holder(function, self._journal(found), found, lock=lock, stop=self._stop)

    def _is_other(self, architecture: Architecture) -> bool:
        return architecture is not self._state.architecture

    def _holder_for(
        self, architecture: Architecture, configurations: Iterable[Configuration], publishing: Publishing
    ) -> Holder:
        """What holds the sizes of an architecture; a copy is made when it is first needed."""
        if architecture not in self._holders:
            for configuration in configurations:
                publishing.waiting(configuration, "making a temporary copy of the function")
            self._make_copy(architecture)
        return self._holders[architecture]

    def _publish(self, holder: Holder, configuration: Configuration, publishing: Publishing) -> Version | None:
        """Publish one size; None if the account may not use so much memory."""
        memory_mb = configuration.memory_mb
        publishing.waiting(configuration, "waiting for Lambda to update the function")
        try:
            if self._limit_mb is not None and memory_mb > self._limit_mb:
                raise over_limit(memory_mb, self._limit_mb)
            version = holder.publish(memory_mb)
        except MemorySizeRefused as refused:
            self._limit_mb = refused.limit_mb
            publishing.refused(configuration, refused)
            return None
        snapshot = "for the SnapStart snapshot, which takes minutes" if self._state.snapstart else "for the version"
        publishing.waiting(configuration, f"waiting {snapshot}")
        return version

    def _make_copy(self, architecture: Architecture) -> None:
        """Copy $LATEST as it was when the plan was made."""
        run_id = self._plan.run_id
        names = copy_names(self._state.name, run_id, len(self._plan.copies))
        seen = self._function.wait_until_updated(give_up=self._stop)
        if seen.fingerprint != self._state.fingerprint:
            raise changed(self._state.name)
        wanted = Wanted(
            name=names[self._plan.copies.index(architecture)],
            run_id=run_id,
            architecture=architecture,
            log_group=self._state.log_group,
            image_uri=self._plan.image_uri(architecture),
        )
        try:
            copy, made = make_copy(self._function, seen, wanted)
        except CopyDenied as denied:
            self.denied = self._holders.keys().isdisjoint(self._plan.copies)
            raise copy_denied(self._plan, denied) from denied
        except (FunctionBusy, Unavailable):
            self.uncertain = True
            raise
        self.advisories += other_runtime_version(seen, made)
        self._hold(architecture, copy, made, None)
