"""Deployment packages and layers, unpacked once and shared by all environments that use them."""

import hashlib
import io
import lzma
import os
import shutil
import stat
import tempfile
import threading
import zipfile
import zlib
from pathlib import Path

_UNUSABLE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    RuntimeError,  # encrypted, or compressed in a way that is not known
    ValueError,  # a link's target that is not text
    FileExistsError,  # a file where another entry needs a folder
    FileNotFoundError,  # a link to nothing
    NotADirectoryError,
)
"""What goes wrong with a package that is broken, in distinction to a full disk."""


class BadPackage(Exception):
    """A deployment package that is not a ZIP file, or that reaches outside its folder."""


class CodeCache:
    """Folders below `root`, named by the digest of what is in them."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = threading.Lock()

    def folder(self, *packages: bytes) -> Path:
        """The folder that holds these ZIP files, unpacked over one another in this order.

        Raises:
            BadPackage: one of them cannot be unpacked.
        """
        digest = hashlib.sha256()
        for package in packages:
            digest.update(hashlib.sha256(package).digest())
        folder = self._root / digest.hexdigest()
        with self._lock:
            if not folder.is_dir():
                self._fill(folder, packages)
        return folder

    def _fill(self, folder: Path, packages: tuple[bytes, ...]) -> None:
        """All or nothing: the folder has its name only when everything is in it."""
        self._root.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix="partial-", dir=self._root))
        try:
            partial.chmod(0o755)
            for package in packages:
                unpack(package, partial)
            partial.rename(folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def check(package: bytes) -> None:
    """See whether a package is a ZIP file.

    Raises:
        BadPackage: it is not.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(package)):
            pass
    except zipfile.BadZipFile as error:
        raise BadPackage(str(error)) from error


def unpack(package: bytes, folder: Path) -> None:
    """Unpack a ZIP file with permissions and symbolic links, readable for everyone as on Lambda.

    Raises:
        BadPackage: not a ZIP file, or one with a file or a link that leaves the folder.
    """
    root = Path(os.path.realpath(folder))
    try:
        with zipfile.ZipFile(io.BytesIO(package)) as archive:
            for info in archive.infolist():
                _unpack_one(archive, info, root)
    except _UNUSABLE as error:
        raise BadPackage(str(error) or type(error).__name__) from error
    # Last, because where a link leads can change with the links that come after it.
    for place, folders, files in os.walk(root):
        for path in (Path(place, name) for name in (*folders, *files)):
            if path.is_symlink():
                _check_inside(path, root)


def _unpack_one(archive: zipfile.ZipFile, info: zipfile.ZipInfo, root: Path) -> None:
    path = root / info.filename.lstrip("/")
    if path == root:
        return
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
        return
    if path.is_dir() and not path.is_symlink():
        raise BadPackage(f"{info.filename} is a folder and a file")
    path.unlink(missing_ok=True)
    if stat.S_ISLNK(mode):
        path.symlink_to(archive.read(info).decode())
        return
    with archive.open(info) as source, path.open("xb") as target:
        shutil.copyfileobj(source, target)
    path.chmod((stat.S_IMODE(mode) & 0o777) | 0o644)


def _check_inside(path: Path, root: Path) -> None:
    """Refuse a path that leads out of `root`, whatever links are on the way and wherever the last one points."""
    if not Path(os.path.realpath(path)).is_relative_to(root):
        raise BadPackage(f"{path.relative_to(root)} leaves the package")
