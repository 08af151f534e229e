"""Runs `git` and `gh`: lists of arguments, never a shell, a clean environment, and their own words in errors."""

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from powertune.errors import AccessDenied, ForgeFailed, Unavailable
from powertune.units import printable, shortened

#: How long a command may take: a large repository is fetched from far away.
_TIMEOUT_S = 600
#: What of git's variables says who is asked and how, not where. All others would lead git to another repository.
_KEPT = ("GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSH_VARIANT", "GIT_ASKPASS", "GIT_SSL_", "GIT_CONFIG_", "GIT_HTTP_")
_SET = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_LITERAL_PATHSPECS": "1",
    "GH_PROMPT_DISABLED": "1",
    "GH_NO_UPDATE_NOTIFIER": "1",
    "NO_COLOR": "1",
    "LC_ALL": "C.UTF-8",
}
_FORCES_TERMINAL = ("GH_FORCE_TTY", "CLICOLOR_FORCE")
_DENIED = ("HTTP 401", "HTTP 403", "Permission denied", "Authentication failed", "could not read Username")
_UNAVAILABLE = ("HTTP 5", "Could not resolve host", "Connection timed out", "rate limit")
#: What may stand in the address of a remote before the name of the host.
_SECRET = re.compile(r"://[^/@\s]+@")
#: `gh` ends with this code if nobody is signed in.
_GH_SIGN_IN = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program, by its absolute path, and the folder that it runs in. `name` is what people call it."""

    name: str
    path: str
    folder: Path
    environment: Mapping[str, str]

    def run(self, *arguments: str, data: bytes = b"", more: Mapping[str, str] | None = None) -> bytes:
        """Run it; returns what it prints.

        Args:
            data: what it reads from stdin.
            more: variables of this command alone.

        Raises:
            AccessDenied, Unavailable, ForgeFailed: it has failed.
        """
        try:
            done = subprocess.run(  # noqa: S603 - a list of arguments, and no shell
                [self.path, *arguments],
                cwd=self.folder,
                env={**cleaned(self.environment), **(more or {})},
                input=data,
                capture_output=True,
                timeout=_TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise Unavailable(f"{self.name} did not answer within {_TIMEOUT_S} s", hint="try again later") from None
        except OSError as error:
            raise ForgeFailed(f"{self.name} cannot be run: {error.strerror}", hint=f"install {self.name}") from None
        if done.returncode != 0:
            raise self._failure(arguments, done.returncode, done.stderr.decode(errors="replace"))
        return done.stdout

    def _failure(self, arguments: tuple[str, ...], code: int, said: str) -> AccessDenied | Unavailable | ForgeFailed:
        verb = next((each for each in arguments if each.replace("-", "").isalpha() and each[0] != "-"), "")
        words = shortened(_SECRET.sub("://", printable(" ".join(said.split()))), 400) or f"exit status {code}"
        message = f"{self.name} {verb}: {words}"
        if (self.name == "gh" and code == _GH_SIGN_IN) or any(each in said for each in _DENIED):
            return AccessDenied(message, hint="give it a token that may write contents and pull requests (GH_TOKEN)")
        if any(each in said for each in _UNAVAILABLE):
            return Unavailable(message, hint="try again later")
        hint = f"run it by hand in {os.fspath(self.folder)!r} to see what it needs, or use --output for a folder"
        return ForgeFailed(message, hint=hint)


def cleaned(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without what would lead git elsewhere, make it ask, or color its output."""
    kept = {
        name: value
        for name, value in environment.items()
        if name not in _FORCES_TERMINAL and (not name.startswith("GIT_") or name.startswith(_KEPT))
    }
    return {**kept, **_SET}
