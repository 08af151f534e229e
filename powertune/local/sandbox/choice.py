"""What separates functions here: namespaces of their own where this machine permits it, decided once at the start."""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from powertune.errors import UsageError
from powertune.local.sandbox import accounts
from powertune.local.sandbox.accounts import Account
from powertune.local.sandbox.rooms import Rooms
from powertune.local.sandbox.storage import FOLDER, IMAGE, MEMORY, RoomError
from powertune.local.settings import Settings

_KNOWN = ("auto", "off", "namespaces")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """Rooms for functions, or, for None, the user that they run as. `note` says to a person what does not hold."""

    rooms: Rooms | None = None
    account: Account | None = None
    note: str | None = None

    def close(self) -> None:
        """Let go of what the rooms hold."""
        if self.rooms is not None:
            self.rooms.close()


def choose(settings: Settings, folder: Path, *, memory_is_limited: bool, is_root: bool | None = None) -> Sandbox:
    """The best that this machine permits.

    Args:
        settings: which sandbox and which user are wanted.
        folder: where the server keeps what functions need; it exists.
        memory_is_limited: whether a cgroup limits memory, so that files in memory would count.
        is_root: for tests; whether the server has root's rights.

    Raises:
        UsageError: a setting is unknown, or what is wanted is not possible here.
    """
    if settings.sandbox not in _KNOWN:
        raise UsageError(f"unknown sandbox {settings.sandbox!r}", hint=f"known: {', '.join(_KNOWN)}")
    root = os.geteuid() == 0 if is_root is None else is_root
    if settings.sandbox == "off":
        return _without(settings, folder, root, None)
    uid = accounts.wanted_uid(settings.function_user, is_root=root)
    reasons: list[str] = []
    for storage in _storages(root, memory_is_limited):
        try:
            rooms = _open(folder / "rooms", uid, storage, with_user=not root)
        except RoomError as error:
            reasons.append(str(error))
        else:
            return Sandbox(rooms=rooms, note=_about(storage))
    if settings.sandbox == "namespaces":
        raise UsageError(
            f"functions cannot have namespaces of their own here: {'; '.join(dict.fromkeys(reasons))}",
            hint="it takes Linux 5.12 or newer, and root or user namespaces",
        )
    return _without(settings, folder, root, "; ".join(dict.fromkeys(reasons)))


def _storages(root: bool, memory_is_limited: bool) -> Iterator[str]:
    """What /tmp can be, the best first."""
    if root:
        yield IMAGE
    yield FOLDER if memory_is_limited else MEMORY


def _open(folder: Path, uid: int | None, storage: str, *, with_user: bool) -> Rooms:
    """Rooms in which a Python function was seen to run.

    Raises:
        RoomError: it was not.
    """
    if sys.platform != "linux":
        raise RoomError("this is not Linux")
    folder.mkdir(exist_ok=True)
    rooms = Rooms(folder, user=uid, storage=storage, with_user=with_user)
    try:
        rooms.try_out(accounts.trial(Path("/")), folder / "trial")
    except RoomError:
        rooms.close()
        raise
    return rooms


def _about(storage: str) -> str | None:
    if storage == FOLDER:
        return "EphemeralStorage does not limit /tmp: it takes root, mkfs.ext4 and loop devices"
    return None


def _without(settings: Settings, folder: Path, root: bool, reason: str | None) -> Sandbox:
    choice = accounts.choose(settings.function_user, folder, is_root=root)
    notes = [choice.note] if choice.note else []
    if reason is not None:
        notes.append(f"functions see this machine's processes and /tmp: {reason}")
    return Sandbox(account=choice.account, note="; ".join(notes) or None)
