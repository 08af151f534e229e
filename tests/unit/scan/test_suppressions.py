"""Suppressions: which findings they cover, until when, and what a wrong table gets."""

import tomllib
from datetime import date, datetime
from typing import Any

import pytest
from scanned import PLACE

from powertune.errors import UsageError
from powertune.scan.finding import Finding, Severity
from powertune.scan.scan import SuppressedFinding
from powertune.scan.suppressions import Suppression, expiry_messages, parse_suppressions, split_findings

RULES = ("idle-function", "twins")
TODAY = date(2027, 1, 15)
LEAST = {"rule": "idle-function", "function": "orders", "reason": "for disasters"}
ARN = "arn:aws:lambda:us-east-1:123456789012:function:orders"


def finding(rule: str = "idle-function", name: str = "orders", subject: str = ARN) -> Finding:
    """A finding about a function, or about a log group."""
    return Finding(
        rule=rule,
        severity=Severity.LOW,
        place=PLACE,
        subject=subject,
        name=name,
        summary="s",
        facts=(),
        next_step="n",
    )


def parse(**changes: Any) -> Suppression:
    """The suppression of a table that differs from the least one."""
    (parsed,) = parse_suppressions([{**LEAST, **changes}], RULES)
    return parsed


def test_are_read_from_toml() -> None:
    document = tomllib.loads(
        '[[scan.suppress]]\nrule = "idle-function"\nfunction = "dr-*"\nreason = "for disasters"\n'
        'account = "123456789012"\nregion = "us-east-1"\nuntil = 2027-12-31\n'
        '[[scan.suppress]]\nrule = "*"\nfunction = "*"\nreason = "all of it"\nuntil = "2027-06-30"\n'
    )
    assert parse_suppressions(document["scan"]["suppress"], RULES) == (
        Suppression(
            rule="idle-function",
            function="dr-*",
            reason="for disasters",
            account="123456789012",
            region="us-east-1",
            until=date(2027, 12, 31),
        ),
        Suppression(rule="*", function="*", reason="all of it", until=date(2027, 6, 30)),
    )
    assert parse() == Suppression(rule="idle-function", function="orders", reason="for disasters")


@pytest.mark.parametrize(
    ("changes", "covered"),
    [
        ({}, True),
        ({"rule": "*"}, True),
        ({"rule": "twins"}, False),
        ({"function": "ord*"}, True),
        ({"function": "Orders"}, False),
        ({"function": "rders"}, False),
        ({"function": ARN}, True),
        ({"function": "arn:aws:lambda:*:orders"}, True),
        ({"account": "123456789012", "region": "us-east-1"}, True),
        ({"account": "210987654321"}, False),
        ({"region": "eu-west-1"}, False),
    ],
    ids=str,
)
def test_cover_what_matches_all_that_they_say(changes: dict[str, str], covered: bool) -> None:
    assert parse(**changes).covers(finding()) is covered


def test_cover_log_groups_by_their_names() -> None:
    group = finding(name="/aws/lambda/orders", subject="/aws/lambda/orders")
    assert parse(function="/aws/lambda/*").covers(group)
    assert parse(function="orders").covers(group)
    assert not parse(function="aws").covers(group)
    assert not parse(function="order").covers(group)


def test_split_findings_until_the_last_day_is_over() -> None:
    first, second = finding(), finding(rule="twins")
    last_day, over = parse(until=TODAY), parse(rule="*", until=date(2027, 1, 14))

    assert split_findings([first, second], [over, last_day], TODAY) == (
        (second,),
        (SuppressedFinding(finding=first, reason="for disasters", until="2027-01-15"),),
    )
    assert expiry_messages([over, last_day, parse()], TODAY) == (
        "the suppression of * for orders expired on 2027-01-14: for disasters",
    )


def test_the_first_one_that_covers_a_finding_gives_the_reason() -> None:
    one, two = parse(reason="one"), parse(reason="two")
    assert split_findings([finding()], [one, two], TODAY) == (
        (),
        (SuppressedFinding(finding=finding(), reason="one"),),
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"reson": "x"}, "unknown key 'reson' in [[scan.suppress]] number 1"),
        ({"rule": "idle-functions"}, "[[scan.suppress]] number 1: unknown rule 'idle-functions'"),
        ({"rule": 7}, "[[scan.suppress]] number 1: rule 7 is not a text on one line"),
        ({"function": ""}, "[[scan.suppress]] number 1: function '' is not a text on one line"),
        ({"function": ["a"]}, "[[scan.suppress]] number 1: function ['a'] is not a text on one line"),
        ({"reason": " "}, "[[scan.suppress]] number 1: reason ' ' is not a text on one line"),
        ({"reason": "a\nb"}, "[[scan.suppress]] number 1: reason 'a\\nb' is not a text on one line"),
        ({"account": 123456789012}, "[[scan.suppress]] number 1: account 123456789012 is not a text on one line"),
        ({"account": "1234"}, "[[scan.suppress]] number 1: account '1234' is not an account id"),
        ({"region": ""}, "[[scan.suppress]] number 1: region '' is not a text on one line"),
        ({"until": "31.12.2027"}, "[[scan.suppress]] number 1: until '31.12.2027' is not a day"),
        ({"until": "2027-02-30"}, "[[scan.suppress]] number 1: until '2027-02-30' is not a day"),
        ({"until": 20271231}, "[[scan.suppress]] number 1: until 20271231 is not a day"),
        (
            {"until": datetime(2027, 12, 31, 12)},
            "[[scan.suppress]] number 1: until datetime.datetime(2027, 12, 31, 12, 0) is not a day",
        ),
    ],
    ids=str,
)
def test_a_wrong_table_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse(**changes)
    assert refused.value.message == message
    assert refused.value.hint


@pytest.mark.parametrize("missing", ["rule", "function", "reason"])
def test_a_table_is_complete(missing: str) -> None:
    table = {name: value for name, value in LEAST.items() if name != missing}
    with pytest.raises(UsageError, match=rf"^\[\[scan\.suppress\]\] number 2 has no {missing}$"):
        parse_suppressions([LEAST, table], RULES)


def test_hints_name_what_was_meant() -> None:
    for changes, hint in (({"rule": "idle-functions"}, "did you mean idle-function?"), ({"untill": 1}, "until?")):
        with pytest.raises(UsageError) as refused:
            parse(**changes)
        assert hint in str(refused.value.hint)
