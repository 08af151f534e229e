"""How sizes are published: $LATEST holds a trial size as briefly as possible, and nobody else's version is used."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from fakes import FakeClock, FakeLambda, client_error, fake_aws
from runs import PublishingLog, make_fake, plan_for, target_for, tune

from powertune.aws.target import AwsTarget
from powertune.errors import FunctionBusy, PowertuneError, Unavailable
from powertune.model import Architecture, Configuration, Status

OLD = "powertune-abcd1234-"


def pending_until(fake: FakeLambda, ready: Callable[[dict[str, Any]], bool]) -> None:
    """Make published versions, as SnapStart's are, pending until the function is as it should be."""
    fake.functions["fn"].configuration["SnapStart"] = {"ApplyOn": "PublishedVersions"}

    became_ready = threading.Event()

    def settle(name: str, kwargs: dict[str, Any]) -> None:
        function = fake.functions["fn"]
        if ready(function.configuration):
            became_ready.set()
        if name == "get_function" and kwargs.get("Qualifier") in function.versions and not became_ready.wait(20):
            raise client_error("AccessDeniedException", "nobody has made it ready", 403)
        state = "Active" if became_ready.is_set() else "Pending"
        for version in function.versions.values():
            version["State"] = state

    fake.on_call = fake.after_call = settle


def test_latest_is_put_back_before_anybody_waits_for_versions_to_become_active() -> None:
    fake = make_fake()
    plan = plan_for(fake, memory=(128, 256, 1024))
    target, told = target_for(fake, plan), PublishingLog()
    pending_until(fake, lambda latest: latest["MemorySize"] == 512 and fake.functions["fn"].published == 3)
    target.open()
    target.publish(plan.design.configurations, told)
    assert sorted(told.waits[-3:]) == ["1024 ready", "128 ready", "256 ready"]
    target.undo()


def test_one_update_per_size_while_sizes_follow_each_other() -> None:
    fake = make_fake()
    tune(fake, plan_for(fake, memory=(128, 256, 1024, 2048)))
    assert fake.calls.count("update_function_configuration") == 5
    fake = make_fake()
    tune(fake, plan_for(fake, memory=(128, 256, 512, 1024, 2048)))
    assert fake.calls.count("update_function_configuration") == 5


def test_latest_is_put_back_before_a_copy_is_made() -> None:
    fake = make_fake()
    sizes: list[int] = []

    def look(name: str, kwargs: dict[str, Any]) -> None:
        if name == "create_function":
            sizes.append(fake.functions["fn"].configuration["MemorySize"])

    fake.on_call = look
    tune(fake, plan_for(fake, architectures=tuple(Architecture)))
    assert sizes == [512]


@pytest.mark.parametrize("memory", [(512,), (128, 512, 1024)])
def test_the_current_size_is_not_measured_on_the_owners_version(memory: tuple[int, ...]) -> None:
    fake = make_fake()
    theirs = fake.publish_user_version("fn", alias="prod")
    before = fake.snapshot("fn")
    run = tune(fake, plan_for(fake, memory=memory))
    assert f"fn:{theirs}" not in fake.executed
    assert [m.configuration.memory_mb for m in run.measurements] == list(memory)
    assert all(len(m.invocations) for m in run.measurements)
    assert fake.snapshot("fn") == before


def test_the_current_size_at_the_accounts_limit_is_not_measured_on_the_owners_version() -> None:
    fake = FakeLambda(memory_limit_mb=3008)
    fake.add("fn", memory_mb=3008)
    theirs = fake.publish_user_version("fn")
    run = tune(fake, plan_for(fake, memory=(3008,)))
    assert f"fn:{theirs}" not in fake.executed
    assert not run.measurements[0].unmeasured


def test_what_is_waited_for_is_told() -> None:
    fake = make_fake()
    plan = plan_for(fake, memory=(128,), architectures=(Architecture.X86_64, Architecture.ARM64))
    target, told = target_for(fake, plan), PublishingLog()
    target.open()
    target.publish(plan.design.configurations, told)
    target.undo()
    assert told.waits[:2] == ["128 waiting for Lambda to update the function", "128 waiting for the version"]
    assert sorted(told.waits[2:]) == [
        "128 making a temporary copy of the function",
        "128 ready",
        "128 ready",
        "128 waiting for Lambda to update the function",
        "128 waiting for the version",
    ]


