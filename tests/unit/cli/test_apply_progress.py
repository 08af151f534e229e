"""How the end of a rollback reads."""

from powertune.cli.apply_progress import rolled_back_text
from powertune.model import Advisory


def note(code: str) -> Advisory:
    return Advisory(code=code, message="version 2 is kept", next_step="look")


def test_a_version_that_is_kept_for_a_while_leaves_nothing_undone() -> None:
    assert rolled_back_text("fn", ()) == "fn is rolled back"
    assert rolled_back_text("fn", (note("version-kept"),)) == "fn is rolled back"


def test_what_was_left_alone_is_pointed_at() -> None:
    assert rolled_back_text("fn", (note("version-kept"), note("kept"))) == (
        "fn is rolled back, except for what was left alone: see above"
    )
