"""One Lambda function through its API: what it is, and the changes that a run makes to it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, ParamSpec, TypeVar

from powertune.aws.client import Aws
from powertune.aws.function_snapshot import Alias, FunctionSnapshot, Version
from powertune.aws.memory_limit import memory_refusal
from powertune.errors import (
    AlreadyExists,
    Changed,
    FunctionBusy,
    NotFound,
    SizeRefused,
    UsageError,
)
from powertune.model import FunctionRef, FunctionState

#: How often to ask whether an update has ended: often at first, as most take a second.
POLL_S = 0.1
POLL_OFTEN_S = 5.0
POLL_SLOWLY_S = 1.0
#: How long to ask: as long as AWS's own waiter published_version_active, for the sake of SnapStart.
POLL_LIMIT_S = 1_560.0
#: What was just created may not be seen by every reader at once: how often to look again, and after how long.
NOT_SEEN_YET = 10
NOT_SEEN_PAUSE_S = 1.0
P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class LambdaFunction:
    """The calls that concern one function. Each waits, retries and translates through `Aws.call`."""

    aws: Aws
    ref: FunctionRef

    @classmethod
    def of(cls, aws: Aws, state: FunctionState) -> "LambdaFunction":
        """The function whose state is known, without the qualifier by which it was asked for."""
        return cls(aws, replace(FunctionRef.parse(state.arn), qualifier=None))

    @property
    def _name(self) -> str:
        return self.ref.unqualified

    def read(self, qualifier: str | None = None) -> FunctionSnapshot:
        """Read $LATEST, or what a qualifier points at.

        Raises:
            NotFound: no such function, version or alias.
        """
        get = self.aws.clients.control.get_function
        try:
            if qualifier is None:
                answer = self.aws.call(get, FunctionName=self._name)
            else:
                answer = self.aws.call(get, FunctionName=self._name, Qualifier=qualifier)
        except NotFound:
            if qualifier is not None and self._exists():
                kind = "version" if qualifier.isdecimal() else "alias"
                raise NotFound(
                    f"function {self.ref.name} in {self.aws.region} has no {kind} {qualifier}",
                    hint=f"`aws lambda list-{kind}{'s-by-function' if kind == 'version' else 'es'} --function-name "
                    f"{self.ref.name}` lists those that it has",
                ) from None
            what = f"{self.ref.name}:{qualifier}" if qualifier else self.ref.name
            raise NotFound(
                f"function {what} does not exist in {self.aws.region}", hint="check the name, --region and --profile"
            ) from None
        return FunctionSnapshot.of(answer)

    def _exists(self) -> bool:
        try:
            self.aws.call(self.aws.clients.control.get_function, FunctionName=self._name)
        except NotFound:
            return False
        return True

    def wait_until_settled(
        self, qualifier: str | None = None, *, give_up: Callable[[], None] = lambda: None
    ) -> FunctionSnapshot:
        """Wait until no update is under way, whether it then has succeeded or failed.

        Args:
            give_up: called before each look; may raise to end the wait.

        Raises:
            FunctionBusy: the update did not end.
        """
        waited = 0.0
        while True:
            give_up()
            snapshot = self.read(qualifier)
            if not snapshot.updating:
                return snapshot
            if waited >= POLL_LIMIT_S:
                raise FunctionBusy(
                    f"an update of {self.ref.name} has been under way for {POLL_LIMIT_S:.0f} s",
                    hint="wait until it has ended, then run again",
                )
            pause = POLL_S if waited < POLL_OFTEN_S else POLL_SLOWLY_S
            self.aws.sleep(pause)
            waited += pause

    def wait_until_updated(self, *, give_up: Callable[[], None] = lambda: None) -> FunctionSnapshot:
        """Wait until $LATEST is updated (what the waiter function_updated_v2 does, asked more often).

        Raises:
            FunctionBusy: the update did not end, or failed.
        """
        snapshot = self.wait_until_settled(give_up=give_up)
        if snapshot.configuration.get("LastUpdateStatus") == "Failed":
            reason = snapshot.configuration.get("LastUpdateStatusReason", "no reason given")
            raise FunctionBusy(f"the last update of {self.ref.name} failed: {reason}", hint="deploy it again")
        return snapshot

    def wait_until_seen(self, changed: Callable[[FunctionSnapshot], bool]) -> FunctionSnapshot:
        """Wait until $LATEST is updated and shows a change that was just made to it; or until it has had time to.

        Raises:
            FunctionBusy: the update did not end, or failed.
        """
        for _ in range(NOT_SEEN_YET):
            snapshot = self.wait_until_updated()
            if changed(snapshot):
                return snapshot
            self.aws.sleep(NOT_SEEN_PAUSE_S)
        return self.wait_until_updated()

    def wait_until_active(self, version: str, *, give_up: Callable[[], None] = lambda: None) -> None:
        """Wait until a published version can be invoked; a SnapStart snapshot takes minutes.

        Raises:
            SizeRefused: Lambda could not make the version ready, at this size.
        """
        failure = self.seen(lambda: self.wait_until_settled(version, give_up=give_up)).failure
        if failure is not None:
            raise SizeRefused(f"version {version} could not be made ready: {failure}")

    def set_memory(self, memory_mb: int, before: FunctionSnapshot) -> None:
        """Change the memory size of $LATEST, if it still is what `before` says.

        Raises:
            Changed: somebody else has changed the function.
            MemorySizeRefused: the account may not use so much memory.
        """
        update = self.aws.clients.control.update_function_configuration
        try:
            try:
                self.when_free(update, FunctionName=self._name, MemorySize=memory_mb, **before.guard)
            except Changed:
                # After a lost answer, it may be our own first attempt that has changed it; and AWS gives out a new
                # revision when an update ends, too.
                now = self.read()
                if now.fingerprint != before.fingerprint or now.memory_mb not in (memory_mb, before.memory_mb):
                    raise
                if now.memory_mb != memory_mb:
                    self.when_free(update, FunctionName=self._name, MemorySize=memory_mb, **now.guard)
        except UsageError as error:
            raise memory_refusal(error, memory_mb) or error from None

    def publish(self, description: str, before: FunctionSnapshot) -> Version:
        """Publish $LATEST, if it still is what `before` says.

        AWS answers with the last version, unmarked by us, if nothing has changed since.

        Raises:
            Changed: somebody else has changed the function.
        """
        publish = self.aws.clients.control.publish_version
        code: dict[str, Any] = {"CodeSha256": before.code_sha256} if before.code_sha256 else {}
        try:
            answer = self.when_free(publish, FunctionName=self._name, Description=description, **code, **before.guard)
        except Changed:
            # As above: a new revision is not always a change. After a lost answer, this gets our own version again.
            now = self.read()
            if now.fingerprint != before.fingerprint or now.memory_mb != before.memory_mb:
                raise
            answer = self.when_free(publish, FunctionName=self._name, Description=description, **code, **now.guard)
        return Version.of(answer)

    def create_alias(self, name: str, version: str, description: str = "") -> Alias:
        """Create an alias; fine if a lost first attempt has created the very same one.

        Raises:
            AlreadyExists: an alias of that name points elsewhere or says something else.
        """
        create = self.aws.clients.control.create_alias
        try:
            answer = self.seen(
                lambda: self.aws.call(
                    create, FunctionName=self._name, Name=name, FunctionVersion=version, Description=description
                )
            )
        except AlreadyExists:
            existing = self.alias(name)
            if existing is None or (existing.version, existing.description) != (version, description):
                raise
            return existing
        return Alias.of(answer)

    def point_alias(self, name: str, version: str) -> None:
        """Let an alias point at a version; it is created if there is none. Its weights and description stay."""
        if self.alias(name) is None:
            self.create_alias(name, version)
            return
        update = self.aws.clients.control.update_alias
        self.seen(lambda: self.aws.call(update, FunctionName=self._name, Name=name, FunctionVersion=version))

    def describe_alias(self, name: str, description: str, *, revision: str) -> Alias:
        """Change the description of an alias, if the alias still has this revision.

        Raises:
            Changed: somebody else has changed it.
            NotFound: it is gone.
        """
        guard: dict[str, Any] = {"RevisionId": revision} if revision else {}
        update = self.aws.clients.control.update_alias
        try:
            answer = self.seen(
                lambda: self.aws.call(update, FunctionName=self._name, Name=name, Description=description, **guard)
            )
        except Changed:
            # After a lost answer, it may be our own first attempt that has changed it.
            existing = self.alias(name)
            if existing is None or existing.description != description:
                raise
            return existing
        return Alias.of(answer)

    def alias(self, name: str) -> Alias | None:
        """An alias; None if there is none of that name."""
        try:
            return Alias.of(self.aws.call(self.aws.clients.control.get_alias, FunctionName=self._name, Name=name))
        except NotFound:
            return None

    def aliases(self) -> dict[str, Alias]:
        """Every alias, by name."""
        listed = self._pages(self.aws.clients.control.list_aliases, "Aliases")
        return {alias["Name"]: Alias.of(alias) for alias in listed}

    def versions(self) -> tuple[Version, ...]:
        """Every published version."""
        listed = map(Version.of, self._pages(self.aws.clients.control.list_versions_by_function, "Versions"))
        return tuple(version for version in listed if version.number != "$LATEST")

    def provisioned(self) -> frozenset[str]:
        """The aliases and versions that have provisioned concurrency."""
        listing = self.aws.clients.control.list_provisioned_concurrency_configs
        listed = self._pages(listing, "ProvisionedConcurrencyConfigs")
        return frozenset(str(each["FunctionArn"]).rpartition(":")[2] for each in listed)

    def _pages(self, listing: Callable[..., Any], key: str) -> Iterator[Mapping[str, Any]]:
        """What a listing holds, page by page."""
        marker: str | None = None
        while True:
            more: dict[str, Any] = {"Marker": marker} if marker else {}
            page = self.aws.call(listing, FunctionName=self._name, **more)
            yield from page.get(key, ())
            marker = page.get("NextMarker")
            if not marker:
                return

    def seen(self, call: Callable[[], R]) -> R:
        """Make a call about something that was just created, as soon as AWS sees it.

        Raises:
            NotFound: it has not appeared.
        """
        for _ in range(NOT_SEEN_YET):
            try:
                return call()
            except NotFound:
                self.aws.sleep(NOT_SEEN_PAUSE_S)
        return call()

    def when_free(self, change: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Make a change that AWS may refuse for minutes, while it takes the snapshot of another version."""
        began = self.aws.clock()
        while True:
            try:
                return self.aws.call(change, *args, **kwargs)
            except (AlreadyExists, Changed):
                raise
            except FunctionBusy:
                self.aws.give_up()
                if self.aws.clock() - began >= POLL_LIMIT_S:
                    raise

    def delete_alias(self, name: str) -> None:
        """Delete an alias; fine if it is gone already."""
        try:
            self.aws.call(self.aws.clients.control.delete_alias, FunctionName=self._name, Name=name)
        except NotFound:
            return

    def delete_version(self, number: str) -> None:
        """Delete one published version; fine if it is gone already. Never deletes the function.

        Raises:
            FunctionBusy: an alias points at it.
        """
        if not (number.isascii() and number.isdigit()):
            raise AssertionError(f"{number!r} is not the number of a version")
        try:
            self.aws.call(self.aws.clients.control.delete_function, FunctionName=self._name, Qualifier=number)
        except NotFound:
            return

    def tags(self, arn: str) -> dict[str, str]:
        """The function's tags; `arn` is its own, as ListTags takes nothing else."""
        return dict(self.aws.call(self.aws.clients.control.list_tags, Resource=arn).get("Tags", {}))

    def delete_whole(self) -> None:
        """Delete the function with all its versions. `copies.lifecycle.delete_copy` knows when that is allowed."""
        self.aws.call(self.aws.clients.control.delete_function, FunctionName=self._name)
