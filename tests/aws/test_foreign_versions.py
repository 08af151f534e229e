"""Versions that somebody else has published while $LATEST had a trial size."""

from powertune.aws.foreign_versions import trial_size_published, trial_versions
from powertune.aws.function_snapshot import Version

MARK = "powertune abcd1234"


def version(number: int, memory_mb: int, description: str = "") -> Version:
    return Version(number=str(number), memory_mb=memory_mb, description=description)


VERSIONS = (
    version(8, 128, "release 8"),  # before the run, of that size by intention
    version(9, 128, MARK),
    version(11, 256, "release 11"),  # with a trial size
    version(10, 512, "release 10"),  # with the original size
    version(12, 2048, "release 12"),  # with a size that the run does not set
    version(13, 256, MARK),
)


def found(**more: object) -> list[str]:
    given: dict[str, object] = {"mark": MARK, "highest_before": 8, "sizes": (128, 256), "original_mb": 512, **more}
    return [each.number for each in trial_versions(VERSIONS, **given)]  # type: ignore[arg-type]


def test_a_version_of_somebody_else_with_a_trial_size_is_found() -> None:
    assert found() == ["11"]
    assert found(highest_before=11) == []
    assert found(mark="powertune 00000000") == ["9", "11", "13"]


def test_the_advisory_names_the_version_and_what_to_do() -> None:
    (advisory,) = trial_size_published("fn", [version(11, 256)], 512)
    assert advisory.code == "trial-size-published"
    assert "version 11 of fn" in advisory.message
    assert "it has 256 MB" in advisory.message
    assert "$LATEST had 512 MB" in advisory.message
    assert "publish fn again" in advisory.next_step
    assert "delete version 11" in advisory.next_step
    assert trial_size_published("fn", [], 512) == ()