@pytest.mark.parametrize(
    ("call", "code", "status"),
    [
        ("invoke", "ResourceNotFoundException", 404),
        ("invoke", "ENINotReadyException", 502),
        ("invoke", "EC2ThrottledException", 502),
        ("invoke", "CodeArtifactUserPendingException", 409),
        ("get_function", "ResourceNotFoundException", 404),
        ("create_alias", "ResourceNotFoundException", 404),
        ("update_alias", "ResourceNotFoundException", 404),
    ],
)
def test_what_is_new_or_not_ready_yet_is_waited_for(call: str, code: str, status: int) -> None:
    """Aliases and versions are eventually consistent; network interfaces take moments."""
    fake = make_fake()
    plan = plan_for(fake)
    before = fake.snapshot("fn")
    left = [client_error(code, "not yet", status)] * 2

    def refuse(name: str, kwargs: dict[str, Any]) -> None:
        new = kwargs.get("Qualifier", kwargs.get("FunctionVersion", "")) not in ("", "$LATEST")
        if name == call and (new or call == "update_alias") and left:
            raise left.pop()

    fake.on_call = refuse
    run = tune(fake, plan)
    assert not left
    assert {status for m in run.measurements for status in m.invocations.column("status")} == {Status.OK}
    assert fake.snapshot("fn") == before


def test_that_somebody_has_restored_is_said_only_after_looking() -> None:
    fake = make_fake()

    def refuse(name: str, kwargs: object) -> None:
        if name == "invoke":
            raise client_error("ResourceNotFoundException", "Function not found: fn:powertune-abcd1234-128", 404)

    fake.on_call = refuse
    with pytest.raises(Unavailable, match="although it exists"):
        tune(fake)


def test_a_change_that_is_refused_while_a_snapshot_is_taken_is_tried_for_minutes() -> None:
    """A SnapStart version that is being initialized may keep the function from being updated."""
    fake = make_fake()
    clock = FakeClock()
    plan = plan_for(fake)
    before = fake.snapshot("fn")
    until = clock.now + 300

    def refuse(name: str, kwargs: object) -> None:
        if name == "update_function_configuration" and clock.now < until:
            raise client_error("ResourceConflictException", "An update is in progress for resource", 409)

    fake.on_call = refuse
    target = AwsTarget(fake_aws(fake, clock=clock), plan, restore_command="", clock=clock)
    target.open()
    target.publish(plan.design.configurations, PublishingLog())
    target.undo()
    assert fake.snapshot("fn") == before


def test_what_listings_do_not_show_yet_is_deleted_too() -> None:
    """ListAliases and ListVersionsByFunction may lag behind what was just created."""
    fake = make_fake()
    before = fake.snapshot("fn")
    plan = plan_for(fake)
    target = target_for(fake, plan)
    target.open()
    target.publish(plan.design.configurations, PublishingLog())
    fake.unlisted = {f"{OLD}1024", "2"}
    target.undo()
    assert fake.snapshot("fn") == before


def test_a_failure_ends_the_wait_for_versions_at_once() -> None:
    fake = make_fake()
    plan = plan_for(fake)
    target = target_for(fake, plan)

    def deny(name: str, kwargs: dict[str, Any]) -> None:
        for version in fake.functions["fn"].versions.values():
            version["State"] = "Pending"
        if name == "update_function_configuration" and kwargs["MemorySize"] == 1024:
            raise client_error("AccessDeniedException", "no more", 403)

    fake.on_call = deny
    target.open()
    with pytest.raises(PowertuneError, match="no more"):
        target.publish(plan.design.configurations, PublishingLog())


def test_a_batch_of_one_architecture_publishes_nothing_of_the_other() -> None:
    fake = make_fake()
    plan = plan_for(fake, architectures=tuple(Architecture))
    target = target_for(fake, plan)
    target.open()
    target.publish([Configuration(memory_mb=256, architecture=Architecture.X86_64)], PublishingLog())
    assert fake.created == []
    target.undo()
    with pytest.raises(FunctionBusy, match="is being undone"):
        target.publish([Configuration(memory_mb=128, architecture=Architecture.X86_64)], PublishingLog())
