"""Files written whole or not at all."""

import os
import secrets
import shutil
from contextlib import suppress
from pathlib import Path

from powertune.errors import UsageError


def write(data: bytes, path: Path) -> None:
    """Write a file so that the path holds the old one or the new one, never a part of either.

    Raises:
        UsageError: it cannot be written.
    """
    # A link is followed, and a device or a pipe is written to: neither is to be replaced by a file.
    target = path.resolve()
    try:
        if target.exists() and not target.is_file():
            target.write_bytes(data)
        else:
            _replace(data, target)
    except OSError as error:
        raise UsageError(f"cannot write {str(path)!r}: {error.strerror}", hint="choose another place") from error


def _replace(data: bytes, target: Path) -> None:
    """Write a file beside the target and put it in its place.

    In a folder where others may write, a file or a link may already be where ours is to be. Opened exclusively, it is
    neither followed nor overwritten; and nobody can tell its name beforehand.
    """
    temporary = target.with_name(f".powertune-{secrets.token_hex(8)}.tmp")
    exists = target.exists()
    # What is to have the permissions of an older file is closed to others until it has them.
    mode = 0o600 if exists else 0o666
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if exists:
            shutil.copymode(target, temporary)
        temporary.replace(target)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def check_writable(path: Path) -> None:
    """Find out whether a results file can be written, before anything is measured that would be lost.

    Raises:
        UsageError: it cannot.
    """
    folder = path.resolve().parent
    if path.is_dir() or not folder.is_dir() or not os.access(path if path.exists() else folder, os.W_OK):
        raise UsageError(f"cannot write results file {str(path)!r}", hint="choose another place with --save")
