"""Writes files atomically: completely or not at all."""

import os
import secrets
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from powertune.errors import UsageError


def write(data: bytes, path: Path) -> None:
    """Write a file atomically: the path holds either the old content or the new content.

    Raises:
        UsageError: it cannot be written.
    """
    # Follow links, and write to devices and pipes, instead of replacing them with a file.
    target = path.resolve()
    try:
        if target.exists() and not target.is_file():
            target.write_bytes(data)
        else:
            _replace(data, target)
    except OSError as error:
        raise UsageError(f"cannot write {str(path)!r}: {error.strerror}", hint="choose another place") from error


def _replace(data: bytes, target: Path) -> None:
    """Write a temporary file beside the target, then rename it.

    In a folder where others may write, they could place a file or a link in the way. So the name is random, and the
    file is opened exclusively, which neither follows nor overwrites anything.
    """
    temporary = target.with_name(f".powertune-{secrets.token_hex(8)}.tmp")
    exists = target.exists()
    # A file that replaces another is private until it has the permissions of the old one.
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
    """Check that a results file can be written, and make its folder, before anything is measured.

    Raises:
        UsageError: it cannot.
    """
    folder = path.resolve().parent
    with suppress(OSError):  # which is said below
        folder.mkdir(parents=True, exist_ok=True)
    if not folder.is_dir() or not can_write(path):
        raise UsageError(f"cannot write results file {str(path)!r}", hint="choose another place with --save")


def can_write(path: Path) -> bool:
    """Whether a file can be written, as `write` does, in its folder or in what there is above it. Leaves no trace.

    It is tried out: permissions say little to a superuser, or of a file system that takes no files.
    """
    target = path.resolve()
    if target.exists() and (target.is_dir() or not os.access(target, os.W_OK)):
        return False
    if target.exists() and not target.is_file():
        return True
    folder = target.parent
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False
