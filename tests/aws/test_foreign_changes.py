"""Somebody else deploys while a run is active, or after it has died: undo restores only what the run has set."""

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from fakes import FakeLambda, client_error, fake_aws
from runs import READING, PublishingLog, make_fake, plan_for, target_for, tune

from powertune.aws.copies.lifecycle import copy_of, delete_copy, find_copies
from powertune.aws.journal import Journal, read_journal
from powertune.aws.lambda_function import LambdaFunction
from powertune.aws.undo import undo
from powertune.errors import FunctionBusy, NotRestored, PowertuneError
from powertune.model import Architecture, FunctionRef
from powertune.plan import Plan

#: What somebody else deploys, by what kind of deployment it is.
DEPLOYMENTS: dict[str, dict[str, Any]] = {
    "memory": {"MemorySize": 2048},
    "all": {"MemorySize": 2048, "CodeSha256": "new", "Handler": "new.handler"},
    "environment": {"Environment": {"Variables": {"B": "2"}}},
    "code": {"CodeSha256": "new"},
}
RUNS: dict[str, dict[str, Any]] = {
    "grid": {"memory": (128, 512, 1024), "invocations": 2, "environments": 1},
    "search": {"memory": None, "invocations": None, "environments": None},
    "both": {"memory": (128, 1024), "invocations": 1, "environments": 1, "architectures": tuple(Architecture)},
    "copy": {"memory": (128, 1024), "invocations": 1, "environments": 1, "isolate": True},
}
#: A search takes as long as all the others.
EVERY_RUN = [pytest.param(name, marks=pytest.mark.long if name == "search" else ()) for name in RUNS]


def deploy(fake: FakeLambda, kind: str) -> None:
    fake.functions["fn"].configuration |= {**DEPLOYMENTS[kind], "RevisionId": str(uuid.uuid4())}


def points(run: str, *, after: bool) -> Iterator[int]:
    """The calls of an undisturbed run that a test can act before, or after, but for invocations in a row."""
    fake = make_fake()
    plan = plan_for(fake, **RUNS[run])
    calls: list[str] = []

    def note(name: str, kwargs: object) -> None:
        calls.append(name)

    if after:
        fake.after_call = note
    else:
        fake.on_call = note
    tune(fake, plan)
    for at, name in enumerate(calls):
        if name != "invoke" or calls[at - 1] != "invoke":
            yield at


def at_call(
    fake: FakeLambda, number: int, act: Callable[[], None], *, after: bool, only_changes: bool = False
) -> None:
    """Act before the n-th call from now on takes effect, or after it."""
    seen = iter(range(1_000_000))
    lock = threading.Lock()

    def hook(name: str, kwargs: object) -> None:
        with lock:
            if not (only_changes and name.startswith(READING)) and next(seen) == number:
                act()

    if after:
        fake.after_call = hook
    else:
        fake.on_call = hook


def check(fake: FakeLambda, kind: str, left: NotRestored | None, where: str) -> None:
    """The deployment stands, nothing of the run is left, and the memory size is what it should be."""
    function = fake.functions["fn"]
    deployed = DEPLOYMENTS[kind]
    assert {key: function.configuration[key] for key in deployed} == deployed, where
    assert function.versions == {}, where
    assert function.aliases == {}, where
    assert sorted(fake.functions) == ["fn"], where
    if left is not None:
        # Whoever deploys new code while $LATEST has a trial size may want that size: the person is told.
        assert kind == "code", where
        assert function.configuration["MemorySize"] != 512, where
        assert "--memory-size 512" in str(left.hint), where
    elif "MemorySize" not in deployed:
        assert function.configuration["MemorySize"] == 512, where


@pytest.mark.long
@pytest.mark.parametrize("after", [False, True], ids=["before a call", "after a call"])
@pytest.mark.parametrize("kind", DEPLOYMENTS)
@pytest.mark.parametrize("run", EVERY_RUN)
def test_a_deployment_at_any_point_of_a_run_and_of_its_undo_stands(run: str, kind: str, after: bool) -> None:
    for number in points(run, after=after):
        fake = make_fake()
        plan = plan_for(fake, **RUNS[run])
        happened: list[bool] = []

        def act(fake: FakeLambda = fake, happened: list[bool] = happened) -> None:
            happened.append(True)
            deploy(fake, kind)

        at_call(fake, number, act, after=after)
        left = None
        try:
            tune(fake, plan)
        except NotRestored as error:
            left = error
        except PowertuneError:
            pass
        if happened:
            check(fake, kind, left, f"{kind} at call {number}")


@pytest.mark.long
@pytest.mark.parametrize("kind", DEPLOYMENTS)
@pytest.mark.parametrize("run", EVERY_RUN)
def test_a_deployment_after_a_kill_stands_when_the_function_is_restored(run: str, kind: str) -> None:
    """The process is gone at any changing call: nothing is known but the journal, and the copies' tags."""
    for number in range(1_000):
        fake = make_fake()
        died: list[bool] = []

        def die(died: list[bool] = died) -> None:
            died.append(True)

        at_call(fake, number, die, after=False, only_changes=True)
        killed_run(fake, plan_for(fake, **RUNS[run]), died)
        if not died:
            assert number >= 8
            return
        deploy(fake, kind)
        check(fake, kind, restored(fake), f"{kind} after a kill at change {number}")
    pytest.fail("the run never comes to its end")


