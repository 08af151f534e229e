import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powertune.aws.journal import DESCRIPTION_LIMIT, AppliedRun, Journal
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


APPLY = Journal(
    run_id="feedbeef",
    started_at=1_790_000_000,
    memory_mb=10_240,
    code_sha256="47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
    trial_mb=(10_240,),
    applied=AppliedRun(run_id="0a1b2c3d", alias="production-eu-west-1", before="123456", after="123457"),
)


def test_the_journal_of_an_apply_says_which_alias_is_moved() -> None:
    assert len(APPLY.encode()) <= DESCRIPTION_LIMIT
    assert Journal.decode(APPLY.encode()) == APPLY
    alone = replace(APPLY, applied=AppliedRun(run_id="0a1b2c3d"))
    assert Journal.decode(alone.encode()) == alone
    assert (APPLY.what, replace(APPLY, applied=None).what) == ("apply feedbeef", "run feedbeef")
    assert (APPLY.record, alone.record) == ("powertune-applied-production-eu-west-1", "powertune-applied")
    assert replace(APPLY, applied=None).record is None
    assert APPLY.mark == "powertune apply feedbeef, of run 0a1b2c3d"


def test_a_name_that_does_not_fit_is_refused() -> None:
    applied = AppliedRun(run_id="0a1b2c3d", alias="x" * 128, before="1")
    with pytest.raises(UsageError, match="is too long to be noted on the function"):
        replace(APPLY, applied=applied).encode()


@pytest.mark.parametrize("missing", ["alias", "from", "to"])
def test_half_of_an_applys_journal_is_none(missing: str) -> None:
    document = json.loads(APPLY.encode())
    del document[missing]
    with pytest.raises(UsageError, match="is not a journal"):
        Journal.decode(json.dumps(document))
