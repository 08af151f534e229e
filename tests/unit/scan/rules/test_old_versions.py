"""Functions with many versions, or large ones, unless their code is in ECR."""

from dataclasses import replace

import pytest
from scanned import known, place_evidence, scanned_function

from powertune.model import Architecture
from powertune.scan.evidence import PublishedVersion
from powertune.scan.finding import Severity
from powertune.scan.rules.old_versions import RULE

VERSION = PublishedVersion(
    number="1",
    memory_mb=1024,
    architecture=Architecture.ARM64,
    code_size_bytes=2**20,
    code_sha256="sha",
    modified_at=0.0,
)


@pytest.mark.parametrize(
    ("versions", "summary"),
    [
        ((VERSION,) * 21, "its 21 published versions take 21 MB of the code storage"),
        (
            (replace(VERSION, code_size_bytes=600 * 2**20),) * 2,
            "its 2 published versions take 1.2 GB of the code storage",
        ),
        ((replace(VERSION, code_size_bytes=400),) * 25, "it has 25 published versions"),
    ],
    ids=["many", "large", "tiny"],
)
def test_take_code_storage(versions: tuple[PublishedVersion, ...], summary: str) -> None:
    (found,) = RULE.check(place_evidence(known(scanned_function(versions=versions))))

    assert (found.summary, found.severity, found.saving) == (summary, Severity.INFO, None)
    arn = "arn:aws:lambda:us-east-1:123456789012:function:orders"
    assert found.next_step == (
        f"compare `aws lambda list-versions-by-function --function-name {arn} --region us-east-1` with "
        f"`aws lambda list-aliases --function-name {arn} --region us-east-1`, and delete versions that no alias "
        f"points to with `aws lambda delete-function --function-name {arn}:VERSION --region us-east-1`"
    )


@pytest.mark.parametrize(
    ("package_type", "versions"),
    [("Zip", (VERSION,) * 20), ("Zip", (replace(VERSION, code_size_bytes=2**29),) * 2), ("Image", (VERSION,) * 21)],
    ids=["twenty", "a GB", "images"],
)
def test_is_not_said_otherwise(package_type: str, versions: tuple[PublishedVersion, ...]) -> None:
    function = scanned_function(package_type=package_type, versions=versions)
    assert not list(RULE.check(place_evidence(known(function))))