def killed_run(fake: FakeLambda, plan: Plan, died: list[bool]) -> None:
    """A run whose calls all fail from a moment on: as if it had been killed."""
    dying = fake.on_call

    def hook(name: str, kwargs: dict[str, Any]) -> None:
        dying(name, kwargs)
        if died:
            raise client_error("Killed", "the process is gone", 400)

    fake.on_call = hook
    with suppress(PowertuneError):
        tune(fake, plan)
    fake.on_call = lambda name, kwargs: None


def restored(fake: FakeLambda) -> NotRestored | None:
    """What `powertune restore` does; returns what it cannot decide."""
    function = LambdaFunction(fake_aws(fake), FunctionRef(name="fn"))
    journal = read_journal(function)
    try:
        if journal is not None:
            undo(function, journal)
    except NotRestored as error:
        return error
    finally:
        for copy in find_copies(function):
            delete_copy(copy_of(function, copy.name), function.ref, copy.run_id)
    return None


def publish_while_held(fake: FakeLambda, memory_mb: int) -> None:
    """Somebody's deployment publishes a version while $LATEST has a trial size."""

    def hook(name: str, kwargs: dict[str, Any]) -> None:
        if name == "update_function_configuration" and kwargs["MemorySize"] == memory_mb:
            fake.after_call = lambda name, kwargs: None
            fake.publish_user_version("fn", alias="prod")

    fake.after_call = hook


def test_a_trial_size_that_somebody_else_has_published_is_said_loudly() -> None:
    fake = make_fake()
    fake.publish_user_version("fn")
    publish_while_held(fake, 128)
    run = tune(fake, plan_for(fake, memory=(128, 1024), invocations=1, environments=1))
    (advisory,) = [a for a in run.advisories if a.code == "trial-size-published"]
    assert "somebody else published version 2 of fn after the run began" in advisory.message
    assert "it has 128 MB" in advisory.message
    assert "$LATEST had 512 MB" in advisory.message
    assert sorted(fake.functions["fn"].versions) == ["1", "2"]
    assert "fn:2" not in fake.executed


def test_a_trial_size_that_somebody_else_has_published_is_found_by_restore_too() -> None:
    fake = make_fake()
    fake.publish_user_version("fn")
    died: list[bool] = []
    at_call(fake, 6, lambda: died.append(True), after=False, only_changes=True)
    publish_while_held(fake, 128)
    killed_run(fake, plan_for(fake, memory=(128, 1024), invocations=1, environments=1), died)
    function = LambdaFunction(fake_aws(fake), FunctionRef(name="fn"))
    journal = read_journal(function)
    assert journal is not None
    assert [note.code for note in undo(function, journal)] == ["trial-size-published"]


def test_a_version_of_the_owners_from_before_the_run_is_no_publication_of_a_trial_size() -> None:
    fake = make_fake()
    fake.functions["fn"].configuration["MemorySize"] = 128
    theirs = fake.publish_user_version("fn", alias="prod")
    fake.functions["fn"].configuration["MemorySize"] = 512
    run = tune(fake, plan_for(fake, memory=(128, 1024), invocations=1, environments=1))
    assert "trial-size-published" not in {a.code for a in run.advisories}
    assert f"fn:{theirs}" not in fake.executed


def test_restore_weeks_later_leaves_a_size_that_was_deployed_meanwhile() -> None:
    fake = make_fake()
    died: list[bool] = []
    at_call(fake, 4, lambda: died.append(True), after=False, only_changes=True)
    killed_run(fake, plan_for(fake, **RUNS["search"]), died)
    assert fake.functions["fn"].aliases
    fake.functions["fn"].configuration["MemorySize"] = 2048
    function = LambdaFunction(fake_aws(fake), FunctionRef(name="fn"))
    journal = read_journal(function)
    assert journal is not None
    (note,) = undo(function, journal)
    assert note.message == "$LATEST has 2048 MB, which somebody else has set; it was not changed"
    assert fake.functions["fn"].configuration["MemorySize"] == 2048


def test_the_journal_names_a_trial_size_before_it_is_set_and_only_while_it_may_be_held() -> None:
    fake = make_fake()
    function = LambdaFunction(fake_aws(fake), FunctionRef(name="fn"))
    seen: list[tuple[str, int, tuple[int, ...]]] = []

    def look(name: str, kwargs: dict[str, Any]) -> None:
        if name in ("update_function_configuration", "publish_version", "delete_alias"):
            fake.on_call = lambda name, kwargs: None
            journal = read_journal(function)
            assert journal is not None
            held = fake.functions["fn"].configuration["MemorySize"]
            seen.append((name, held, journal.trial_mb))
            if name == "update_function_configuration" and kwargs["MemorySize"] != 512:
                assert kwargs["MemorySize"] in journal.trial_mb
            if held != 512:
                assert held in journal.trial_mb
            fake.on_call = look

    fake.on_call = look
    tune(fake, plan_for(fake, memory=(128, 256), invocations=1, environments=1))
    assert [name for name, _, _ in seen].count("update_function_configuration") == 3
    assert seen[-1] == ("delete_alias", 512, ())


