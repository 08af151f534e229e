"""Files are written whole, and through nothing that somebody else has put in the way."""

import os
import stat
import threading
from pathlib import Path

import pytest

from powertune import files


@pytest.fixture
def umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def test_a_link_where_the_temporary_file_was_expected_is_not_followed(tmp_path: Path) -> None:
    """Where others may write, one of them could have had a file overwritten that only we may write to."""
    victim, target = tmp_path / "victim", tmp_path / "run.json"
    victim.write_text("precious")
    expected = tmp_path / f".{target.name}.{os.getpid()}.tmp"
    expected.symlink_to(victim)
    files.write(b"new", target)
    assert victim.read_text() == "precious"
    assert target.read_bytes() == b"new"
    assert not target.is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([expected.name, "run.json", "victim"])


def test_permissions_of_files_new_and_old(tmp_path: Path, umask: int) -> None:
    new, old = tmp_path / "new", tmp_path / "old"
    old.write_text("secret")
    old.chmod(0o640)
    for path, mode in ((new, 0o666 & ~umask), (old, 0o640)):
        files.write(b"text", path)
        assert stat.S_IMODE(path.stat().st_mode) == mode


def test_the_longest_name(tmp_path: Path) -> None:
    target = tmp_path / ("ü" * 127)
    files.write(b"text", target)
    assert [path.name for path in tmp_path.iterdir()] == [target.name]


def test_writers_at_one_time_do_not_meet(tmp_path: Path) -> None:
    """Two threads have one process number."""
    target = tmp_path / "file"
    texts = [bytes([65 + number]) * 100_000 for number in range(4)]

    def write(text: bytes) -> None:
        for _ in range(20):
            files.write(text, target)

    threads = [threading.Thread(target=write, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert target.read_bytes() in texts
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
