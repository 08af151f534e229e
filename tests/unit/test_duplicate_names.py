from pathlib import Path

import duplicate_names
import pytest

#: A resource type of CloudFormation and what talks to the API may share AWS's own word.
SHARED = {"class LambdaFunction"}
#: Names that mean one thing in the embedded AWS and another in what measures. This may only shrink.
TWO_WORLDS = SHARED | {
    f"class {name}"
    for name in (
        *("Answer", "Budget", "Choice", "Limit", "Outcome", "Output", "Place", "Record", "Row"),
        *("Sample", "Share", "Statistic", "Status", "Target", "Usage"),
    )
}


def test_what_is_defined_twice_is_found_and_faces_are_not(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    for name in ("__init__.py", "inner/__init__.py"):
        (tmp_path / name).write_text('"""A face."""\n')
    (tmp_path / "outer.py").write_text("class Twice:\n    class Nested: ...\n\n\nclass Once: ...\n")
    (tmp_path / "inner/outer.py").write_text("class Twice: ...\n\n\nclass Nested: ...\n")
    assert duplicate_names.duplicates(tmp_path) == {
        "class Twice": ("inner/outer", "outer"),
        "module outer": ("inner/outer", "outer"),
    }


@pytest.mark.long
def test_no_name_of_the_door_to_aws_means_something_else_elsewhere() -> None:
    found = duplicate_names.duplicates(duplicate_names.ROOT)
    ours = {name for name, where in found.items() if any(each.startswith("aws/") for each in where)}
    assert ours <= SHARED, ours


@pytest.mark.long
def test_no_class_name_means_two_things_to_the_reader_of_what_measures() -> None:
    found = duplicate_names.duplicates(duplicate_names.ROOT)
    ours = {
        name: outside
        for name, where in found.items()
        if name.startswith("class ") and (outside := [each for each in where if not each.startswith("local/")])
    }
    assert {name: where for name, where in ours.items() if len(where) > 1} == {}
    assert set(ours) <= TWO_WORLDS, set(ours) - TWO_WORLDS
