"""Versions that somebody else has published while $LATEST had a trial memory size. Pure."""

from collections.abc import Collection, Iterable

from powertune.aws.snapshot import Version
from powertune.model import Advisory


def trial_versions(
    versions: Iterable[Version],
    *,
    mark: str,
    highest_before: int | None,
    sizes: Collection[int] | None,
    original_mb: int,
) -> tuple[Version, ...]:
    """The versions that have one of the run's trial sizes by accident, in the order of their numbers.

    A version that the run has published itself carries its mark. One that is older than the run has nothing to do
    with it, nor has one with the original size, or with a size that the run has not set.

    Args:
        versions: every published version.
        mark: the description of the run's own.
        highest_before: the highest version number before the run, 0 if there was none. None if it is not known, as
            for the run of a dead process: then only what is newer than the run's first own version is certain.
        sizes: those that the run has set, in MB; None if any may have been.
        original_mb: what $LATEST had before, in MB.
    """
    known = [version for version in versions if version.number.isdigit()]
    after = highest_before
    if after is None:
        after = min((int(version.number) for version in known if version.description == mark), default=None)
    if after is None:
        return ()
    found = [
        version
        for version in known
        if int(version.number) > after
        and version.description != mark
        and version.memory_mb != original_mb
        and (sizes is None or version.memory_mb in sizes)
    ]
    return tuple(sorted(found, key=lambda version: int(version.number)))


def trial_size_published(function_name: str, versions: Collection[Version], original_mb: int) -> tuple[Advisory, ...]:
    """Say loudly which versions of somebody else's have a trial size; nothing where there are none."""
    return tuple(
        Advisory(
            code="trial-size-published",
            message=f"version {version.number} of {function_name} was published by somebody else during this run, "
            f"with the trial size {version.memory_mb} MB instead of {original_mb} MB",
            next_step=f"publish {function_name} again, point its aliases at the new version, and delete version "
            f"{version.number}; --isolate keeps this from happening",
        )
        for version in versions
    )
