"""Where stored baselines are, and the connection to S3 that they may take."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cache

from powertune.aws.connection import Connection, connect
from powertune.aws.identity import ConnectionOptions
from powertune.aws.objects import Objects
from powertune.engine.baselines.lookup import BaselineSource, baselines_at
from powertune.engine.baselines.shelf import shelf_at
from powertune.engine.baselines.store import MAIN, BaselineStore
from powertune.errors import UsageError

#: The variables by which CI systems name the commit, and the branch: GitHub, GitLab, Jenkins.
_COMMIT = ("GITHUB_SHA", "CI_COMMIT_SHA", "GIT_COMMIT")
_BRANCH = ("GITHUB_REF_NAME", "CI_COMMIT_REF_NAME", "BRANCH_NAME")


@contextmanager
def bucket_opener(place: ConnectionOptions) -> Iterator[Callable[[str], Objects]]:
    """What opens buckets of S3 as long as the block lasts; connects when the first one is opened."""
    with ExitStack() as stack:

        @cache
        def connection() -> Connection:
            return stack.enter_context(connect(place))

        yield lambda name: Objects(aws=connection().aws(), bucket=name)


@contextmanager
def open_store(place: str, connection: ConnectionOptions) -> Iterator[BaselineStore]:
    """The baselines in a folder, or at `s3://bucket/prefix/`, as long as the block lasts.

    Raises:
        UsageError: that is no place for them.
    """
    if place.endswith(".json"):
        raise UsageError(f"{place!r} is a file", hint="name a folder, or s3://bucket/prefix/")
    with bucket_opener(connection) as bucket:
        yield BaselineStore(shelf=shelf_at(place, bucket))


@contextmanager
def open_source(
    place: str | None, branch: str | None, connection: ConnectionOptions
) -> Iterator[BaselineSource | None]:
    """The baselines that a gate compares with, as long as the block lasts; None where no place is named.

    Raises:
        UsageError: there is nothing of the kind, or a branch without a place.
        NotFound, AccessDenied: as S3 says.
    """
    if place is None:
        if branch is not None:
            raise UsageError(
                f"there are no baselines to take branch {branch} of", hint="name their place: --baseline FOLDER"
            )
        yield None
        return
    with bucket_opener(connection) as bucket:
        yield baselines_at(place, branch, bucket)


def commit_of_job(environment: Mapping[str, str] = os.environ) -> str | None:
    """The commit that a CI job is about; None where nothing tells."""
    return next((environment[name] for name in _COMMIT if environment.get(name)), None)


def branch_of_job(environment: Mapping[str, str] = os.environ) -> str:
    """The branch that a CI job is about; main where nothing tells."""
    return next((environment[name] for name in _BRANCH if environment.get(name)), MAIN)
