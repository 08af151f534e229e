"""Pages hold each item once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto.core.exceptions import AWSError

from powertune.local.stepfunctions.pages import page

names = st.lists(st.text(min_size=1), max_size=30, unique=True)


@pytest.mark.long
@given(names, names, st.integers(1, 40))
def test_pages_hold_each_item_once_whatever_is_added_before(items: list[str], added: list[str], size: int) -> None:
    seen: list[str] = []
    token: str | None = None
    while True:
        found, token = page(items, str, size, token)
        seen += found
        if token is None:
            break
        assert len(found) == size
        items = [*(name for name in added if name not in items), *items]
    assert [name for name in items if name in seen] == seen
    assert set(items) - set(seen) <= set(added)


@given(st.text())
def test_a_wrong_token_is_refused(token: str) -> None:
    with pytest.raises(AWSError, match="Invalid Token"):
        page(["\0"], str, 1, token)


def test_sizes_of_pages() -> None:
    many = [str(number) for number in range(1500)]
    assert len(page(many, str, None, None)[0]) == len(page(many, str, 0, None)[0]) == 100
    assert len(page(many, str, 1000, None)[0]) == 1000
    for size in (-1, 1001):
        with pytest.raises(AWSError, match="maxResults"):
            page(many, str, size, None)
