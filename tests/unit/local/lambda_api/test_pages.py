"""Lists in pages, while items come and go."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto.core.exceptions import JsonRESTError

from powertune.local.lambda_api.pages import by_number, page

names = st.sets(st.text(min_size=1, max_size=5), max_size=30)


@pytest.mark.long
@given(names, names, names, st.integers(1, 60))
def test_what_is_there_all_the_time_comes_once(kept: set[str], removed: set[str], added: set[str], size: int) -> None:
    seen: list[str] = []
    items, marker = kept | removed, None
    while True:
        found = page(items, str, marker=marker, max_items=size)
        seen += found.items
        marker = found.next_marker
        if marker is None:
            break
        assert len(found.items) == min(size, 50)
        items = kept | added
    assert len(seen) == len(set(seen))
    assert kept <= set(seen) <= kept | removed | added
    assert seen == sorted(seen)


@given(st.text() | st.binary().map(lambda data: data.decode("latin-1")))
def test_a_marker_of_somebody_else_is_refused_or_leads_somewhere(marker: str) -> None:
    try:
        found = page(["a"], str, marker=marker)
    except JsonRESTError as error:
        found = None
        refused = (error.error_type, error.message)
    if found is None:
        assert refused == ("InvalidParameterValueException", "Invalid Marker")
    else:
        assert found.items in ((), ("a",))


def test_the_ends() -> None:
    assert page([], str).document("Things") == {"Things": []}
    assert page("ab", str, max_items=2).next_marker is None
    assert len(page(map(str, range(200)), str, max_items=10_000).items) == 50
    assert by_number(9) < by_number(10)
    with pytest.raises(JsonRESTError, match="Invalid Marker"):
        page(["a"], str, marker="bmV4dA==")
