"""Where baselines are kept: a folder, or a bucket in S3. Both know paths and bytes, and not what these mean."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from powertune import files
from powertune.aws.objects import Objects
from powertune.config.from_file import inside
from powertune.errors import AlreadyExists, UsageError
from powertune.units import shown

S3 = "s3://"


class Shelf(Protocol):
    """Keeps files by their paths, with slashes."""

    def paths(self, folder: str = "") -> tuple[str, ...]:
        """The paths of all files in a folder, and in those below it; none where there is no such folder."""

    def read(self, path: str) -> bytes:
        """A file.

        Raises:
            UsageError, NotFound: it cannot be read.
        """

    def create(self, path: str, data: bytes) -> None:
        """Make a file, and replace none.

        Raises:
            AlreadyExists: there is one that holds something else.
            UsageError: it cannot be written.
        """

    def replace(self, path: str, data: bytes) -> None:
        """Make a file, or replace it."""

    def where(self, path: str = "") -> str:
        """The place as a person writes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderShelf:
    """A folder, which is made when the first file is kept. Links that lead out of it are not followed."""

    root: Path

    def paths(self, folder: str = "") -> tuple[str, ...]:
        """The paths of all files, in order."""
        if self.root.exists() and not self.root.is_dir():
            raise UsageError(f"{str(self.root)!r} is not a folder", hint="name the folder with the baselines")
        found: list[str] = []
        for place, _, names in os.walk(self.root / folder, onerror=_cannot_list):
            found.extend((Path(place) / name).relative_to(self.root).as_posix() for name in names)
        return tuple(sorted(found))

    def read(self, path: str) -> bytes:
        """A file."""
        try:
            return self._place(path).read_bytes()
        except OSError as error:
            raise UsageError(f"cannot read {self.where(path)!r}: {error.strerror}", hint="check the path") from error

    def create(self, path: str, data: bytes) -> None:
        """Make a file. An empty one reserves the name, which the content then takes at once."""
        target = self._made(path)
        try:
            target.touch(exist_ok=False)
        except FileExistsError:
            if self.read(path) == data:
                return
            raise AlreadyExists(f"{self.where(path)!r} exists already", hint="replace it with --replace") from None
        except OSError as error:
            raise UsageError(f"cannot write {self.where(path)!r}: {error.strerror}", hint="choose another") from error
        try:
            files.write(data, target)
        except BaseException:
            target.unlink(missing_ok=True)
            raise

    def replace(self, path: str, data: bytes) -> None:
        """Make a file, or replace it."""
        files.write(data, self._made(path))

    def where(self, path: str = "") -> str:
        """The path from here."""
        return str(self.root / path)

    def _made(self, path: str) -> Path:
        """The path, once its folder is there."""
        target = self._place(path)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(
                f"cannot make the folder {str(target.parent)!r}: {error.strerror}", hint="choose another place"
            ) from error
        return target

    def _place(self, path: str) -> Path:
        return inside(self.root, path, f"baseline {shown(path)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketShelf:
    """Objects in S3. `prefix` is empty, or ends with a slash."""

    objects: Objects
    prefix: str = ""

    def paths(self, folder: str = "") -> tuple[str, ...]:
        """The paths of all objects, in order."""
        start = self.prefix + (f"{folder}/" if folder else "")
        return tuple(key.removeprefix(self.prefix) for key in self.objects.keys(start))

    def read(self, path: str) -> bytes:
        """An object."""
        return self.objects.read(self.prefix + path)

    def create(self, path: str, data: bytes) -> None:
        """Make an object."""
        try:
            self.objects.create(self.prefix + path, data)
        except AlreadyExists:
            # Where an answer was lost, it is our own.
            if self.objects.find(self.prefix + path) != data:
                raise AlreadyExists(f"{self.where(path)} exists already", hint="replace it with --replace") from None

    def replace(self, path: str, data: bytes) -> None:
        """Make an object, or replace it."""
        self.objects.write(self.prefix + path, data)

    def where(self, path: str = "") -> str:
        """The address."""
        return self.objects.uri(self.prefix + path)


def shelf_at(place: str, bucket: Callable[[str], Objects]) -> Shelf:
    """The shelf in a folder, or in S3 at `s3://bucket` or `s3://bucket/prefix/`.

    Args:
        bucket: gives the objects of a bucket.

    Raises:
        UsageError: that is no place.
    """
    if not place.startswith(S3):
        return FolderShelf(root=Path(place))
    name, _, prefix = place.removeprefix(S3).partition("/")
    if not name:
        raise UsageError(f"{shown(place)} is not an S3 location", hint="write s3://bucket/prefix/")
    prefix = prefix.strip("/")
    return BucketShelf(objects=bucket(name), prefix=f"{prefix}/" if prefix else "")


def _cannot_list(error: OSError) -> None:
    """A folder that is not there has nothing in it; one that cannot be read is not known to be empty."""
    if not isinstance(error, FileNotFoundError):
        raise UsageError(f"cannot read {error.filename!r}: {error.strerror}", hint="check its permissions") from error
