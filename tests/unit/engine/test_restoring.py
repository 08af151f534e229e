"""What dead runs leave is found and undone."""

from typing import Any

import pytest
from fakes import FakeClock, FakeLambda, client_error, fake_aws
from runs import PublishingLog, make_fake, open_target, plan_for

from powertune.aws.journal import JOURNAL_ALIAS, read_journal
from powertune.aws.lambda_function import LambdaFunction
from powertune.aws.target import AwsTarget
from powertune.engine.restoring import find_remains, restore
from powertune.errors import NotFound, NotRestored, UsageError
from powertune.model import FunctionRef

COMMAND = "powertune restore fn"


def function_of(fake: FakeLambda, name: str = "fn") -> LambdaFunction:
    return LambdaFunction(fake_aws(fake), FunctionRef(name=name))


@pytest.fixture
def dead() -> FakeLambda:
    """A function on which a run has died that had taken the lock and published one size."""
    fake = make_fake()
    open_target(fake, FakeClock())
    return fake


def test_a_dead_run_is_undone(dead: FakeLambda) -> None:
    remains = find_remains(function_of(dead))
    assert remains.journal is not None
    assert remains.journal.run_id == "abcd1234"
    restored = restore(function_of(dead), remains.journal, COMMAND, copies=remains.unnamed)
    assert (restored.notes, restored.kept) == ((), ())
    assert dead.functions["fn"].configuration["MemorySize"] == 512
    assert read_journal(function_of(dead)) is None
    assert find_remains(function_of(dead)).journal is None


def test_a_journal_is_found_by_who_may_not_list_functions(dead: FakeLambda) -> None:
    def deny(name: str, kwargs: Any) -> None:
        if name == "list_functions":
            raise client_error("AccessDeniedException", "not for you")

    dead.on_call = deny
    remains = find_remains(function_of(dead))
    assert remains.denied is not None
    assert "lambda:ListFunctions" in remains.denied
    assert remains.journal is not None


def test_copies_are_found_beside_an_alias_that_powertune_has_not_written() -> None:
    fake = make_fake()
    plan = plan_for(fake, isolate=True)
    target = AwsTarget(fake_aws(fake), plan, restore_command=COMMAND, clock=FakeClock())
    target.open()
    target.publish(plan.design.configurations, PublishingLog())
    fake.create_alias(FunctionName="fn", Name=JOURNAL_ALIAS, FunctionVersion="$LATEST", Description="mine")
    remains = find_remains(function_of(fake))
    assert remains.journal is None
    assert [copy.name for copy in remains.unnamed] == ["fn-powertune-abcd1234"]
    assert remains.unreadable is not None
    restored = restore(function_of(fake), None, COMMAND, copies=remains.unnamed)
    assert (restored.kept, list(fake.functions)) == ((), ["fn"])
    with pytest.raises(UsageError, match="is not a journal: 'mine'"):
        find_remains(function_of(fake))


def test_a_function_that_is_not_there_has_left_nothing() -> None:
    with pytest.raises(NotFound):
        find_remains(function_of(make_fake(), "other"))


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (client_error("AccessDeniedException", "no"), "fn is not restored: "),
        (KeyboardInterrupt(), "fn is not restored: it was abandoned"),
    ],
)
def test_what_keeps_a_function_from_being_restored_names_the_command(
    dead: FakeLambda, error: BaseException, message: str
) -> None:
    journal = find_remains(function_of(dead)).journal

    def fail(name: str, kwargs: Any) -> None:
        if name == "update_function_configuration":
            raise error

    dead.on_call = fail
    with pytest.raises(NotRestored, match=message) as caught:
        restore(function_of(dead), journal, COMMAND)
    assert COMMAND in (caught.value.hint or "")
