"""Versions that somebody else may have published while $LATEST had a trial memory size. Pure."""

from collections.abc import Collection, Iterable

from powertune.aws.function_snapshot import Version
from powertune.model import Advisory


def trial_versions(
    versions: Iterable[Version],
    *,
    mark: str,
    highest_before: int,
    sizes: Collection[int],
    original_mb: int,
) -> tuple[Version, ...]:
    """The versions that may have one of the run's trial sizes by accident, in the order of their numbers.

    A version that the run has published itself carries its mark. One that is older than the run has nothing to do
    with it, nor has one with the original size, or with a size that the run has not set.

    Args:
        versions: every published version.
        mark: the description of the run's own.
        highest_before: the highest version number before the run, 0 if there was none.
        sizes: those that the run has set, in MB.
        original_mb: what $LATEST had before, in MB.
    """
    found = [
        version
        for version in versions
        if int(version.number) > highest_before
        and version.description != mark
        and version.memory_mb != original_mb
        and version.memory_mb in sizes
    ]
    return tuple(sorted(found, key=lambda version: int(version.number)))


def trial_size_published(function_name: str, versions: Collection[Version], original_mb: int) -> tuple[Advisory, ...]:
    """Say loudly which versions of somebody else's may have a trial size; nothing where there are none."""
    return tuple(
        Advisory(
            code="trial-size-published",
            message=f"somebody else published version {version.number} of {function_name} after the run began, and "
            f"it has {version.memory_mb} MB, a size that the run has set; before the run, $LATEST had "
            f"{original_mb} MB",
            next_step=f"if {version.memory_mb} MB is not intended: publish {function_name} again, point its aliases "
            f"at the new version, then delete version {version.number}; --isolate keeps this from happening",
        )
        for version in versions
    )
