"""Deployment packages and layers, unpacked once and shared by all environments that use them."""

import hashlib
import io
import os
import stat
import threading
import zipfile
from pathlib import Path


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
            BadPackage: one of them is no ZIP file.
        """
        digest = hashlib.sha256()
        for package in packages:
            digest.update(hashlib.sha256(package).digest())
        folder = self._root / digest.hexdigest()
        with self._lock:
            if not folder.is_dir():
                partial = folder.with_suffix(".partial")
                partial.mkdir(parents=True)
                for package in packages:
                    unpack(package, partial)
                partial.rename(folder)
        return folder


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
        BadPackage: not a ZIP file, or a link that leaves the folder.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(package)) as archive:
            for info in archive.infolist():
                mode = info.external_attr >> 16
                if stat.S_ISLNK(mode):
                    _link(archive.read(info).decode(), folder, info.filename)
                    continue
                path = Path(archive.extract(info, folder))
                path.chmod(0o755 if path.is_dir() else (stat.S_IMODE(mode) & 0o777) | 0o644)
    except (zipfile.BadZipFile, UnicodeDecodeError) as error:
        raise BadPackage(str(error)) from error


def _link(target: str, folder: Path, name: str) -> None:
    path = folder / name
    inside = os.path.normpath(path.parent / target)
    if not Path(inside).is_relative_to(folder) or not Path(os.path.normpath(path)).is_relative_to(folder):
        raise BadPackage(f"the link {name} leaves the package")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to(target)
