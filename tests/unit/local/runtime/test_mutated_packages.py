"""Deployment packages from anywhere: whatever the bytes are, they are unpacked, or refused by an error of ours."""

import contextlib
import io
import os
import shutil
import stat
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from powertune.aws.copies import code_inspection
from powertune.local.functions import Function
from powertune.local.package import zip_folder
from powertune.local.runtime import code_cache
from powertune.local.runtime.code_cache import BadPackage, CodeCache, TooLarge

EXAMPLES = Path(__file__).parents[4] / "examples"

LINK, FILE, FOLDER = stat.S_IFLNK | 0o777, stat.S_IFREG | 0o644, stat.S_IFDIR | 0o755
CASES = 2000 if os.environ.get("CI") else 200

LIMIT = 1 << 20


def zipped(entries: list[tuple[str, int, str]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, mode, text in entries:
            info = zipfile.ZipInfo(name)
            info.external_attr, info.compress_type = mode << 16, method
            archive.writestr(info, text)
    return stream.getvalue()


LINKED = [
    ("app.py", FILE, "def handler(event, context):\n    return event\n" * 20),
    ("lib/", FOLDER, ""),
    ("lib/a.so", FILE, "\x7fELF" + "a" * 300),
    ("current", LINK, "lib"),
    ("current/b.so", FILE, "b"),
    ("lib/self", LINK, "../lib/a.so"),
]

REAL = [
    zip_folder(EXAMPLES / "cpu_bound"),
    zip_folder(EXAMPLES / "io_bound"),
    zipped(LINKED),
    zipped(LINKED, zipfile.ZIP_STORED),
    zipped(LINKED, zipfile.ZIP_BZIP2),
    zipped(LINKED, zipfile.ZIP_LZMA),
    zipped([("outer.jar", FILE, zipped(LINKED).decode("latin-1")), ("a" * 200 + "/b", FILE, "x")]),
]

Mutation = Callable[[bytearray], None]


@st.composite
def mutations(draw: st.DrawFn) -> Mutation:
    """One change of a file, at a place that is likely to be of interest: headers are at the end of a ZIP."""
    place = draw(st.one_of(st.floats(0, 1), st.floats(0.7, 1)))
    kind = draw(st.sampled_from(["set", "bit", "cut", "insert", "repeat", "drop", "number"]))
    value = draw(st.integers(0, 255))
    length = draw(st.integers(1, 40))
    number = draw(st.sampled_from([0, 1, 0xFFFF, 0xFFFFFFFF, 0x7FFFFFFF, 0x80000000, 6 << 8, 0xA1FF0000]))

    def mutate(data: bytearray) -> None:
        at = int(place * max(0, len(data) - 1))
        match kind:
            case "set":
                data[at : at + 1] = bytes([value])
            case "bit":
                data[at : at + 1] = bytes([(data[at] if data else 0) ^ (1 << value % 8)])
            case "cut":
                del data[at:]
            case "insert":
                data[at:at] = bytes([value]) * length
            case "repeat":
                data[at:at] = data[at : at + length]
            case "drop":
                del data[at : at + length]
            case "number":
                data[at : at + 4] = number.to_bytes(4, "little")

    return mutate


@pytest.mark.long
@settings(max_examples=CASES)
@given(st.sampled_from(REAL), st.lists(mutations(), min_size=1, max_size=4))
def test_mutated_packages_are_unpacked_or_refused(package: bytes, changes: list[Mutation]) -> None:
    data = bytearray(package)
    for change in changes:
        change(data)
    began = time.process_time()
    place = Path(tempfile.mkdtemp())
    try:
        (place / "beside").mkdir()
        cache = CodeCache(place / "beside/code")
        with contextlib.suppress(BadPackage):
            code_cache.check(bytes(data))
            assert cache.folder(bytes(data)).is_dir()
        assert [path.name for path in place.iterdir()] == ["beside"]
        assert all(path.name == "code" for path in (place / "beside").iterdir())
    finally:
        shutil.rmtree(place)
    found = code_inspection.inspect(bytes(data), most=LIMIT, in_all=LIMIT)
    assert isinstance(found.skipped, list)
    # CPU time, which a busy machine does not change.
    assert time.process_time() - began < 1


def test_the_packages_that_are_mutated_can_be_unpacked(tmp_path: Path) -> None:
    for number, package in enumerate(REAL):
        if number in (4, 5):
            with pytest.raises(BadPackage, match="a method other than deflate"):
                code_cache.unpack(package, tmp_path)
            continue
        folder = tmp_path / str(number)
        folder.mkdir()
        assert code_cache.unpack(package, folder) == sum(
            path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink()
        )


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ([("a", LINK, "b"), ("b", LINK, "a"), ("a/c", FILE, "x")], r"\w"),
        ([("a", LINK, "a"), ("a/b/c", FILE, "x")], "symbolic links"),
        ([("n" * 300, FILE, "x")], "name too long"),
        ([("d/" * 3000 + "f", FILE, "x")], "name too long"),
        ([("l", LINK, "d/" * 3000)], "name too long"),
    ],
    ids=["circle", "self", "long name", "long path", "link to a long path"],
)
def test_links_in_a_circle_and_names_that_are_too_long(
    tmp_path: Path, entries: list[tuple[str, int, str]], words: str
) -> None:
    cache = CodeCache(tmp_path / "code")
    with pytest.raises(BadPackage, match=f"(?i){words}"):
        cache.folder(zipped(entries))
    assert list((tmp_path / "code").iterdir()) == []


