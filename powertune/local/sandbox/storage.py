"""What /tmp can be, and the file systems in files that hold it at its best."""

import os
import shutil
import subprocess
from pathlib import Path

_PLACES_OF_PROGRAMS = os.pathsep.join([os.defpath, "/usr/sbin", "/sbin"])

IMAGE, MEMORY, FOLDER = "a file system in a file", "memory", "a folder"
"""What /tmp can be: only the first two have a size, and what is in memory counts as memory of the cgroup."""

_FILE_SYSTEM = (
    "mkfs.ext4", "-q", "-F", "-m", "0", "-N", "16384",
    "-O", "^has_journal,^resize_inode,^metadata_csum", "-E", "lazy_itable_init=1,nodiscard",
)  # fmt: skip
_RECORDS_MB = 6
"""The table of inodes, 4 MB, and maps of what is free."""

_HELD_BACK_MB = 16
"""What ext4 keeps free to be able to write at all: 2 percent, and at most 4,096 blocks."""


class RoomError(OSError):
    """Namespaces cannot be prepared; the message says which step failed."""


def format_image(image: Path, size_mb: int) -> Path:
    """A file system with so much space for files, beside its own records and what the kernel holds back of it.

    Raises:
        RoomError: there is no program for it, or no space.
    """
    with image.open("wb") as file:
        file.truncate((size_mb + min(size_mb // 50, _HELD_BACK_MB) + _RECORDS_MB) << 20)
    program, *options = _FILE_SYSTEM
    command = [find(program), *options, str(image)]
    outcome = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False, env={})  # noqa: S603
    if outcome.returncode:
        image.unlink()
        raise RoomError(f"{program}: {outcome.stderr.decode(errors='replace').strip()}")
    return image


def find(program: str) -> str:
    """Where a program of the system is.

    Raises:
        RoomError: nowhere.
    """
    if (path := shutil.which(program, path=_PLACES_OF_PROGRAMS)) is None:
        raise RoomError(f"there is no {program} on this machine")
    return path
