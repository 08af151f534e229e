import uuid
from collections.abc import Callable
from typing import Any

import pytest
from fakes import FakeClock, FakeLambda, client_error, fake_aws
from hypothesis import given
from hypothesis import strategies as st

from powertune.aws.journal import JOURNAL_ALIAS, Journal, read_journal
from powertune.aws.lambda_function import LambdaFunction
from powertune.aws.undo import undo
from powertune.errors import AccessDenied, FunctionBusy
from powertune.model import FunctionRef

JOURNAL = Journal(
    run_id="abcd1234", started_at=1, memory_mb=512, code_sha256="sha-of-the-code", trial_mb=(128, 256, 1024)
)
REF = FunctionRef(name="fn")


def function_with(fake: FakeLambda) -> LambdaFunction:
    return LambdaFunction(fake_aws(fake), REF)


def start_run(fake: FakeLambda, *, steps: int) -> None:
    """What a run does, cut after a number of changes."""
    lambda_function: dict[str, Any] = {"FunctionName": "fn"}
    journal = {"Name": JOURNAL_ALIAS, "FunctionVersion": "$LATEST", "Description": JOURNAL.encode()}
    changes: list[tuple[Callable[..., Any], dict[str, Any]]] = [(fake.create_alias, journal)]
    for number, memory_mb in enumerate((128, 256, 1024), start=fake.functions["fn"].published + 1):
        alias = {"Name": JOURNAL.alias(memory_mb), "FunctionVersion": str(number), "Description": ""}
        changes += [
            (fake.update_function_configuration, {"MemorySize": memory_mb}),
            (fake.publish_version, {"Description": JOURNAL.mark}),
            (fake.create_alias, alias),
        ]
    for change, arguments in changes[:steps]:
        change(**lambda_function, **arguments)


@pytest.mark.long
@given(
    steps=st.integers(1, 10),
    user_versions=st.integers(0, 3),
    interruptions=st.lists(st.integers(1, 30), max_size=3),
)
def test_undo_gives_back_what_was_there_whenever_the_run_died_and_however_often_undo_did(
    steps: int, user_versions: int, interruptions: list[int]
) -> None:
    fake = FakeLambda()
    fake.add("fn", memory_mb=512)
    for number in range(user_versions):
        fake.publish_user_version("fn", alias=f"theirs-{number}")
    before = fake.snapshot("fn")
    start_run(fake, steps=steps)
    for calls in interruptions:
        left = iter(range(calls))

        def die(name: str, kwargs: object, left: object = left) -> None:
            if next(left, None) is None:  # type: ignore[call-overload]
                raise KeyboardInterrupt

        fake.on_call = die
        try:
            journal = read_journal(function_with(fake))
            if journal:
                undo(function_with(fake), journal)
        except KeyboardInterrupt:
            pass
    fake.on_call = lambda name, kwargs: None
    journal = read_journal(function_with(fake))
    assert journal == JOURNAL or fake.snapshot("fn") == before
    if journal:
        assert undo(function_with(fake), journal) == ()
    assert fake.snapshot("fn") == before
    assert read_journal(function_with(fake)) is None


def test_a_version_without_our_mark_is_never_deleted() -> None:
    fake = FakeLambda()
    fake.add("fn", memory_mb=512)
    number = fake.publish_user_version("fn")
    fake.create_alias(FunctionName="fn", Name=JOURNAL.alias(512), FunctionVersion=number, Description="")
    undo(function_with(fake), JOURNAL)
    assert list(fake.functions["fn"].versions) == [number]
    assert fake.functions["fn"].aliases == {}


def test_a_version_that_a_foreign_alias_points_at_is_kept_and_said() -> None:
    fake = FakeLambda()
    fake.add("fn", memory_mb=512)
    start_run(fake, steps=4)
    fake.create_alias(FunctionName="fn", Name="prod", FunctionVersion="1", Description="")
    (note,) = undo(function_with(fake), JOURNAL)
    assert note.message == "version 1 is kept: alias prod points at it"
    assert list(fake.functions["fn"].aliases) == ["prod"]


