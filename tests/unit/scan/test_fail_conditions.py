"""The conditions of --fail-on: what they mean, when they are met, and where a wrong one is wrong."""

import pytest
from scanned import PLACE

from powertune.errors import UsageError
from powertune.scan.fail_conditions import FindingsAt, SavingsAbove, failed, parse_fail_on
from powertune.scan.finding import Finding, Severity

RULES = ("idle-function", "twins")


def finding(rule: str, severity: Severity) -> Finding:
    """A finding of a rule."""
    return Finding(
        rule=rule, severity=severity, place=PLACE, subject="arn", name="orders", summary="s", facts=(), next_step="n"
    )


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("savings>100usd/month", SavingsAbove(amount=100.0, currency="USD")),
        (" savings > 0.50 CNY / month ", SavingsAbove(amount=0.5, currency="CNY")),
        ("idle-function:low", FindingsAt(rule="idle-function", severity=Severity.LOW)),
        ("* : high", FindingsAt(rule="*", severity=Severity.HIGH)),
    ],
)
def test_are_about_savings_or_about_findings(text: str, condition: object) -> None:
    assert parse_fail_on(text, RULES) == condition


@pytest.mark.parametrize(
    ("text", "expected", "at"),
    [
        ("", "':' and a severity", 1),
        ("idle-function", "':' and a severity", 14),
        ("idle-functions:low", "the id of a rule, or '*'", 1),
        ("  nobody:low", "the id of a rule, or '*'", 3),
        (":low", "the id of a rule, or '*'", 1),
        ("twins:", "a severity", 7),
        ("twins: loww", "a severity", 8),
        ("twins:LOW", "a severity", 7),
        ("savings", "'>'", 8),
        ("savings<100usd/month", "'>'", 8),
        ("savings>=100usd/month", "an amount", 9),
        ("savings>-1usd/month", "an amount", 9),
        ("savings>1.2.3usd/month", "an amount", 9),
        ("savings>1e9usd/month", "a currency such as 'usd'", 10),
        ("savings>100/month", "a currency such as 'usd'", 12),
        ("savings>100$/month", "a currency such as 'usd'", 12),
        ("savings>100usd", "'/'", 15),
        ("savings>100usd/mnth", "'month'", 16),
        ("savings>100usd/months", "'month'", 16),
        ("savings>100usd/month!", "nothing more", 21),
    ],
)
def test_a_wrong_one_is_refused_at_a_character(text: str, expected: str, at: int) -> None:
    with pytest.raises(UsageError) as refused:
        parse_fail_on(text, RULES)
    assert refused.value.message == f"--fail-on {text!r}: expected {expected} at character {at}"
    assert refused.value.hint


def test_hints_name_what_was_meant() -> None:
    for text, meant in (("idle-functions:low", "did you mean idle-function?"), ("twins:loww", "did you mean low?")):
        with pytest.raises(UsageError) as refused:
            parse_fail_on(text, RULES)
        assert str(refused.value.hint).startswith(meant)


def test_fail_with_a_reason_each() -> None:
    conditions = [
        parse_fail_on(text, RULES)
        for text in ("savings>100usd/month", "idle-function:low", "*:high", "twins:info", "savings>1cny/month")
    ]
    findings = [finding("idle-function", Severity.LOW), finding("idle-function", Severity.HIGH)]

    assert failed(conditions, findings, {"USD": 100.01}) == (
        "$100.01 a month could be saved, more than $100.00",
        "2 findings of idle-function with severity low or above",
        "1 finding with severity high",
    )


def test_nothing_fails_without_findings_or_at_the_limit() -> None:
    conditions = [parse_fail_on(text, RULES) for text in ("savings>100usd/month", "*:info", "idle-function:high")]
    assert failed(conditions, [], {"USD": 100.0}) == ()
    assert failed(conditions[2:], [finding("idle-function", Severity.MEDIUM)], {}) == ()
