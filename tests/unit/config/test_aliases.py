"""Which aliases may be moved, and how spans of time are written."""

import pytest

from powertune.config.aliases import check_alias_name
from powertune.config.values import span
from powertune.errors import UsageError


@pytest.mark.parametrize("name", ["prod", "PROD_2", "7a", "a-b", "x" * 128])
def test_names_of_aliases(name: str) -> None:
    assert check_alias_name("--alias", name) == name


@pytest.mark.parametrize("name", ["", "7", "$LATEST", "a b", "a\n", "x" * 129, None, 7])
def test_what_is_no_name_of_an_alias(name: object) -> None:
    with pytest.raises(UsageError, match=r"--alias .* is not the name of an alias"):
        check_alias_name("--alias", name)


@pytest.mark.parametrize("name", ["powertune-journal", "powertune-applied", "powertune-x"])
def test_aliases_of_our_own_are_not_moved(name: str) -> None:
    with pytest.raises(UsageError, match="begins with powertune-"):
        check_alias_name("--alias", name)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("10m", 600), ("10 min", 600), ("1.5h", 5400), ("24h", 86_400)]
)
def test_spans_of_time(text: str, seconds: float) -> None:
    assert span("watch", text) == seconds


@pytest.mark.parametrize("text", ["10", "", "-1m", "1d", "m", "1e3s", "10ms", "99999999999h", "٣m"])
def test_what_is_no_span_of_time(text: str) -> None:
    with pytest.raises(UsageError, match=r"watch .* is not a span of time"):
        span("watch", text)


@pytest.mark.parametrize(("text", "words"), [("0m", "is no time at all"), ("25h", "is longer than a day")])
def test_spans_of_time_that_are_too_short_or_too_long(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=f"watch '{text}' {words}"):
        span("watch", text)
