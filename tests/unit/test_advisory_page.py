"""docs/reference/advisories.md has a row for every advisory that the code may raise, and for no other."""

import re
from pathlib import Path

import advisory_codes
import pytest

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "advisories.md"
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in PAGE.read_text("utf-8").splitlines()
    if line.startswith("| `")
]


@pytest.mark.long
def test_the_page_lists_every_code_of_the_package_once() -> None:
    assert sorted(row[0].strip("`") for row in ROWS) == sorted(advisory_codes.codes(advisory_codes.ROOT))


def test_each_row_says_when_it_appears_what_it_means_and_what_to_do() -> None:
    for row in ROWS:
        assert len(row) == 4, row
        assert all(row), row


def test_rows_are_in_the_order_of_their_codes() -> None:
    for section in PAGE.read_text("utf-8").split("\n## ")[1:]:
        listed = re.findall(r"^\| `([a-z-]+)`", section, flags=re.MULTILINE)
        assert listed == sorted(listed)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('Advisory(code="a", message="b", next_step="c")\n', {"a"}),
        ('ENDS = "a"\nx = model.Advisory(code=ENDS, message="b", next_step="c")\n', {"a"}),
        (
            'def f(self):\n    self._advise("a", "b", "c")\n'
            "def _advise(self, code, m, n):\n    Advisory(code=code, message=m, next_step=n)\n",
            {"a"},
        ),
        ('Problem(code="a")\n', set()),
    ],
)
def test_codes_are_found_where_advisories_are_made(tmp_path: Path, text: str, found: set[str]) -> None:
    (tmp_path / "module.py").write_text(text)
    assert advisory_codes.codes(tmp_path) == found


def test_a_code_that_cannot_be_read_from_the_source_is_refused(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text('Advisory(code=f"a-{b}", message="c", next_step="d")\n')
    with pytest.raises(ValueError, match="line 1: the code of an advisory is a literal"):
        advisory_codes.codes(tmp_path)