def test_a_size_that_somebody_else_has_set_is_left_alone() -> None:
    fake = FakeLambda()
    fake.add("fn", memory_mb=777)
    (note,) = undo(function_with(fake), JOURNAL)
    assert "777 MB, which somebody else has set" in note.message
    assert fake.functions["fn"].configuration["MemorySize"] == 777


def test_undo_waits_for_an_update_under_way_and_reads_the_result_back() -> None:
    clock = FakeClock()
    fake = FakeLambda(clock=clock, update_s=1.0)
    fake.add("fn", memory_mb=512)
    fake.update_function_configuration(FunctionName="fn", MemorySize=1024)
    undo(LambdaFunction(fake_aws(fake, clock=clock), REF), JOURNAL)
    assert fake.functions["fn"].configuration["MemorySize"] == 512
    assert fake.calls.count("get_function") > 5


def test_a_function_that_is_gone_needs_no_undoing() -> None:
    (note,) = undo(function_with(FakeLambda()), JOURNAL)
    assert note.message == "function fn no longer exists"


def test_somebody_who_keeps_deploying() -> None:
    fake = FakeLambda()
    fake.add("fn", memory_mb=128)

    def deploy(name: str, kwargs: object) -> None:
        if name == "update_function_configuration":
            fake.functions["fn"].configuration["RevisionId"] = str(uuid.uuid4())

    fake.on_call = deploy
    with pytest.raises(FunctionBusy, match="keeps being changed"):
        undo(function_with(fake), JOURNAL)


def test_a_refusal_names_the_action() -> None:
    fake = FakeLambda()
    fake.add("fn", memory_mb=128)

    def deny(name: str, kwargs: object) -> None:
        if name == "list_aliases":
            raise client_error("AccessDeniedException", "User is not authorized", 403)

    fake.on_call = deny
    with pytest.raises(AccessDenied, match="lambda:ListAliases"):
        undo(function_with(fake), JOURNAL)


def test_a_trial_update_that_failed_is_undone_all_the_same() -> None:
    fake = FakeLambda()
    fake.add("fn", memory_mb=512)
    before = fake.snapshot("fn")
    start_run(fake, steps=3)
    status = {"LastUpdateStatus": "Failed", "LastUpdateStatusReason": "no network interface"}
    fake.functions["fn"].configuration |= status
    assert undo(function_with(fake), JOURNAL) == ()
    fake.functions["fn"].configuration["LastUpdateStatus"] = "Successful"
    del fake.functions["fn"].configuration["LastUpdateStatusReason"]
    assert fake.snapshot("fn") == before


def test_a_version_whose_snapshot_is_still_being_taken_is_waited_for() -> None:
    fake = FakeLambda()
    fake.add("fn", memory_mb=512)
    before = fake.snapshot("fn")
    start_run(fake, steps=4)
    fake.functions["fn"].versions["1"]["State"] = "Pending"
    looks = iter(range(3))

    def finish(name: str, kwargs: dict[str, Any]) -> None:
        if name == "get_function" and kwargs.get("Qualifier") == "1" and next(looks, None) is None:
            fake.functions["fn"].versions["1"]["State"] = "Active"
        if name == "delete_function":
            assert fake.functions["fn"].versions["1"]["State"] == "Active"

    fake.on_call = finish
    assert undo(function_with(fake), JOURNAL) == ()
    assert fake.snapshot("fn") == before


def test_a_new_revision_without_a_change_is_no_deployment() -> None:
    fake = FakeLambda()
    fake.add("fn", memory_mb=128)
    moved = iter([True])

    def move(name: str, kwargs: object) -> None:
        if name == "update_function_configuration" and next(moved, False):
            fake.functions["fn"].configuration["RevisionId"] = str(uuid.uuid4())

    fake.on_call = move
    assert undo(function_with(fake), JOURNAL) == ()
    assert fake.functions["fn"].configuration["MemorySize"] == 512
