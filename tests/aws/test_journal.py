import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powertune.aws.journal import DESCRIPTION_LIMIT, Journal
from powertune.errors import UsageError


@given(
    st.builds(
        Journal,
        run_id=st.text("0123456789abcdef", min_size=8, max_size=8),
        started_at=st.integers(0, 2**33),
        memory_mb=st.integers(128, 32_768),
        sizes=st.none() | st.lists(st.integers(128, 10_240), max_size=60).map(tuple),
        copies=st.integers(0, 2),
    )
)
def test_a_journal_fits_and_comes_back(journal: Journal) -> None:
    text = journal.encode()
    assert len(text) <= DESCRIPTION_LIMIT
    again = Journal.decode(text)
    assert (again.run_id, again.started_at, again.memory_mb, again.copies) == (
        journal.run_id,
        journal.started_at,
        journal.memory_mb,
        journal.copies,
    )
    assert again.sizes in (journal.sizes, None)


def test_a_journal_knows_its_own() -> None:
    journal = Journal(run_id="abcd1234", started_at=1, memory_mb=512, sizes=(128, 256))
    assert journal.alias(128) == "powertune-abcd1234-128"
    assert journal.owns_alias("powertune-abcd1234-128")
    assert not journal.owns_alias("powertune-journal")
    assert not journal.owns_alias("prod")
    assert journal.owns_memory(128)
    assert not journal.owns_memory(1024)
    assert Journal(run_id="a", started_at=1, memory_mb=1).owns_memory(1024)


@pytest.mark.parametrize(
    "text", ["", "my own alias", "{}", "[]", "null", '{"v":1}', '{"v":1,"run":"a","at":"x","mem":1}']
)
def test_what_is_not_a_journal(text: str) -> None:
    with pytest.raises(UsageError, match="not a journal"):
        Journal.decode(text)


def test_a_journal_that_knows_of_no_copies() -> None:
    text = '{"v":1,"run":"abcd1234","at":1,"mem":512,"sizes":[128]}'
    journal = Journal.decode(text)
    assert journal.copies == 0
    assert journal.encode() == text


def test_a_journal_of_another_version() -> None:
    with pytest.raises(UsageError, match="another version"):
        Journal.decode(json.dumps({"v": 2, "run": "a", "at": 1, "mem": 128}))
