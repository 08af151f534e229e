"""Puts things into a root folder: one word per entry says how. Used by the keeper and by the launcher."""

import os

from powertune.local.sandbox import kernel

FOLDER, EMPTY, SEAL, LINK, SHOW, DEVICE, WRITABLE = "folder", "empty", "seal", "link", "show", "device", "writable"
"""A folder; one that hides what is there, to be filled and then sealed; a symbolic link; a folder or file of the
machine, read-only; a device; a folder that may be written to."""

Entry = tuple[str, str, str]
"""How, what (a path on the machine, or where a link leads), and the place below the root."""

_SAFE = kernel.NO_SUID | kernel.NO_DEVICES


def fit(root: str, entry: Entry) -> None:
    """Put one entry in its place.

    Raises:
        OSError: it is not permitted, or what is to be shown does not exist.
    """
    how, what, below = entry
    place = root + below
    if how == FOLDER:
        os.makedirs(place, exist_ok=True)
    elif how == EMPTY:
        os.makedirs(place, exist_ok=True)
        kernel.mount("tmpfs", place, _SAFE, "size=1m,mode=755")
    elif how == SEAL:
        kernel.restrict(place, kernel.READ_ONLY, recursive=False)
    elif how == LINK:
        os.makedirs(os.path.dirname(place), exist_ok=True)
        os.symlink(what, place)
    else:
        _show(how, what, place)


def _show(how: str, what: str, place: str) -> None:
    if not os.path.lexists(place):
        _make_mount_point(what, place)
    kernel.bind(what, place)
    if how == SHOW:
        kernel.restrict(place, kernel.READ_ONLY | _SAFE)
    elif how == WRITABLE:
        kernel.restrict(place, _SAFE)


def _make_mount_point(what: str, place: str) -> None:
    if os.path.isdir(what):
        os.makedirs(place)
        return
    os.makedirs(os.path.dirname(place), exist_ok=True)
    os.close(os.open(place, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o644))
