"""Which native binaries a deployment package holds, and for which processors. Pure: bytes in, names out."""

import io
import re
import zipfile
import zlib
from collections.abc import Collection
from dataclasses import dataclass, field

from powertune.model import Architecture

#: ELF's e_machine, by whose processors execute it. What is neither side's is run by nobody now, and does not matter.
_MACHINES = {
    3: Architecture.X86_64,  # i386
    62: Architecture.X86_64,
    40: Architecture.ARM64,  # 32-bit ARM
    183: Architecture.ARM64,
}
_HEADER_BYTES = 20
_ARCHIVES = (".jar", ".war", ".whl", ".egg", ".zip")
#: An archive in the package is read whole; more than this, of one and of all, is left alone: it may be a ZIP bomb.
_NESTED_BYTES = 128 * 1024 * 1024
_NESTED_TOTAL_BYTES = 512 * 1024 * 1024
#: The other methods unpack without a bound on memory, and Lambda's packages do not use them.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, OSError)
_ARCHITECTURE = (
    r"(?:x86(?:[-_](?:64|32))?|amd64|x64|i[3-6]86|ia32"
    r"|aarch[-_]?64|arm64(?:[-_]v8a)?|arm(?:32|el|hf|eabi(?:-v7a)?|v[5-8][a-z]*)?)"
)
#: The C library of Lambda's own runtimes, which one twin's name may have and the other's lack. Musl is another one.
_GLIBC = r"(?:gnu(?:eabi(?:hf)?)?|glibc)"
#: As a word of its own, with the sign that joins it to what it follows.
_WORDS = re.compile(rf"(?:^|[-_.]|(?<=[^a-z0-9]))(?:{_ARCHITECTURE}|{_GLIBC})(?![a-z0-9])", re.ASCII)
#: Linux's format is that of other systems too, and Java's archives carry binaries for them: nothing here runs those.
_OTHER_SYSTEM = re.compile(
    r"(?:^|[^a-z0-9])(?:android|dragonfly(?:bsd)?|freebsd|netbsd|openbsd|solaris|sunos)"
    rf"[-_/]{_ARCHITECTURE}(?![a-z0-9])",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Native:
    """A binary and the architecture that executes it. `path` is `lib/x.so`, or `app.jar!lib/x.so` in an archive."""

    path: str
    architecture: Architecture

    @property
    def kind(self) -> str:
        """The whole path without the architecture: the same for `a/linux-x64/b.node` and `a/linux-arm64/b.node`."""
        return _WORDS.sub("", self.path.lower())

    @property
    def for_linux(self) -> bool:
        """Whether the path does not say that it is for another system, as `freebsd-x86-64/x.so` does."""
        return _OTHER_SYSTEM.search(self.path.lower()) is None


@dataclass(slots=True)
class Inspection:
    """What was found, and the names of what could not be looked into."""

    natives: list[Native] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)


def inspect(package: bytes, *, most: int = _NESTED_BYTES, in_all: int = _NESTED_TOTAL_BYTES) -> Inspection:
    """Look at the first bytes of every file of a ZIP, and of the archives in it.

    Args:
        most: how many bytes an archive in the ZIP may have, unpacked, to be looked into.
        in_all: how many all of them together may have.
    """
    found = Inspection()
    _walk(package, "", found, most, in_all)
    return found


def lacking(natives: Collection[Native], own: Architecture, wanted: Architecture) -> tuple[str, ...]:
    """The binaries for `own` that come without a twin for `wanted`.

    A package may hold a binary for each side and choose when it runs. Twins are in the same place of it but for the
    words of the architecture: a file of the same name in another package's folder is no twin.
    """
    twins = {native.kind for native in natives if native.architecture is wanted}
    return tuple(
        native.path
        for native in natives
        if native.architecture is own and native.for_linux and native.kind not in twins
    )


def machine_of(header: bytes) -> Architecture | None:
    """Whose processors execute a file that begins so; None if it is not an ELF binary, or one of neither side."""
    if len(header) < _HEADER_BYTES or header[:4] != b"\x7fELF":
        return None
    return _MACHINES.get(int.from_bytes(header[18:20], "big" if header[5] == 2 else "little"))


def _walk(package: bytes, prefix: str, found: Inspection, most: int, budget: int) -> None:
    """Archives are looked into when they are in the package itself, not in another archive."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(package))
    except _UNREADABLE:
        found.skipped.append(prefix.removesuffix("!") or "the package")
        return
    with archive:
        for info in archive.infolist():
            # Not `info.is_dir()`, which fails for a name that is empty.
            if not info.filename or info.filename.endswith("/"):
                continue
            path = prefix + info.filename
            nested = not prefix and info.filename.lower().endswith(_ARCHIVES)
            data = _read(archive, info, min(most, budget) if nested else _HEADER_BYTES, whole=nested)
            if data is None:
                found.skipped.append(path)
            elif nested:
                budget -= len(data)
                _walk(data, f"{path}!", found, 0, 0)
            elif (architecture := machine_of(data)) is not None:
                found.natives.append(Native(path=path, architecture=architecture))


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, size: int, *, whole: bool) -> bytes | None:
    """The first bytes of a file; None if it cannot be read, or is longer but wanted whole."""
    if info.compress_type not in _METHODS:
        return None
    try:
        with archive.open(info) as stream:
            data = stream.read(size)
            return None if whole and stream.read(1) else data
    except _UNREADABLE:
        return None
