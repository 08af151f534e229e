"""Runs against the fake Lambda: a function, its plan, and everything from lock to undo, in no time."""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from itertools import count
from typing import Any

from fakes import FakeClock, FakeLambda, RecordingObserver, client_error, fake_aws

from powertune.aws.identity import Identity
from powertune.aws.journal import JOURNAL_ALIAS, Journal
from powertune.aws.preflight import preflight
from powertune.aws.target import AwsTarget
from powertune.config import RunOptions
from powertune.engine import direct
from powertune.errors import SizeRefused, UsageError
from powertune.measure import measure
from powertune.model import Configuration, FunctionRef, TuningRun
from powertune.plan import Plan
from powertune.prices import PriceTable

#: How the names of calls begin that change nothing.
READING = ("get_", "list_", "filter_", "describe_", "invoke", "fetch")


def make_fake(**options: Any) -> FakeLambda:
    fake = FakeLambda(**options)
    fake.add("fn", memory_mb=512)
    return fake


def plan_for(fake: FakeLambda, name: str = "fn", run_id: str = "abcd1234", **options: Any) -> Plan:
    aws = fake_aws(fake)
    found = preflight(aws, FunctionRef.parse(name), now=0.0)
    asked = RunOptions(**{"memory": (128, 1024), "invocations": 4, "environments": 2, **options})
    prices = PriceTable.bundled().region("us-east-1")
    return direct.plan_for(aws, replace(found, advisories=()), asked, prices, run_id=run_id)


def target_for(fake: FakeLambda, plan: Plan, **options: Any) -> AwsTarget:
    clock = FakeClock()
    return AwsTarget(
        fake_aws(fake, clock=clock), plan, restore_command="powertune restore fn", clock=clock, **options
    )


def leave_journal(client: Any, name: str, run_id: str, memory_mb: int, copies: int = 0) -> None:
    """What a dead run leaves that has given $LATEST the size that it holds, and found it with another one."""
    now = client.get_function_configuration(FunctionName=name)
    journal = Journal(
        run_id=run_id,
        started_at=1,
        memory_mb=memory_mb,
        code_sha256=now["CodeSha256"],
        trial_mb=(now["MemorySize"],),
        copies=copies,
    )
    client.create_alias(
        FunctionName=name, Name=JOURNAL_ALIAS, FunctionVersion="$LATEST", Description=journal.encode()
    )


class PublishingLog:
    """A `measure.Publishing` that keeps what it was told, and takes no refusal."""

    def __init__(self) -> None:
        self.waits: list[str] = []

    def waiting(self, configuration: Configuration, what: str) -> None:
        self.waits.append(f"{configuration.memory_mb} {what}")

    def ready(self, configuration: Configuration) -> None:
        self.waits.append(f"{configuration.memory_mb} ready")

    def refused(self, configuration: Configuration, refused: SizeRefused) -> None:
        raise refused


def tune(fake: FakeLambda, plan: Plan | None = None, **options: Any) -> TuningRun:
    plan = plan or plan_for(fake)
    target = target_for(fake, plan, **options)
    return measure(plan, target, RecordingObserver(), clock=lambda: 0.0, sleep=lambda seconds: None)


def fail_at_call(
    fake: FakeLambda, number: int, error: Callable[[], Exception], *, lost: bool = False
) -> Callable[[], bool]:
    """Let the n-th call from now on fail, before it takes effect or, if its answer is lost, after.

    Returns what tells whether there was such a call.
    """
    seen = count()
    lock = threading.Lock()

    def fail(name: str, kwargs: object) -> None:
        with lock:
            at = next(seen)
        if at == number:
            raise error()

    def happened() -> bool:
        with lock:
            return next(seen) > number

    if lost:
        fake.after_call = fail
    else:
        fake.on_call = fail
    return happened


def open_target(fake: FakeLambda, clock: FakeClock, *, identity: Identity | None = None) -> AwsTarget:
    """A run that has taken the lock and published one size, and whose $LATEST holds the other one."""
    plan = plan_for(fake)
    aws = fake_aws(fake, clock=clock)
    if identity is not None:
        aws.identity = identity
    target = AwsTarget(aws, plan, restore_command="powertune restore fn", clock=clock)
    target.open()

    def refuse_second(name: str, kwargs: object) -> None:
        if name == "publish_version" and fake.functions["fn"].versions:
            raise client_error("InvalidParameterValueException", "not now")

    fake.on_call = refuse_second
    with suppress(UsageError):
        target.publish(plan.design.configurations, PublishingLog())
    fake.on_call = lambda name, kwargs: None
    assert fake.functions["fn"].configuration["MemorySize"] == 1024
    assert fake.functions["fn"].versions
    return target
