"""Packages are unpacked once, below one folder, and removed with the last function that uses them."""

import io
import stat
import zipfile
from pathlib import Path

import pytest

from powertune.local.runtime import code_cache
from powertune.local.runtime.code_cache import BadPackage, CodeCache

LINK, FILE = stat.S_IFLNK | 0o777, 0o100644


def zipped(entries: dict[str, tuple[int, str]]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, (mode, text) in entries.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            archive.writestr(info, text)
    return stream.getvalue()


def test_code_is_unpacked_once(tmp_path: Path) -> None:
    cache = CodeCache(tmp_path / "code")
    one = zipped({"a/x": (0o100755, "x"), "link": (stat.S_IFLNK | 0o777, "a/x"), "a/b/": (0o40755, "")})
    two = zipped({"a/x": (0o100600, "y")})
    folder = cache.folder(one)
    assert folder == cache.folder(one)
    assert stat.S_IMODE((folder / "a/x").stat().st_mode) == 0o755
    assert (folder / "link").read_text() == "x"
    merged = cache.folder(one, two)
    assert (merged / "a/x").read_text() == "y"
    assert stat.S_IMODE((merged / "a/x").stat().st_mode) == 0o644


ESCAPES: dict[str, dict[str, tuple[int, str]]] = {
    "a link": {"link": (LINK, "../../etc/passwd")},
    "an absolute link": {"link": (LINK, "/etc/passwd")},
    "a link beside the package": {"../link": (LINK, "app.py")},
    "a file beside the package": {"../pwned.txt": (FILE, "x")},
    "through a folder beside the package": {"a/../../pwned/": (0o40755, "")},
    "chained links": {
        "x/y/z": (LINK, "../.."), "x/y/z/l": (LINK, "../../.."), "l/pwned.txt": (FILE, "x"),
    },
    "a folder through a link": {"l": (LINK, ".."), "l/pwned/": (0o40755, "")},
    "a link that comes to lead out": {"l": (LINK, "a/b/../.."), "a/b": (LINK, ".."), "ok": (FILE, "x")},
}  # fmt: skip


@pytest.mark.parametrize("entries", ESCAPES.values(), ids=ESCAPES.keys())
def test_nothing_leaves_the_package(tmp_path: Path, entries: dict[str, tuple[int, str]]) -> None:
    folder = tmp_path / "a/b/c/package"
    folder.mkdir(parents=True)
    before = sorted(path for path in tmp_path.rglob("*") if not path.is_relative_to(folder))
    with pytest.raises(BadPackage, match="leaves the package"):
        code_cache.unpack(zipped(entries), folder)
    assert sorted(path for path in tmp_path.rglob("*") if not path.is_relative_to(folder)) == before


def test_links_within_the_package(tmp_path: Path) -> None:
    folder = CodeCache(tmp_path / "code").folder(
        zipped({"./": (0o40755, ""), "real/x": (FILE, "1"), "lib": (LINK, "./real"), "top": (LINK, "real/../lib/x")}),
        zipped({"lib/": (0o40755, ""), "lib/y": (FILE, "2"), "real/x": (FILE, "3"), "top": (FILE, "4")}),
    )
    assert ((folder / "real/y").read_text(), (folder / "lib/x").read_text()) == ("2", "3")
    assert (folder / "top").read_text() == "4"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755


def encrypted() -> bytes:
    package = bytearray(zipped({"a": (FILE, "x")}))
    package[6] |= 1
    package[package.index(b"PK\x01\x02") + 8] |= 1
    return bytes(package)


@pytest.mark.parametrize(
    "package",
    [
        b"nonsense",
        encrypted(),
        zipped({"a": (FILE, "x")}).replace(b"x", b"y"),
        zipped({"a": (FILE, "x"), "a/b": (FILE, "x")}),
        zipped({"a/b": (FILE, "x"), "a": (FILE, "x")}),
        zipped({"a": (LINK, "")}),
        zipped({"a": (LINK, "b"), "b": (LINK, "a"), "a/c": (FILE, "x")}),
    ],
    ids=["no ZIP", "encrypted", "checksum", "file as folder", "folder as file", "link to nothing", "circle"],
)
def test_what_cannot_be_unpacked_is_said_every_time_and_leaves_nothing(tmp_path: Path, package: bytes) -> None:
    cache = CodeCache(tmp_path)
    for _ in range(2):
        with pytest.raises(BadPackage, match=r"\w"):
            cache.folder(zipped({"ok": (FILE, "x")}), package)
        assert list(tmp_path.iterdir()) == []


def test_what_is_not_a_zip() -> None:
    with pytest.raises(BadPackage):
        code_cache.check(b"nonsense")
