"""No two functions share the name of a resource."""

import re

from hypothesis import given
from hypothesis import strategies as st
from watches import make_watched

from powertune.watch.resource_names import alarm_name, logical_id

NAMES = st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)
QUALIFIERS = st.none() | st.from_regex(r"[A-Za-z0-9_-]{1,128}", fullmatch=True)
WORDS = ("Errors", "Duration", "Throttles", "Concurrency", "Cost")


def test_names_that_differ_in_punctuation_only_have_ids_of_their_own() -> None:
    functions = [make_watched("my-fn"), make_watched("my_fn"), make_watched("MyFn"), make_watched("my", "fn")]
    ids = {logical_id(function, word) for function in functions for word in WORDS}
    assert len(ids) == len(functions) * len(WORDS)
    assert logical_id(functions[0], "Errors") == "MyFn2c9035afErrors"


def test_an_alarm_is_called_as_its_function() -> None:
    assert alarm_name(make_watched("my-fn"), "errors") == "my-fn-errors"
    assert alarm_name(make_watched("my-fn", "prod"), "errors") == "my-fn.prod-errors"
    # The first one is of my-fn's alias, the second of a function without one.
    assert alarm_name(make_watched("my", "fn"), "errors") != alarm_name(make_watched("my-fn"), "errors")


@given(NAMES, QUALIFIERS, st.sampled_from(WORDS))
def test_every_name_is_one_that_aws_takes(name: str, qualifier: str | None, word: str) -> None:
    function = make_watched(name, qualifier)
    assert re.fullmatch(r"[A-Za-z0-9]{1,255}", logical_id(function, word))
    # A stack's name has up to 128 letters.
    assert len(alarm_name(function, word.lower())) <= 255 - 128 - 1


@given(st.lists(st.tuples(NAMES, QUALIFIERS), min_size=2, max_size=2, unique=True))
def test_no_two_functions_share_a_name(pairs: list[tuple[str, str | None]]) -> None:
    one, other = (make_watched(name, qualifier) for name, qualifier in pairs)
    assert {logical_id(one, word) for word in WORDS}.isdisjoint(logical_id(other, word) for word in WORDS)
    assert {alarm_name(one, word) for word in WORDS}.isdisjoint(alarm_name(other, word) for word in WORDS)
