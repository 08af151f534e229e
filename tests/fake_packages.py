"""Deployment packages and native binaries, as small as they can be."""

import io
import zipfile
from collections.abc import Mapping
from typing import Literal


def make_zip(files: Mapping[str, bytes]) -> bytes:
    """A ZIP of files, the same for the same files."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return stream.getvalue()


def elf(machine: int, *, big: bool = False) -> bytes:
    """The beginning of a native binary for a machine, by its number in ELF."""
    order: Literal["little", "big"] = "big" if big else "little"
    identity = b"\x7fELF" + bytes((2, 2 if big else 1, 1)) + bytes(9)
    return identity + (3).to_bytes(2, order) + machine.to_bytes(2, order) + bytes(44)
