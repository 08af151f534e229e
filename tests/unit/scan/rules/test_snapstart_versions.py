"""Snapshots of old versions: charged for as long as the versions exist, but not on Java."""

import pytest
from scanned import known, place_evidence, scanned_function

from powertune.model import Architecture
from powertune.prices import PriceTable
from powertune.scan.evidence import PublishedVersion, ScannedFunction
from powertune.scan.finding import Confidence, CostPart
from powertune.scan.rules.snapstart_versions import RULE


def versions(*snapstart: bool, memory_mb: int = 1024) -> tuple[PublishedVersion, ...]:
    """Versions 1, 2, 3 and so on, with SnapStart or without."""
    return tuple(
        PublishedVersion(
            number=str(number),
            memory_mb=memory_mb,
            architecture=Architecture.ARM64,
            code_size_bytes=1_000_000,
            code_sha256="sha",
            modified_at=0.0,
            snapstart=on,
        )
        for number, on in enumerate(snapstart, 1)
    )


def test_all_but_the_newest_two_can_be_saved() -> None:
    function = scanned_function(versions=versions(True, True, True, True, True))
    (found,) = RULE.check(place_evidence(known(function)))

    # 3 GB for 2,592,000 s at 0.0000015046.
    assert found.saving is not None
    assert found.saving.expected == found.saving.high == pytest.approx(11.6997696)
    assert found.saving.low == 0.0
    assert (found.confidence, found.part) == (Confidence.MEDIUM, CostPart.SNAPSTART)
    assert found.summary == "the snapshots of 3 old versions are kept, and charged"
    assert found.facts[0].text == "SnapStart is on for the versions 1, 2, 3"
    assert found.next_step == (
        "list what is in use with `aws lambda list-aliases --function-name "
        "arn:aws:lambda:us-east-1:123456789012:function:orders --region us-east-1`, and delete the other versions "
        "with `aws lambda delete-function --function-name "
        "arn:aws:lambda:us-east-1:123456789012:function:orders:VERSION --region us-east-1`"
    )


def test_a_long_list_is_cut() -> None:
    (found,) = RULE.check(place_evidence(known(scanned_function(versions=versions(*[True] * 14)))))
    assert found.facts[0].text == "SnapStart is on for the versions 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, ..."


@pytest.mark.parametrize(
    "function",
    [
        scanned_function(),
        scanned_function(versions=versions(True, True)),
        scanned_function(versions=versions(False, True, True)),
        scanned_function(versions=versions(True, True, True), runtime="java21"),
    ],
    ids=["no versions", "newest two", "without SnapStart", "Java"],
)
def test_is_not_said_otherwise(function: ScannedFunction) -> None:
    assert not list(RULE.check(place_evidence(known(function))))


def test_prices_decide_whether_it_is_charged() -> None:
    evidence = known(scanned_function(versions=versions(True, True, True)))
    assert not list(RULE.check(place_evidence(evidence, prices=PriceTable.bundled().region("ap-east-2"))))
    (found,) = RULE.check(place_evidence(evidence, prices=None))
    assert found.saving is None
