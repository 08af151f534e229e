"""Reads the files of a folder that may define functions: nothing outside of it, nothing generated, no end."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from powertune.errors import PlaceNotFound, PlaceRefused, UsageError
from powertune.iac import Source
from powertune.iac.survey import JAVASCRIPT, PYTHON, TEMPLATES, TERRAFORM

#: Folders of what tools have installed or generated; those that are hidden are passed over, too.
_PASSED = frozenset({"node_modules", "cdk.out", "__pycache__", "venv", "site-packages", "dist", "build"})
#: Folders of tests, whose constructs are nobody's functions.
_TESTS = frozenset({"test", "tests", "__tests__"})
_STEMS = ("template", "cloudformation", "serverless")
_SAM_CONFIG = "samconfig.toml"
_CDK = "cdk.json"
_MOST_ENTRIES = 100_000
_MOST_FILES = 2_000
_MOST_BYTES = 20_000_000
_MOST_REMARKS = 5
#: The largest single file: four times the characters that any parser takes.
_MOST_BYTES_OF_ONE = 4_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFiles:
    """What was read. `places` are the files by the path of their source. `remarks` are about what was not read.

    `folder` is what the paths begin at.
    """

    sources: tuple[Source, ...]
    places: dict[str, Path]
    remarks: tuple[str, ...]
    folder: Path


def read_sources(path: Path) -> SourceFiles:
    """The files at a path: those of a folder and the folders in it, or one file and what belongs to it.

    Raises:
        UsageError: there is no such path, or it holds too much or nothing to read.
    """
    if not path.exists():
        raise PlaceNotFound(f"no file or folder {str(path)!r}", hint="check the path")
    base = path if path.is_dir() else path.parent
    reader = _Reader(base)
    for file in _in_folder(path) if path.is_dir() else _with_company(path):
        reader.read(file, named=file == path)
    remarks = _first(reader.remarks)
    if not reader.sources:
        reasons = f" ({'; '.join(remarks)})" if remarks else ""
        raise PlaceNotFound(
            f"{str(path)!r} holds no infrastructure code that is known{reasons}",
            hint="name the template, or the folder of the Terraform, Serverless or CDK code",
        )
    return SourceFiles(sources=tuple(reader.sources), places=reader.places, remarks=remarks, folder=reader.named_from)


def _first(remarks: list[str]) -> tuple[str, ...]:
    """The first of many."""
    more = len(remarks) - _MOST_REMARKS
    return (*remarks[:_MOST_REMARKS], *([f"not read: {more:,} more files"] if more > 0 else []))


class _Reader:
    """Reads files, and names them from where the diff will be applied."""

    def __init__(self, base: Path) -> None:
        self._root = base.resolve()
        here = Path.cwd().resolve()
        self.named_from = here if self._root.is_relative_to(here) else self._root
        self.sources: list[Source] = []
        self.places: dict[str, Path] = {}
        self.remarks: list[str] = []
        self._seen: set[Path] = set()
        self._bytes = 0

    def read(self, file: Path, *, named: bool) -> None:
        """Read a file. One that cannot be read is an error if it was named, and a remark if it was found."""
        place = Path(os.path.realpath(file))  # which takes links in a circle, too
        if place in self._seen:
            return
        self._seen.add(place)
        if not named and not place.is_relative_to(self._root):
            self.remarks.append(f"not read: {file} leads out of the folder")
            return
        try:
            text = _text(file)
        except PlaceRefused as error:
            if named:
                raise
            self.remarks.append(f"not read: {error.message}")
            return
        self._add(file, place, text)

    def _add(self, file: Path, place: Path, text: str) -> None:
        self._bytes += len(text)
        if self._bytes > _MOST_BYTES or len(self.sources) >= _MOST_FILES:
            raise _too_many(self._root)
        # A file that was named may be a link to another place, and is called what it was called.
        called = place if place.is_relative_to(self.named_from) else self._root / file.name
        name = called.relative_to(self.named_from).as_posix()
        self.sources.append(Source(path=name, text=text))
        self.places[name] = place


def _too_many(folder: Path) -> UsageError:
    return UsageError(f"{str(folder)!r} holds too many files", hint="name the file or a smaller folder")


def _text(file: Path) -> str:
    try:
        found = file.stat()
        if not stat.S_ISREG(found.st_mode):
            raise PlaceRefused(f"{file} is no regular file", hint="name another one")
        if found.st_size > _MOST_BYTES_OF_ONE:
            raise PlaceRefused(
                f"{file}: {found.st_size:,} bytes are too many", hint=f"at most {_MOST_BYTES_OF_ONE:,}"
            )
        # As it is: with its own ends of lines, and a byte order mark if there is one.
        return file.read_bytes().decode()
    except OSError as error:
        raise PlaceRefused(f"cannot read {str(file)!r}: {error.strerror}", hint="check its permissions") from error
    except UnicodeDecodeError:
        raise PlaceRefused(f"{file} is not UTF-8", hint="convert it, or change it by hand") from None


def _with_company(path: Path) -> Iterator[Path]:
    """A file, and what stands beside it: the rest of its Terraform folder, the configuration of SAM."""
    name = path.name.lower()
    if not name.endswith((*TEMPLATES, *TERRAFORM, *JAVASCRIPT, *PYTHON)):
        raise UsageError(
            f"the ending of {str(path)!r} says nothing about its language",
            hint=f"one of {' '.join((*TEMPLATES, *TERRAFORM[:1], *JAVASCRIPT, *PYTHON))}",
        )
    yield path
    if name.endswith(TERRAFORM):
        yield from sorted(each for each in path.parent.iterdir() if each.name.endswith(TERRAFORM) and each != path)
    elif name.endswith(TEMPLATES) and (path.parent / _SAM_CONFIG).is_file():
        yield path.parent / _SAM_CONFIG


def _in_folder(base: Path) -> Iterator[Path]:
    """The files of a folder and of those in it that may define functions, in order."""
    entries = 0
    apps: list[Path] = []
    for root, folders, names in os.walk(base):
        entries += len(folders) + len(names)
        if entries > _MOST_ENTRIES:
            raise _too_many(base)
        folders[:] = sorted(name for name in folders if name not in _PASSED and not name.startswith("."))
        folder = Path(root)
        if _CDK in names:
            apps.append(folder)
        in_app = any(folder.is_relative_to(app) for app in apps) and not _TESTS & set(folder.parts)
        yield from (folder / name for name in sorted(names) if _known(name) or (in_app and _code(name, names)))


def _known(name: str) -> bool:
    """Whether a file is looked into wherever it is."""
    lower = name.lower()
    stem, _, rest = lower.partition(".")
    template = lower.endswith(TEMPLATES) and (stem in _STEMS or "template" in rest.split("."))
    return template or lower.endswith((*TERRAFORM, ".tf.json")) or lower == _SAM_CONFIG


def _code(name: str, names: list[str]) -> bool:
    """Whether a file may be code of a CDK app, and was not generated from another one."""
    stem, _, ending = name.partition(".")
    declared = name.endswith((".d.ts", ".d.mts", ".d.cts"))
    compiled = ending in ("js", "mjs", "cjs") and f"{stem}.{ending.replace('js', 'ts')}" in names
    return name.endswith((*JAVASCRIPT, *PYTHON)) and not declared and not compiled
