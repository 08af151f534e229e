"""Files written whole or not at all."""

import os
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
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        if target.exists() and not target.is_file():
            target.write_bytes(data)
            return
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, temporary)
        temporary.replace(target)
    except OSError as error:
        raise UsageError(f"cannot write {str(path)!r}: {error.strerror}", hint="choose another place") from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def check_writable(path: Path) -> None:
    """Find out whether a results file can be written, before anything is measured that would be lost.

    Raises:
        UsageError: it cannot.
    """
    folder = path.resolve().parent
    if path.is_dir() or not folder.is_dir() or not os.access(path if path.exists() else folder, os.W_OK):
        raise UsageError(f"cannot write results file {str(path)!r}", hint="choose another place with --save")
