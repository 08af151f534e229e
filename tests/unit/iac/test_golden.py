"""Code in many styles: only the value that is meant changes, by independent parsers, line by line, and with git."""

import os
import re
import subprocess
from difflib import SequenceMatcher
from pathlib import Path

import pytest
from iac_cases import CASES, EXPECTED, GOLDEN, Case
from iac_trees import differences, tree

from powertune.iac import Change, Desired, Source, change, locate


def changed(case: Case) -> Change:
    return change(case.sources, case.wanted, case.desired)


def different(made: Change) -> list[str]:
    return [
        f"{edit.path} {text}"
        for edit in made.edits
        for text in differences(tree(edit.path, edit.before), tree(edit.path, edit.after))
    ]


def written_sources(case: Case, made: Change) -> tuple[Source, ...]:
    after = {edit.path: edit.after for edit in made.edits}
    return tuple(Source(path=each.path, text=after.get(each.path, each.text)) for each in case.sources)


cases = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def test_every_folder_is_a_case() -> None:
    assert sorted(path.name for path in GOLDEN.iterdir()) == sorted(case.name for case in CASES)


@cases
def test_the_change_is_the_expected_one(case: Case) -> None:
    made = changed(case)
    lines = [f"{made.place.tool}: {made.place}", *different(made), *made.notes]
    text = "".join(f"{line}\n" for line in lines) + "\n" + made.diff()
    path = GOLDEN / case.name / EXPECTED
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_bytes(text.encode())
    assert path.read_bytes().decode() == text


@cases
def test_only_the_values_that_are_meant_differ(case: Case) -> None:
    made = changed(case)
    values = [value for value in (case.desired.memory_mb, case.desired.architecture) if value is not None]
    found = [text.replace("ARM_64", "arm64") for text in different(made)]
    assert len(found) == len(values)
    for value in values:
        assert sum(str(value) in text.partition(": ")[2] for text in found) == 1


@cases
def test_no_line_goes_and_none_changes_but_for_a_value(case: Case) -> None:
    for edit in changed(case).edits:
        before, after = edit.before.split("\n"), edit.after.split("\n")
        for kind, i, j, k, m in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
            assert kind in ("equal", "insert", "replace")
            assert m - k >= j - i
            # Of the lines, at most values are taken out; commas and more may be added.
            if kind == "replace":
                assert all(map(VALUE.fullmatch, taken_out("\n".join(before[i:j]), "\n".join(after[k:m]))))


VALUE = re.compile(r"['\"]?(?:\d{0,5}|[xarm864_XARM]{0,6})['\"]?")


def taken_out(old: str, new: str) -> list[str]:
    """The characters of a text that another one does not have, piece by piece."""
    codes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return [old[i:j] for kind, i, j, _, _ in codes if kind in ("replace", "delete")]


@cases
def test_what_is_changed_is_found_again_and_needs_no_change(case: Case) -> None:
    made = changed(case)
    again = change(written_sources(case, made), case.wanted, case.desired)
    assert again.edits == ()
    assert again.diff() == ""
    assert again.place == locate(written_sources(case, made), case.wanted)
    if case.desired.memory_mb is not None:
        assert again.place.memory_mb == case.desired.memory_mb


@cases
def test_changing_it_back_gives_the_old_values(case: Case) -> None:
    before = locate(case.sources, case.wanted)
    made = changed(case)
    desired = Desired(memory_mb=before.memory_mb, architecture=before.architecture)
    back = change(written_sources(case, made), case.wanted, desired)
    assert locate(written_sources(case, back), case.wanted).memory_mb == before.memory_mb


@pytest.mark.parametrize(
    "tool", [["git", "apply"], ["patch", "-p1", "--quiet", "--binary"]], ids=lambda tool: tool[0]
)
def test_the_diffs_can_be_applied(tool: list[str], tmp_path: Path) -> None:
    for case in CASES:
        made = changed(case)
        folder = tmp_path / case.name
        for source in case.sources:
            (folder / source.path).parent.mkdir(parents=True, exist_ok=True)
            (folder / source.path).write_bytes(source.text.encode())
        subprocess.run(tool, input=made.diff().encode(), cwd=folder, check=True)
        for source in written_sources(case, made):
            assert (folder / source.path).read_bytes() == source.text.encode(), case.name
