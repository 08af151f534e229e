"""How a function is named."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powertune.errors import UsageError
from powertune.model import (
    FunctionRef,
)

NAMES = st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)
QUALIFIERS = st.none() | st.just("$LATEST") | st.from_regex(r"[A-Za-z0-9_-]{1,128}", fullmatch=True)
ACCOUNTS = st.from_regex(r"[0-9]{12}", fullmatch=True)
PARTITIONS = st.sampled_from(["aws", "aws-cn", "aws-us-gov"])
REGIONS = st.sampled_from(["us-east-1", "cn-north-1", "us-gov-west-1", "ap-southeast-7"])


@pytest.mark.long
@given(name=NAMES, qualifier=QUALIFIERS, account=ACCOUNTS, partition=PARTITIONS, region=REGIONS)
def test_every_way_to_name_a_function_is_understood(
    name: str, qualifier: str | None, account: str, partition: str, region: str
) -> None:
    tail = "" if qualifier is None else f":{qualifier}"
    partial = f"{account}:function:{name}"
    full = f"arn:{partition}:lambda:{region}:{partial}"
    assert FunctionRef.parse(name + tail) == FunctionRef(name=name, qualifier=qualifier)
    assert FunctionRef.parse(partial + tail) == FunctionRef(name=name, qualifier=qualifier, account_id=account)
    assert FunctionRef.parse(full + tail) == FunctionRef(
        name=name, qualifier=qualifier, account_id=account, region=region, partition=partition
    )
    for text in (name, partial, full):
        assert FunctionRef.parse(text + tail).unqualified == text


@given(st.text(max_size=40))
def test_any_other_text_is_a_usage_error(text: str) -> None:
    with suppress(UsageError):
        assert text.startswith(FunctionRef.parse(text).name)


@pytest.mark.parametrize("text", ["", "app.py", "a:b:c", "arn:aws:lambda:us-east-1:1:function:f", "f:", "f\n"])
def test_what_is_no_function_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not the name or ARN") as caught:
        FunctionRef.parse(text)
    assert caught.value.hint