def test_a_full_disk_is_no_fault_of_the_package(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way of the cache itself")
    with pytest.raises(FileExistsError):
        CodeCache(tmp_path / "file").folder(zipped(LINKED))


def declaring(package: bytes, size: int) -> bytes:
    """The package, whose directory states the unpacked size of its only file."""
    data = bytearray(package)
    entry = data.index(b"PK\x01\x02")
    data[entry + 24 : entry + 28] = size.to_bytes(4, "little")
    return bytes(data)


def test_unpacked_size_is_limited_as_it_is_declared() -> None:
    package = zipped([("a", FILE, "x")])
    code_cache.check(declaring(package, 262_144_000))
    with pytest.raises(TooLarge, match=r"^Unzipped size must be smaller than 262144000 bytes$"):
        code_cache.check(declaring(package, 262_144_001))


def test_unpacked_size_is_limited_as_it_comes(tmp_path: Path) -> None:
    package = zipped([("a", FILE, "x" * 1000), ("b", FILE, "y" * 1000)])
    assert code_cache.unpack(package, tmp_path, 2000) == 2000
    with pytest.raises(TooLarge):
        code_cache.unpack(package, tmp_path, 1999)


@pytest.mark.long
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_bomb_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    """Files of one name, one over the other: few bytes in the end, and many on the way."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(27):
            archive.writestr(f"{number % 2}", b"\0" * 10_000_000)
    with pytest.raises(TooLarge):
        CodeCache(tmp_path).folder(stream.getvalue())
    assert list(tmp_path.iterdir()) == []


FUNCTION = Function(
    account="1", region="eu-west-1", name="f", version="3", arn="arn", deployment="d", runtime="python3.12",
    handler="app.handler", memory_mb=128, timeout_s=3, code=zipped([("app.py", FILE, "1")]),
)  # fmt: skip


def folders(cache: Path) -> int:
    return len(list(cache.iterdir())) if cache.is_dir() else 0


def test_code_is_removed_with_the_last_function_that_uses_it(tmp_path: Path) -> None:
    cache = CodeCache(tmp_path)
    layered = replace(FUNCTION, name="g", deployment="e", layers=(zipped([("l", FILE, "2")]),))
    code, layers = cache.claim(FUNCTION)
    assert layers is None
    again, layers = cache.claim(layered)
    assert again == code
    assert layers is not None
    assert folders(tmp_path) == 2
    cache.retire(lambda function: function.name == "g")
    assert folders(tmp_path) == 2, "its environment still runs"
    cache.release(layered)
    assert (code.exists(), layers.exists()) == (True, False)
    cache.release(FUNCTION)
    assert code.exists(), "the function may be invoked again"
    cache.retire(lambda function: True)
    assert folders(tmp_path) == 0
    assert cache.claim(FUNCTION) == (code, None)


def test_code_that_cannot_be_unpacked_is_not_claimed(tmp_path: Path) -> None:
    cache = CodeCache(tmp_path)
    with pytest.raises(BadPackage):
        cache.claim(replace(FUNCTION, code=b"nonsense"))
    cache.release(FUNCTION)
    cache.retire(lambda function: True)
    assert folders(tmp_path) == 0
