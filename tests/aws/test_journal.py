import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powertune.aws.journal import DESCRIPTION_LIMIT, Journal
from powertune.errors import UsageError

#: The characters of a CodeSha256.
BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="


@given(
    st.builds(
        Journal,
        run_id=st.text("0123456789abcdef", min_size=8, max_size=8),
        started_at=st.integers(0, 2**33),
        memory_mb=st.integers(128, 32_768),
        code_sha256=st.text(BASE64, min_size=44, max_size=44),
        trial_mb=st.lists(st.integers(128, 32_768), max_size=2).map(tuple),
        copies=st.integers(0, 2),
    )
)
def test_a_journal_fits_and_comes_back(journal: Journal) -> None:
    text = journal.encode()
    assert len(text) <= DESCRIPTION_LIMIT
    assert Journal.decode(text) == journal


def test_a_journal_knows_its_own() -> None:
    journal = Journal(run_id="abcd1234", started_at=1, memory_mb=512)
    assert journal.alias(128) == "powertune-abcd1234-128"
    assert journal.owns_alias("powertune-abcd1234-128")
    assert not journal.owns_alias("powertune-journal")
    assert not journal.owns_alias("prod")


@pytest.mark.parametrize(
    "text", ["", "my own alias", "{}", "[]", "null", '{"v":2}', '{"v":2,"run":"a","at":"x","mem":1}']
)
def test_what_is_not_a_journal(text: str) -> None:
    with pytest.raises(UsageError, match="not a journal"):
        Journal.decode(text)


def test_a_journal_of_another_version() -> None:
    with pytest.raises(UsageError, match="another version"):
        Journal.decode(json.dumps({"v": 3, "run": "a", "at": 1, "mem": 128}))
