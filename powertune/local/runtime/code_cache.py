"""Deployment packages and layers, unpacked once and shared by all environments that use them."""

import errno
import hashlib
import io
import os
import shutil
import stat
import struct
import tempfile
import threading
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from powertune.local.functions import Function

LIMIT_BYTES = 262_144_000
"""What a function and its layers may have when they are unpacked: 250 MB, as on Lambda."""

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""The others unpack without a bound on memory, and Lambda's packages do not use them."""

_LONGEST_LINK = 4096
_CHUNK_BYTES = 1 << 20

_UNUSABLE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    RuntimeError,  # encrypted, or compressed in a way that is not known
    ValueError,  # a link's target that is not text
    OverflowError,
)
"""What zipfile and its decompressors raise for a package that is broken."""

_IMPOSSIBLE = frozenset(
    {
        errno.EEXIST,  # a file where another entry needs a folder
        errno.EILSEQ,
        errno.EINVAL,  # a name that the file system does not take; an offset before the beginning
        errno.EISDIR,
        errno.ELOOP,  # links that lead to each other
        errno.ENAMETOOLONG,
        errno.ENOENT,  # a link to nothing
        errno.ENOTDIR,
        errno.ENOTEMPTY,
    }
)
"""What the operating system says of such a package, in distinction to a full disk."""


class BadPackage(Exception):
    """A deployment package that is not a ZIP file, or that reaches outside its folder."""


class TooLarge(BadPackage):
    """A package that would be larger than a function may be when it is unpacked."""

    def __init__(self) -> None:
        super().__init__(f"Unzipped size must be smaller than {LIMIT_BYTES} bytes")


@dataclass(eq=False, slots=True)
class _Claim:
    """What the environments of one version have unpacked."""

    function: Function
    environments: int = 0
    outdated: bool = False
    folders: tuple[Path, ...] = ()


