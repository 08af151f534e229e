"""The user that functions run as: where the server is root, one without any rights, so that code cannot use root's.

It is a user of this server only, by a number that no system assigns, and needs no entry in /etc/passwd. The server
tries whether it can run the interpreter: a Python below /root, say, is closed to everybody else.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from powertune.errors import UsageError

#: Above what distributions give to people (60,000), and systemd to containers (1,879,048,191).
_FIRST_UID = 2_000_000_000
_PROBE_S = 20
_KNOWN = ("auto", "own", "other")
_TRIAL = """
import importlib, json, os, sys
version, prefix, bootstrap, folder, *modules = sys.argv[1:]
assert (sys.version, sys.prefix) == (version, prefix)
open(bootstrap).close()
os.stat(folder)
for module in modules:
    importlib.import_module(module)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A user, and the group of the same number."""

    uid: int
    launcher: tuple[str, ...]

    @classmethod
    def of(cls, pid: int) -> "Account | None":
        """The user of a server process; None where there is no program to become it."""
        program = shutil.which("setpriv")
        if program is None:
            return None
        # A program in place of `Popen(user=)`: joining a cgroup comes before, and takes root's rights.
        uid = str(_FIRST_UID + pid)
        options = ("--reuid", uid, "--regid", uid, "--clear-groups", "--no-new-privs", "--inh-caps=-all", "--")
        # setpriv keeps its capabilities until it has started a program, and so finds what is closed to the user. The
        # shell in between does not: what it cannot find, the function could not use.
        return cls(uid=_FIRST_UID + pid, launcher=(program, *options, "/bin/sh", "-c", 'exec "$@"', "sh"))

    def let_in(self, folder: Path) -> None:
        """Let the user, and nobody else but us, go through a folder of ours."""
        os.chown(folder, -1, self.uid)
        folder.chmod(0o710)

    def give(self, folder: Path) -> None:
        """Make a folder the user's own."""
        os.chown(folder, self.uid, self.uid)
        folder.chmod(0o700)

    def can_run(self, command: Sequence[str]) -> bool:
        """Whether a command ends well when this user runs it."""
        variables = {"PATH": os.environ.get("PATH", os.defpath)}
        try:
            outcome = subprocess.run(  # noqa: S603 - our own interpreter
                [*self.launcher, *command], cwd="/", env=variables, stdin=subprocess.DEVNULL, capture_output=True,
                timeout=_PROBE_S, check=False,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired):
            return False
        return outcome.returncode == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Who runs functions: a user without rights, or, for None, the server's own. `note` says why, to a person."""

    account: Account | None = None
    note: str | None = None


def wanted_uid(wanted: str, *, is_root: bool | None = None) -> int | None:
    """The user for functions in a sandbox, which takes no program to become it; None for the server's own.

    Raises:
        UsageError: `wanted` is unknown, or not possible.
    """
    root = os.geteuid() == 0 if is_root is None else is_root
    if wanted == "own" or (wanted == "auto" and not root):
        return None
    if wanted not in _KNOWN:
        raise UsageError(f"unknown user for functions {wanted!r}", hint=f"known: {', '.join(_KNOWN)}")
    if not root:
        raise UsageError("functions cannot run as another user here", hint="it takes root")
    return _FIRST_UID + os.getpid()


def choose(wanted: str, folder: Path, *, is_root: bool | None = None) -> Choice:
    """The user for the functions of this server, which is let into its folder.

    Args:
        wanted: `auto`, `own` for the server's own, or `other` for one without rights even if it cannot run Python.
        folder: where the server keeps what functions need.

    Raises:
        UsageError: `wanted` is something else, or not possible.
    """
    if wanted not in _KNOWN:
        raise UsageError(f"unknown user for functions {wanted!r}", hint=f"known: {', '.join(_KNOWN)}")
    root = os.geteuid() == 0 if is_root is None else is_root
    if wanted == "own" or (wanted == "auto" and not root):
        return Choice()
    account = Account.of(os.getpid())
    if account is not None and root:
        account.let_in(folder)
        if wanted == "other" or account.can_run(trial(folder)):
            return Choice(account=account)
        folder.chmod(0o700)
        return Choice(note=f"functions run as root: no other user can run {sys.executable}")
    if wanted == "other":
        raise UsageError("functions cannot run as another user here", hint="it takes root and setpriv (util-linux)")
    return Choice(note="functions run as root: there is no setpriv (util-linux) on this machine")


def trial(folder: Path) -> tuple[str, ...]:
    """What a Python function needs: this very interpreter, the runtime clients, and a folder.

    An interpreter whose library is closed to a user may come up with another one, of the system.
    """
    bootstrap = Path(__file__).parents[1] / "runtime" / "bootstrap.py"
    modules = () if importlib.util.find_spec("awslambdaric") is None else ("awslambdaric.bootstrap",)
    arguments = (sys.version, sys.prefix, str(bootstrap), str(folder / "."), *modules)
    return (sys.executable, "-P", "-c", _TRIAL, *arguments)
