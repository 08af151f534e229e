"""Kept scans: never overwritten, found again, and the damaged ones skipped with a word."""

from dataclasses import replace
from pathlib import Path

import pytest
from fake_aws import fake_aws
from fake_lambda import FakeLambda
from scanned import NOW
from scans import WEEK_S, earlier_scan, full_scan

from powertune.aws.objects import Objects
from powertune.engine.scanning.archive import (
    BucketArchive,
    DirectoryArchive,
    EarlierScans,
    ScanArchive,
    SkippedScan,
    archive_at,
)
from powertune.errors import UsageError
from powertune.scan.scan_document import dump_scan

#: NOW is 2027-01-15 08:00:00 UTC.
NAME, LAST_WEEK = "scan-20270115T080000Z.json", "scan-20270108T080000Z.json"


class Places:
    """A directory and a bucket, each with what a test does to it behind the back of the archive."""

    def __init__(self, tmp_path: Path) -> None:
        self.path = tmp_path / "scans" / "weekly"
        self.account = FakeLambda()
        self.objects = Objects(aws=fake_aws(self.account), bucket="b")

    def archive(self, kind: str) -> ScanArchive:
        return archive_at(str(self.path) if kind == "directory" else "s3://b/scans/", lambda name: self.objects)

    def put(self, kind: str, name: str, data: bytes) -> None:
        if kind == "directory":
            self.path.mkdir(parents=True, exist_ok=True)
            (self.path / name).write_bytes(data)
        else:
            self.account.s3.objects["b", f"scans/{name}"] = data

    def kept(self, kind: str) -> dict[str, bytes]:
        if kind == "directory":
            return {path.name: path.read_bytes() for path in self.path.iterdir()}
        return {key.removeprefix("scans/"): data for (_, key), data in self.account.s3.objects.items()}

    def where(self, kind: str, name: str) -> str:
        return str(self.path / name) if kind == "directory" else f"s3://b/scans/{name}"


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(tmp_path)


each_kind = pytest.mark.parametrize("kind", ["directory", "bucket"])


@each_kind
def test_what_was_saved_is_found_in_the_order_of_time(places: Places, kind: str) -> None:
    archive = places.archive(kind)
    assert archive.earlier(9) == EarlierScans()

    assert archive.save(full_scan()) == places.where(kind, NAME)
    assert archive.save(earlier_scan()) == places.where(kind, LAST_WEEK)

    assert archive.earlier(9) == EarlierScans(scans=(earlier_scan(), full_scan()))
    assert archive.earlier(1) == EarlierScans(scans=(full_scan(),))
    assert archive.earlier(9, before=NOW) == EarlierScans(scans=(earlier_scan(),))
    assert archive.earlier(9, before=NOW - WEEK_S) == EarlierScans()


@each_kind
def test_a_scan_of_the_same_second_overwrites_none(places: Places, kind: str) -> None:
    archive, other = places.archive(kind), replace(full_scan(), days=7.0)
    archive.save(full_scan())

    assert archive.save(other) == places.where(kind, "scan-20270115T080000Z-2.json")

    assert archive.earlier(9).scans == (full_scan(), other)


@each_kind
def test_damaged_scans_are_skipped_and_others_take_their_place(places: Places, kind: str) -> None:
    archive = places.archive(kind)
    archive.save(earlier_scan())
    places.put(kind, NAME, dump_scan(full_scan())[:100])
    places.put(kind, "scan-20270114T080000Z.json", b"")
    places.put(kind, "notes.txt", b"not a scan")

    found = archive.earlier(1)

    assert found.scans == (earlier_scan(),)
    assert found.skipped == (
        SkippedScan(where=places.where(kind, NAME), reason="scan is cut off"),
        SkippedScan(
            where=places.where(kind, "scan-20270114T080000Z.json"),
            reason="not a scan: not JSON (Expecting value: line 1 column 1 (char 0))",
        ),
    )
    assert str(found.skipped[0]) == f"{places.where(kind, NAME)} was left out: scan is cut off"


def test_an_object_that_is_made_meanwhile_is_not_overwritten(places: Places) -> None:
    def intrude(name: str, call: object) -> None:
        if name == "put_object" and not places.account.s3.objects:
            places.put("bucket", NAME, b"another one")

    places.account.on_call = intrude

    assert places.archive("bucket").save(full_scan()) == places.where("bucket", "scan-20270115T080000Z-2.json")
    assert places.kept("bucket")[NAME] == b"another one"


def test_our_own_object_is_found_again_when_the_answer_was_lost(places: Places) -> None:
    def take_it_first(name: str, call: object) -> None:
        if name == "put_object":
            places.put("bucket", NAME, dump_scan(full_scan()))

    places.account.on_call = take_it_first

    assert places.archive("bucket").save(full_scan()) == places.where("bucket", NAME)
    assert set(places.kept("bucket")) == {NAME}


def test_a_scan_that_cannot_be_written_leaves_no_file(places: Places, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="NaN"):
        places.archive("directory").save(replace(full_scan(), days=float("nan")))
    assert not places.path.exists()

    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot keep the scan") as caught:
        archive_at(str(tmp_path / "file"), lambda name: places.objects).save(full_scan())
    assert caught.value.hint == "choose another directory"
    with pytest.raises(UsageError, match="is not a folder"):
        archive_at(str(tmp_path / "file"), lambda name: places.objects).earlier(1)


@pytest.mark.parametrize(
    ("place", "prefix"),
    [("s3://b", ""), ("s3://b/", ""), ("s3://b/x", "x/"), ("s3://b/x/y/", "x/y/")],
)
def test_a_bucket_may_have_a_prefix(places: Places, place: str, prefix: str) -> None:
    asked: list[str] = []

    def bucket(name: str) -> Objects:
        asked.append(name)
        return places.objects

    assert archive_at(place, bucket) == BucketArchive(objects=places.objects, prefix=prefix)
    assert asked == ["b"]


def test_other_places_are_directories_and_a_bucket_has_a_name(places: Places) -> None:
    assert archive_at("scans", lambda name: places.objects) == DirectoryArchive(path=Path("scans"))
    with pytest.raises(UsageError, match="is not an S3 location"):
        archive_at("s3:///x", lambda name: places.objects)
