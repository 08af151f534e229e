"""Where scans are kept, so that the next one can be compared with them: a directory, or a bucket in S3."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from powertune import files
from powertune.aws.objects import Objects
from powertune.errors import AlreadyExists, NotFound, UsageError
from powertune.scan.archive import newest_first, scan_name
from powertune.scan.scan import Scan
from powertune.scan.scan_document import dump_scan, parse_scan
from powertune.units import shown

#: Others may save at the same moment; nobody does so that often.
_ATTEMPTS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class SkippedScan:
    """A kept scan that cannot be read: where it is, and why."""

    where: str
    reason: str

    def __str__(self) -> str:
        return f"{self.where} was left out: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierScans:
    """Scans of before, in the order of time, and those that could not be read, the newest first."""

    scans: tuple[Scan, ...] = ()
    skipped: tuple[SkippedScan, ...] = ()


class ScanArchive(Protocol):
    """Keeps scans."""

    def save(self, scan: Scan) -> str:
        """Keep a scan, beside all others; returns where.

        Raises:
            UsageError: it cannot be written there.
        """

    def earlier(self, limit: int, before: float | None = None) -> EarlierScans:
        """The newest scans, as many as `limit`; damaged ones are skipped.

        Args:
            before: seconds since the epoch; only scans from before that, to the second.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryArchive:
    """A directory, which is made when the first scan is saved."""

    path: Path

    def save(self, scan: Scan) -> str:
        """Keep a scan in a file of its own."""
        data = dump_scan(scan)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            target = self._reserved(scan)
        except OSError as error:
            raise UsageError(
                f"cannot keep the scan in {str(self.path)!r}: {error.strerror}", hint="choose another directory"
            ) from error
        try:
            files.write(data, target)
        except BaseException:
            target.unlink(missing_ok=True)
            raise
        return str(target)

    def earlier(self, limit: int, before: float | None = None) -> EarlierScans:
        """The newest scans; none where there is no directory."""
        try:
            names = [path.name for path in self.path.iterdir()]
        except FileNotFoundError:
            return EarlierScans()
        except NotADirectoryError:
            raise UsageError(f"{str(self.path)!r} is not a folder", hint="choose another with --scans") from None
        except OSError as error:
            raise UsageError(
                f"cannot read {str(self.path)!r}: {error.strerror}", hint="give the directory of the scans"
            ) from error
        return _read(newest_first(names, before), limit, self._bytes, lambda name: str(self.path / name))

    def _reserved(self, scan: Scan) -> Path:
        """An empty file with a name that nobody else gets: the content then takes its place at once."""
        taken = {path.name for path in self.path.iterdir()}
        while True:
            target = self.path / scan_name(scan.scanned_at, taken)
            try:
                target.touch(exist_ok=False)
            except FileExistsError:
                taken.add(target.name)
            else:
                return target

    def _bytes(self, name: str) -> bytes:
        path = self.path / name
        try:
            return path.read_bytes()
        except OSError as error:
            raise UsageError(f"cannot read it: {error.strerror}", hint="check its permissions") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketArchive:
    """Objects in S3. `prefix` is empty, or ends with a slash."""

    objects: Objects
    prefix: str = ""

    def save(self, scan: Scan) -> str:
        """Keep a scan in an object of its own."""
        data, taken = dump_scan(scan), set(self._names())
        for _ in range(_ATTEMPTS):
            name = scan_name(scan.scanned_at, taken)
            try:
                self.objects.create(self.prefix + name, data)
            except AlreadyExists:
                # Where the answer was lost, it is our own.
                if self.objects.find(self.prefix + name) != data:
                    taken.add(name)
                    continue
            return self.objects.uri(self.prefix + name)
        raise UsageError(f"no name is free for the scan in {self.objects.uri(self.prefix)}", hint="try again")

    def earlier(self, limit: int, before: float | None = None) -> EarlierScans:
        """The newest scans."""
        names = newest_first(self._names(), before)
        return _read(
            names,
            limit,
            lambda name: self.objects.read(self.prefix + name),
            lambda name: self.objects.uri(self.prefix + name),
        )

    def _names(self) -> Iterable[str]:
        return (key.removeprefix(self.prefix) for key in self.objects.keys(f"{self.prefix}scan-"))


def archive_at(place: str, bucket: Callable[[str], Objects]) -> ScanArchive:
    """The archive in a directory, or in S3 at `s3://bucket` or `s3://bucket/prefix`.

    Args:
        bucket: gives the objects of a bucket.

    Raises:
        UsageError: that is no place.
    """
    if not place.startswith("s3://"):
        return DirectoryArchive(path=Path(place))
    name, _, prefix = place.removeprefix("s3://").partition("/")
    if not name:
        raise UsageError(f"{shown(place)} is not an S3 location", hint="write s3://bucket/prefix")
    prefix = prefix.strip("/")
    return BucketArchive(objects=bucket(name), prefix=f"{prefix}/" if prefix else "")


def _read(
    names: Iterable[str], limit: int, read: Callable[[str], bytes], where: Callable[[str], str]
) -> EarlierScans:
    """The first scans that can be read, as many as are wanted."""
    scans: list[Scan] = []
    skipped: list[SkippedScan] = []
    for name in names:
        if len(scans) >= limit:
            break
        try:
            scans.append(parse_scan(read(name)))
        except (UsageError, NotFound) as error:
            skipped.append(SkippedScan(where=where(name), reason=error.message))
    return EarlierScans(scans=tuple(reversed(scans)), skipped=tuple(skipped))
