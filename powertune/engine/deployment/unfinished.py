"""Runs of the state machine whose function is not restored yet: that takes the steps which would be deleted."""

from contextlib import suppress
from dataclasses import replace

from powertune.aws.client import Aws
from powertune.aws.journal import read_journal
from powertune.aws.lambda_function import LambdaFunction
from powertune.aws.objects import Objects
from powertune.engine.steps.store import RunStore, unfinished_runs
from powertune.errors import AccessDenied, NotFound, UsageError
from powertune.model import FunctionRef


def unrestored_functions(aws: Aws, bucket: str, account: str) -> tuple[str, ...]:
    """The ARNs of functions that hold the journal of a run which no worker has restored, as far as that can be seen.

    A function that somebody has restored by other means holds no journal any more. One that nobody can read may be
    the run's. Functions in other regions and accounts are not looked at.
    """
    objects = Objects(aws=aws, bucket=bucket, owner=account)
    with suppress(AccessDenied, NotFound):
        return tuple(
            function
            for store in (RunStore(objects=objects, run_id=run_id) for run_id in unfinished_runs(objects))
            if (function := _function_of(store)) is not None
            and _holds_journal(aws, FunctionRef.parse(function), store)
        )
    return ()


def _function_of(store: RunStore) -> str | None:
    errand = store.errand
    return None if errand is None or errand.role_arn is not None else errand.function


def _holds_journal(aws: Aws, ref: FunctionRef, store: RunStore) -> bool:
    if ref.region not in (None, aws.region):
        return False
    try:
        journal = read_journal(LambdaFunction(aws, replace(ref, qualifier=None)))
    except UsageError:
        return store.touches_original
    return journal is not None and journal.run_id == store.run_id