class CodeCache:
    """Folders below `root`, named by the digest of what is in them, and removed with the last of their users."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = threading.Lock()
        self._claims: dict[tuple[str, str], _Claim] = {}

    def claim(self, function: Function) -> tuple[Path, Path | None]:
        """The folders of a function's code and of its layers, for an environment.

        Raises:
            BadPackage: one of the packages cannot be unpacked.
        """
        with self._lock:
            code = self._folder(function.code)
            layers = self._folder(*function.layers) if function.layers else None
            claim = self._claims.setdefault(function.key, _Claim(function))
            claim.folders = (code,) if layers is None else (code, layers)
            claim.environments += 1
        return code, layers

    def release(self, function: Function) -> None:
        """An environment that had claimed a function's code has ended."""
        with self._lock:
            if (claim := self._claims.get(function.key)) is not None:
                claim.environments -= 1
            self._sweep()

    def retire(self, outdated: Callable[[Function], bool]) -> None:
        """Remove the code of functions that were changed or deleted, as soon as no environment uses it."""
        with self._lock:
            for claim in self._claims.values():
                claim.outdated = claim.outdated or outdated(claim.function)
            self._sweep()

    def _sweep(self) -> None:
        gone = {key: claim for key, claim in self._claims.items() if claim.outdated and claim.environments <= 0}
        for key in gone:
            del self._claims[key]
        kept = {folder for claim in self._claims.values() for folder in claim.folders}
        for folder in {folder for claim in gone.values() for folder in claim.folders} - kept:
            shutil.rmtree(folder, ignore_errors=True)

    def folder(self, *packages: bytes) -> Path:
        """The folder that holds these ZIP files, unpacked over one another in this order.

        Raises:
            BadPackage: one of them cannot be unpacked.
        """
        with self._lock:
            return self._folder(*packages)

    def _folder(self, *packages: bytes) -> Path:
        digest = hashlib.sha256()
        for package in packages:
            digest.update(hashlib.sha256(package).digest())
        folder = self._root / digest.hexdigest()
        if not folder.is_dir():
            self._fill(folder, packages)
        return folder

    def _fill(self, folder: Path, packages: tuple[bytes, ...]) -> None:
        """All or nothing: the folder has its name only when everything is in it."""
        self._root.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix="partial-", dir=self._root))
        try:
            partial.chmod(0o755)
            left = LIMIT_BYTES
            for package in packages:
                left -= unpack(package, partial, left)
            partial.rename(folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def unpacked_size(package: bytes) -> int:
    """How many bytes a package has when it is unpacked, as it says itself.

    Raises:
        BadPackage: it is not a ZIP file.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(package)) as archive:
            return sum(info.file_size for info in archive.infolist())
    except (*_UNUSABLE, OSError) as error:
        raise BadPackage(str(error) or type(error).__name__) from error


def check(package: bytes) -> None:
    """See whether a package is a ZIP file, and not too large.

    Raises:
        TooLarge: it is too large.
        BadPackage: it is not a ZIP file.
    """
    if unpacked_size(package) > LIMIT_BYTES:
        raise TooLarge


def unpack(package: bytes, folder: Path, limit: int = LIMIT_BYTES) -> int:
    """Unpack a ZIP file with permissions and symbolic links, readable for everyone as on Lambda; returns its size.

    Raises:
        TooLarge: it has more than `limit` bytes.
        BadPackage: not a ZIP file, or one with a file or a link that leaves the folder.
        OSError: the disk is full, or may not be written to.
    """
    root = Path(os.path.realpath(folder))
    size = 0
    try:
        with zipfile.ZipFile(io.BytesIO(package)) as archive:
            for info in archive.infolist():
                size += _unpack_one(archive, info, root, limit - size)
        _check_links(root)
    except _UNUSABLE as error:
        raise BadPackage(str(error) or type(error).__name__) from error
    except OSError as error:
        if error.errno not in _IMPOSSIBLE:
            raise
        raise BadPackage(error.strerror or type(error).__name__) from error
    return size


def _check_links(root: Path) -> None:
    """Last, because where a link leads can change with the links that come after it."""
    for place, folders, files in os.walk(root):
        for path in (Path(place, name) for name in (*folders, *files)):
            if path.is_symlink():
                _check_inside(path, root)


def _unpack_one(archive: zipfile.ZipFile, info: zipfile.ZipInfo, root: Path, limit: int) -> int:
    """Unpack an entry; returns its size."""
    path = root / info.filename.lstrip("/")
    if path == root:
        return 0
    if info.compress_type not in _METHODS:
        raise BadPackage(f"{info.filename} is compressed by a method other than deflate")
    if ".." in path.parts:
        raise BadPackage(f"{info.filename} leaves the package")
    mode = info.external_attr >> 16
    # Links that were unpacked before may lead the way out.
    _check_inside(path.parent, root)
    path.parent.mkdir(parents=True, exist_ok=True)
    if info.is_dir():
        _check_inside(path, root)
        path.mkdir(exist_ok=True)
        path.chmod(0o755)
        return 0
    if path.is_dir() and not path.is_symlink():
        raise BadPackage(f"{info.filename} is a folder and a file")
    path.unlink(missing_ok=True)
    if stat.S_ISLNK(mode):
        with archive.open(info) as source:
            path.symlink_to(source.read(_LONGEST_LINK).decode())
        return 0
    with archive.open(info) as source, path.open("xb") as target:
        size = _copy(source, target, limit)
    # Whoever may execute it at all: the function may run as another user than the server.
    path.chmod(0o755 if mode & 0o111 else 0o644)
    return size


def _copy(source: IO[bytes], target: IO[bytes], limit: int) -> int:
    """What a package says about its sizes may be wrong, so that the bytes are counted as they come."""
    size = 0
    while chunk := source.read(_CHUNK_BYTES):
        size += len(chunk)
        if size > limit:
            raise TooLarge
        target.write(chunk)
    return size


def _check_inside(path: Path, root: Path) -> None:
    """Refuse a path that leads out of `root`, whatever links are on the way and wherever the last one points."""
    if not Path(os.path.realpath(path)).is_relative_to(root):
        raise BadPackage(f"{path.relative_to(root)} leaves the package")
