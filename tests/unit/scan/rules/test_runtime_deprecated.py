"""Deprecated runtimes: what AWS no longer allows decides how much it matters. Unknown ones are left alone."""

from datetime import UTC, date, datetime

import pytest
from scanned import NOW, known, place_evidence, scanned_function

from powertune.scan.finding import Severity
from powertune.scan.rules.runtime_deprecated import RULE
from powertune.scan.runtimes import RUNTIMES, newest_runtime


def test_today_is_in_january_2027() -> None:
    assert datetime.fromtimestamp(NOW, UTC).date() == date(2027, 1, 15)


@pytest.mark.parametrize(
    ("runtime", "severity", "summary"),
    [
        (
            "nodejs12.x",
            Severity.HIGH,
            "its runtime nodejs12.x is deprecated, and its code can no longer be updated",
        ),
        (
            "go1.x",
            Severity.MEDIUM,
            "its runtime go1.x is deprecated, and no longer accepted for new functions",
        ),
        (
            "python3.9",
            Severity.LOW,
            "its runtime python3.9 is deprecated: it gets no more security updates",
        ),
        ("ruby3.3", Severity.INFO, "its runtime ruby3.3 will be deprecated in 75 days"),
    ],
)
def test_matters_by_what_is_no_longer_allowed(runtime: str, severity: Severity, summary: str) -> None:
    (found,) = RULE.check(place_evidence(known(scanned_function(runtime=runtime))))
    assert (found.severity, found.summary, found.saving) == (severity, summary, None)


def test_says_when_and_what_to_use_instead() -> None:
    (found,) = RULE.check(place_evidence(known(scanned_function(runtime="python3.9"))))

    assert [fact.text for fact in found.facts] == [
        "$LATEST uses the runtime python3.9",
        "AWS ends its support on 2025-12-15 (as of 2026-10-01)",
        "it blocks creating functions with it on 2027-07-29, and updating on 2027-08-31",
    ]
    assert found.next_step == (
        "test it on python3.14, then `aws lambda update-function-configuration --function-name "
        "arn:aws:lambda:us-east-1:123456789012:function:orders --runtime python3.14 --region us-east-1`"
    )


def test_a_runtime_that_needs_another_package_is_not_changed_alone() -> None:
    (found,) = RULE.check(place_evidence(known(scanned_function(runtime="go1.x"))))
    assert found.next_step == (
        "build it as an executable named bootstrap for provided.al2023, test that as another function, then deploy "
        "code and runtime together: changing the runtime alone breaks it"
    )


@pytest.mark.parametrize("runtime", ["", "python3.13", "nodejs22.x", "python3.99", "custom", "java17.al2023"])
def test_is_not_said_of_a_runtime_that_is_supported_or_unknown(runtime: str) -> None:
    assert not list(RULE.check(place_evidence(known(scanned_function(runtime=runtime)))))


def test_the_day_itself_counts() -> None:
    def severities(day: date) -> list[Severity]:
        now = datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
        return [
            found.severity for found in RULE.check(place_evidence(known(scanned_function(runtime="java17")), now=now))
        ]

    assert severities(date(2027, 3, 31)) == []
    assert severities(date(2027, 4, 1)) == severities(date(2027, 6, 29)) == [Severity.INFO]
    assert severities(date(2027, 6, 30)) == severities(date(2027, 7, 28)) == [Severity.LOW]
    assert severities(date(2027, 7, 29)) == severities(date(2027, 8, 30)) == [Severity.MEDIUM]
    assert severities(date(2027, 8, 31)) == [Severity.HIGH]


def test_every_runtime_leads_to_one_that_is_not_about_to_end() -> None:
    for name in RUNTIMES:
        assert RUNTIMES[newest_runtime(name)].deprecated >= date(2028, 4, 30), name


def test_nothing_is_updated_longer_than_it_is_created() -> None:
    for name, schedule in RUNTIMES.items():
        assert schedule.blocks_create <= schedule.blocks_update, name
