"""The ZIP file that the steps run from: the same input gives the same bytes, and what no step imports stays out."""

import hashlib
import io
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import powertune
from powertune.errors import UsageError

#: Lambda takes no more, unzipped, layers included (Lambda quotas).
LAMBDA_LIMIT_BYTES = 250 * 2**20
#: What belongs to a terminal, or to this machine; and the charts of a run's page, which no step writes.
_ELSEWHERE = (
    "powertune/cli/",
    "powertune/local/",
    "powertune/statemachine/",
    "powertune/report/html/templates/plotly",
)
#: What of the libraries is for tests, and for those who compile against them.
_UNUSED = (
    *("bin/", "numpy/_core/include/", "numpy/_core/lib/", "numpy/_pyinstaller/", "numpy/doc/", "numpy/f2py/"),
    *("numpy/random/_examples/", "numpy/random/lib/", "numpy/testing/"),
)
_UNUSED_FOLDERS = frozenset({"__pycache__", "tests"})
_UNUSED_ENDINGS = (".a", ".c", ".h", ".pxd", ".pyc", ".pyi", ".pyx")
#: `_simd` is numpy's own tests of its vector instructions; these records say where and how pip has put files.
_UNUSED_BEGINNINGS = ("_simd.", "RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_")
#: The earliest moment that a ZIP file can name.
_MOMENT = (1980, 1, 1, 0, 0, 0)
_MODE = 0o100644 << 16


@dataclass(frozen=True, slots=True)
class Bundle:
    """The files of a ZIP by their names in it."""

    files: Mapping[str, bytes]

    @property
    def digest(self) -> str:
        """What the content is known by. It depends on no release of zlib, as the bytes of a ZIP file do."""
        digest = hashlib.sha256()
        for name, data in sorted(self.files.items()):
            digest.update(f"{len(name)} {name} {len(data)} ".encode())
            digest.update(data)
        return digest.hexdigest()

    @property
    def unpacked_bytes(self) -> int:
        """The size of all files."""
        return sum(map(len, self.files.values()))

    def zipped(self) -> bytes:
        """The ZIP file: files by name, all of one moment, and readable by everybody, as Lambda needs them.

        Raises:
            UsageError: Lambda would refuse it.
        """
        if self.unpacked_bytes > LAMBDA_LIMIT_BYTES:
            raise UsageError(
                f"the code of the steps has {self.unpacked_bytes:,} bytes, and Lambda takes {LAMBDA_LIMIT_BYTES:,}",
                hint="install powertune again",
            )
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in sorted(self.files.items()):
                entry = zipfile.ZipInfo(name, _MOMENT)
                entry.external_attr = _MODE
                entry.create_system = 3  # Unix, whichever system this is
                archive.writestr(entry, data, zipfile.ZIP_DEFLATED)
        return buffer.getvalue()


def make_bundle(handlers: bytes, libraries: Mapping[str, bytes]) -> Bundle:
    """What the steps need: the handlers at the root, the package, and libraries. boto3 comes with the runtime.

    Args:
        libraries: files of `read_folder`, or by their names in `site-packages`.
    """
    package = Path(powertune.__file__).parent
    ours = {f"{package.name}/{name}": data for name, data in read_folder(package).items()}
    files = {**libraries, **ours, "handlers.py": handlers}
    return Bundle({name: data for name, data in files.items() if is_wanted(name)})


def read_folder(folder: Path) -> dict[str, bytes]:
    """The wanted files of a folder by their names relative to it."""
    return {name: (folder / name).read_bytes() for name in _names(folder) if is_wanted(name)}


def is_wanted(name: str) -> bool:
    """Whether a step may need a file of this name; names are relative to the root of the ZIP."""
    path = PurePosixPath(name)
    return not (
        name.startswith((*_ELSEWHERE, *_UNUSED))
        or _UNUSED_FOLDERS.intersection(path.parts)
        or path.name.endswith(_UNUSED_ENDINGS)
        or path.name.startswith(_UNUSED_BEGINNINGS)
    )


def _names(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path.relative_to(folder).as_posix()
