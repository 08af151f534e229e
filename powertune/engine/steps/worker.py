"""What a worker of the state machine works with: its bucket, ways to AWS, and the time that it has."""

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache
from typing import Any

from powertune.aws.client import Aws
from powertune.aws.connection import Connection, connect
from powertune.aws.identity import ConnectionOptions
from powertune.aws.objects import Objects
from powertune.aws.roles import assume
from powertune.aws.target import AwsTarget
from powertune.engine.restoring import restore_command
from powertune.engine.steps.store import RunStore
from powertune.model import FunctionRef
from powertune.plan import Plan

#: How long a worker needs after its last round, to hand over what it has measured.
_FAREWELL_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A Lambda function of the state machine, while it runs. `ends_at` is when Lambda ends it, as `clock` counts.

    `account` is its own account's id, and its bucket's; `attempt` names this invocation of it.

    `connect` gives an identity in a region: the worker's own, or that of a role. No region is the worker's own one.
    """

    bucket: str
    account: str
    attempt: str
    connect: Callable[[str | None, str | None], AbstractContextManager[Connection]]
    ends_at: float
    clock: Callable[[], float]
    sleep: Callable[[float], None]

    @property
    def deadline(self) -> float:
        """When the last round must have ended."""
        return self.ends_at - _FAREWELL_S

    @contextmanager
    def run(self, run_id: str) -> Iterator[RunStore]:
        """What the workers of a run hand on to each other."""
        with self.connect(None, None) as own:
            yield RunStore(objects=Objects(aws=own.aws(), bucket=self.bucket, owner=self.account), run_id=run_id)

    @contextmanager
    def access(self, ref: FunctionRef, role_arn: str | None) -> Iterator[Connection]:
        """The way to a function, which may be in another region, or in another account that has a role for this."""
        with self.connect(ref.region, role_arn) as connection:
            yield connection

    def target(self, connection: Connection, plan: Plan, *, stop: Callable[[], None] = lambda: None) -> AwsTarget:
        """The function as a target.

        Args:
            stop: called before each change; may raise to keep it from being made.
        """
        processors = tuple(
            None if name is None else FunctionRef.parse(name)
            for name in (plan.design.pre_processor, plan.design.post_processor)
        )
        before, after = processors
        aws: Aws = connection.aws(
            function_timeout_s=plan.function.timeout_s if processors == (None, None) else 900,
            concurrency=plan.design.concurrency,
        )
        return AwsTarget(
            aws,
            plan,
            restore_command=restore_command(plan.function.arn, ConnectionOptions(region=plan.function.region)),
            processors=(before, after),
            clock=self.clock,
            stop=stop,
        )


def worker_here(bucket: str, arn: str, request_id: str, ends_at: float) -> Worker:
    """The worker that this process is.

    Args:
        bucket: where runs are kept.
        arn: what the process was invoked as.
        request_id: the id of this invocation.
        ends_at: when Lambda ends the process, in seconds since the epoch.
    """
    return Worker(
        bucket=bucket,
        account=arn.split(":")[4],
        attempt=request_id,
        connect=_connect,
        ends_at=ends_at,
        clock=time.time,
        sleep=time.sleep,
    )


def _connect(region: str | None, role_arn: str | None) -> AbstractContextManager[Connection]:
    if role_arn is None:
        return nullcontext(_own(region))
    own = _own(None)
    return assume(own, role_arn, region or own.region)


@cache
def _own(region: str | None) -> Connection:
    """The process's own identity, for as long as Lambda keeps it: what botocore has read is not read again."""
    return connect(ConnectionOptions(region=region))


def run_id_of(execution_arn: str) -> str:
    """The id of an execution's run: whoever knows the one knows the other, as long as AWS keeps it or not."""
    return hashlib.sha256(execution_arn.encode()).hexdigest()[:8]


def run_of(state: Mapping[str, Any]) -> tuple[str, FunctionRef, str | None]:
    """What every state carries of its run: the id, the function, and the role to reach it with."""
    run = state["run"]
    return run["id"], FunctionRef.parse(run["function"]), run["role"]
