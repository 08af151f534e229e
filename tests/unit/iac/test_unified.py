"""Diffs that git and patch apply, whatever the file is called and however it ends."""

import subprocess
from pathlib import Path

import pytest

from powertune.iac.unified import unified_diff


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a\nb\nc\n", "a\nB\nc\n"),
        ("a\nb", "a\nB"),
        ("a\nb", "a\nb\nc"),
        ("a\nb\n", "a\nb"),
        ("a\r\nb\r\n", "a\r\nB\r\n"),
        ("a\x0cb\x1cc\u2028d\x85e\n", "a\x0cb\x1cc\u2028d\x85E\n"),
        ("a\rb\n", "a\rB\n"),
        ("", "a\n"),
    ],
)
@pytest.mark.parametrize("name", ["template.yaml", "my file.yaml", "größe.yaml", 'quo"te.yaml', "tab\there.yaml"])
def test_git_applies_them(tmp_path: Path, name: str, before: str, after: str) -> None:
    path = tmp_path / "deep er" / name
    path.parent.mkdir()
    path.write_bytes(before.encode())
    diff = unified_diff(f"deep er/{name}", before, after)
    subprocess.run(["git", "apply"], input=diff.encode(), cwd=tmp_path, check=True)
    assert path.read_bytes() == after.encode()


def test_no_difference_is_no_diff() -> None:
    assert unified_diff("a", "x\n", "x\n") == ""


def test_control_characters_of_a_name_are_escaped() -> None:
    assert unified_diff("a\x1b\u202e", "x\n", "y\n").startswith('--- "a/a\\033\\342\\200\\256"\n')