def test_a_run_whose_journal_is_gone_changes_nothing_any_more() -> None:
    fake = make_fake()

    def restore_by_somebody(name: str, kwargs: dict[str, Any]) -> None:
        if name == "update_function_configuration" and kwargs["MemorySize"] == 128:
            del fake.functions["fn"].aliases["powertune-journal"]

    fake.after_call = restore_by_somebody
    with pytest.raises(FunctionBusy, match="journal of run abcd1234 is no longer on fn"):
        tune(fake, plan_for(fake, memory=(128, 256)))
    assert fake.functions["fn"].configuration["MemorySize"] == 512


@pytest.mark.parametrize("kind", DEPLOYMENTS)
def test_a_deployment_between_update_and_publication_is_not_measured(kind: str) -> None:
    fake = make_fake()

    def before_publishing(name: str, kwargs: object) -> None:
        if name == "publish_version":
            fake.on_call = lambda name, kwargs: None
            deploy(fake, kind)

    fake.on_call = before_publishing
    with pytest.raises((FunctionBusy, NotRestored)):
        tune(fake, plan_for(fake, memory=(128,)))
    assert fake.invoked == []


def test_undo_leaves_the_lock_and_the_size_of_a_run_that_somebody_has_started_since() -> None:
    fake = make_fake()
    target, told = target_for(fake, plan_for(fake)), PublishingLog()
    target.open()
    target.publish(plan_for(fake).design.configurations, told)
    other = Journal(run_id="other123", started_at=2, memory_mb=512, code_sha256="sha-of-the-code", trial_mb=(1024,))
    fake.functions["fn"].aliases["powertune-journal"]["Description"] = other.encode()
    fake.functions["fn"].configuration["MemorySize"] = 1024
    target.undo()
    assert fake.functions["fn"].configuration["MemorySize"] == 1024
    assert fake.functions["fn"].aliases["powertune-journal"]["Description"] == other.encode()
    assert list(fake.functions["fn"].aliases) == ["powertune-journal"]
    assert fake.functions["fn"].versions == {}
    assert any("in use by another run" in advisory.message for advisory in target.advisories)


def test_a_run_whose_lock_another_run_has_taken_changes_nothing_any_more() -> None:
    fake = make_fake()
    other = Journal(run_id="other123", started_at=2, memory_mb=512)

    def take_over(name: str, kwargs: dict[str, Any]) -> None:
        if name == "update_function_configuration" and kwargs["MemorySize"] == 128:
            alias = fake.functions["fn"].aliases["powertune-journal"]
            alias |= {"Description": other.encode(), "RevisionId": str(uuid.uuid4())}

    fake.after_call = take_over
    with pytest.raises(FunctionBusy, match="no longer that of run abcd1234"):
        tune(fake, plan_for(fake, memory=(128, 256)))


def test_a_journal_whose_revision_alone_has_moved_is_still_ours() -> None:
    fake = make_fake()

    def move(name: str, kwargs: object) -> None:
        if name == "publish_version":
            fake.functions["fn"].aliases["powertune-journal"]["RevisionId"] = str(uuid.uuid4())

    fake.on_call = move
    run = tune(fake, plan_for(fake, memory=(128, 256)))
    assert {m.unmeasured for m in run.measurements} == {None}
    assert fake.functions["fn"].aliases == {}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"VpcConfig": {"SubnetIds": [], "SecurityGroupIds": [], "VpcId": ""}}, {}),
        ({"VpcConfig": {"SubnetIds": ["s"], "VpcId": "vpc-1"}}, {"VpcConfig": {"SubnetIds": ["s"], "VpcId": ""}}),
        ({}, {"VpcConfig": {"Ipv6AllowedForDualStack": False, "SubnetIds": []}}),
        ({"Environment": {"Error": {"Message": "a"}}}, {"Environment": {"Error": {"Message": "b"}}}),
        ({"Layers": []}, {}),
        ({"KMSKeyArn": ""}, {}),
    ],
)
def test_what_aws_fills_in_differently_is_no_deployment(before: dict[str, Any], after: dict[str, Any]) -> None:
    fake = make_fake()
    configuration = fake.functions["fn"].configuration
    configuration |= before
    plan = plan_for(fake)
    for key in before:
        del configuration[key]
    configuration |= after
    assert {m.unmeasured for m in tune(fake, plan).measurements} == {None}


def test_a_subnet_that_was_changed_is_a_deployment() -> None:
    fake = make_fake()
    fake.functions["fn"].configuration["VpcConfig"] = {"SubnetIds": ["a"], "VpcId": "vpc-1"}
    plan = plan_for(fake)
    fake.functions["fn"].configuration["VpcConfig"] = {"SubnetIds": ["b"], "VpcId": "vpc-1"}
    with pytest.raises(FunctionBusy, match="changed by somebody else"):
        tune(fake, plan)
