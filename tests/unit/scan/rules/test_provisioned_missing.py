"""Functions that are always busy: what provisioned concurrency may save, between two bounds that are certain."""

import pytest
from scanned import busy, known, place_evidence, scanned_function

from powertune.scan.evidence import Compute, FunctionEvidence, FunctionUsage
from powertune.scan.finding import Confidence
from powertune.scan.rules.provisioned_missing import RULE

WINDOW_MS = 14 * 86_400_000


def loaded(**changes: object) -> FunctionUsage:
    """Ten environments of a GB are busy on average, 12 at most: 25,920,000 GB-seconds in a month."""
    return busy(**{"duration_sum_ms": 10.0 * WINDOW_MS, "peak_concurrency": 12.0, **changes})


def test_pays_for_itself_if_the_mean_is_near_the_peak() -> None:
    (found,) = RULE.check(place_evidence(known(usage=loaded(), provisioned=())))

    # Kept at 3.3334 per million GB-seconds, at a price of duration that is 5.5556 lower.
    assert found.saving is not None
    assert found.saving.low == pytest.approx(25.92 * (10 / 12 * 5.5556 - 3.3334))
    assert found.saving.high == pytest.approx(25.92 * (5.5556 - 3.3334))
    assert found.saving.expected == pytest.approx(45.599328)
    assert found.confidence is Confidence.MEDIUM
    assert found.summary == "up to 10 environments are always busy: provisioned concurrency may be cheaper"
    assert [fact.text for fact in found.facts] == [
        "10.0 environments are busy on average, and 12 at most",
        "it has no provisioned concurrency",
        "it pays for itself if more than 60 % of it are in use",
    ]


def test_is_uncertain_if_the_peak_is_far_above() -> None:
    (found,) = RULE.check(place_evidence(known(usage=loaded(peak_concurrency=40.0), provisioned=())))

    assert found.saving is not None
    assert found.saving.low == pytest.approx(-50.40144)
    assert found.saving.expected == pytest.approx(3.598992)
    assert found.confidence is Confidence.LOW


def test_only_whole_environments_are_provisioned() -> None:
    usage = loaded(duration_sum_ms=1.9 * WINDOW_MS, peak_concurrency=2.0)
    (found,) = RULE.check(place_evidence(known(usage=usage, provisioned=())))

    assert found.saving is not None
    assert found.saving.high == pytest.approx(2.592 * (5.5556 - 3.3334))


@pytest.mark.parametrize(
    "other",
    [
        known(provisioned=()),
        known(usage=None, provisioned=()),
        known(usage=loaded()),
        known(usage=loaded(peak_concurrency=60.0), provisioned=()),
        known(usage=loaded(peak_concurrency=0.0), provisioned=()),
        known(usage=loaded(active_days=13), provisioned=()),
        known(scanned_function(snapstart=True), usage=loaded(), provisioned=()),
        known(scanned_function(compute=Compute.MANAGED_INSTANCES), usage=loaded(), provisioned=()),
        known(scanned_function(memory_mb=128), usage=loaded(duration_sum_ms=1.0 * WINDOW_MS), provisioned=()),
    ],
    ids=[
        "not busy",
        "unknown",
        "provisioning unknown",
        "too uneven",
        "no concurrency known",
        "a day without invocations",
        "SnapStart",
        "managed instances",
        "not worth it",
    ],
)
def test_is_not_said_otherwise(other: FunctionEvidence) -> None:
    assert not list(RULE.check(place_evidence(other)))


def test_is_not_said_without_prices() -> None:
    assert not list(RULE.check(place_evidence(known(usage=loaded(), provisioned=()), prices=None)))
