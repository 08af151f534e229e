"""What a rollback finds on the function, and what it leaves to whoever has deployed since."""

from typing import Any

import pytest
from applies import AFTER_MB, BEFORE_MB, Applying, in_effect, measured_function
from fakes import FakeLambda

from powertune.aws.journal import JOURNAL_ALIAS, Journal
from powertune.engine.applying.model import ApplyRequest
from powertune.engine.applying.rollback import plan_rollback
from powertune.errors import Changed, FunctionBusy, NotFound


def applied_function() -> FakeLambda:
    fake = measured_function()
    Applying(fake).apply()
    return fake


def steps(fake: FakeLambda) -> tuple[tuple[str, ...], tuple[str, ...]]:
    plan = plan_rollback(Applying(fake).function, "prod", "powertune restore fn")
    return plan.steps, plan.left


def test_it_says_what_it_puts_back() -> None:
    assert steps(applied_function()) == (
        ("alias prod leads to version 2, and gets version 1 back", "$LATEST has 1,024 MB, and gets 512 MB back"),
        (),
    )


def test_new_code_on_latest_keeps_its_size_and_the_alias_goes_back() -> None:
    fake = applied_function()
    fake.functions["fn"].configuration["CodeSha256"] = "new"
    assert steps(fake) == (
        ("alias prod leads to version 2, and gets version 1 back",),
        ("$LATEST has new code, and keeps its 1,024 MB",),
    )
    notes = [note.message for note in Applying(fake).roll_back()]
    assert in_effect(fake) == (AFTER_MB, "1", {}, "what everybody calls")
    assert notes[0] == "new code was deployed to $LATEST, which keeps its 1024 MB; before the apply it had 512 MB"


def test_an_alias_that_was_moved_since_is_left_and_latest_goes_back() -> None:
    fake = applied_function()
    function = fake.functions["fn"]
    function.versions["3"] = {**function.versions["2"], "Version": "3"}
    function.aliases["prod"]["FunctionVersion"] = "3"
    assert steps(fake)[1] == ("alias prod leads to version 3, which somebody else has set",)
    Applying(fake).roll_back()
    assert in_effect(fake) == (BEFORE_MB, "3", {}, "what everybody calls")


def test_after_a_whole_deployment_there_is_nothing_to_roll_back() -> None:
    fake = applied_function()
    function = fake.functions["fn"]
    function.configuration |= {"CodeSha256": "new", "MemorySize": 2048}
    function.versions["3"] = {**function.configuration, "Version": "3"}
    function.aliases["prod"]["FunctionVersion"] = "3"
    before = fake.snapshot("fn")
    with pytest.raises(
        Changed, match="nothing is left to roll back of apply feedbeef: alias prod leads to version 3"
    ):
        Applying(fake).roll_back()
    assert fake.snapshot("fn") == before


def test_a_version_that_is_gone_cannot_be_led_to_again() -> None:
    fake = applied_function()
    del fake.functions["fn"].versions["1"]
    notes = [note.message for note in Applying(fake).roll_back()]
    assert notes[0] == "alias prod still leads to version 2: version 1 no longer exists"
    assert in_effect(fake)[:2] == (BEFORE_MB, "2")


def test_nothing_was_applied() -> None:
    fake = measured_function()
    with pytest.raises(NotFound, match="powertune has applied nothing to fn:prod that could be rolled back"):
        Applying(fake).roll_back()
    with pytest.raises(NotFound) as caught:
        Applying(applied_function(), ApplyRequest()).roll_back()
    assert caught.value.hint == "to an alias, it has: powertune apply --rollback fn:prod"


def test_it_is_rolled_back_once() -> None:
    fake = applied_function()
    Applying(fake).roll_back()
    with pytest.raises(NotFound):
        Applying(fake).roll_back()


def test_what_a_run_or_another_apply_holds_is_left_to_it() -> None:
    fake = applied_function()
    journals: list[Journal] = [
        Journal(run_id="other123", started_at=1, memory_mb=256),
        Journal.decode(fake.functions["fn"].aliases["powertune-applied-prod"]["Description"]),
    ]
    for journal, asked in zip(journals, (ApplyRequest(alias="prod"), ApplyRequest()), strict=True):
        made: dict[str, Any] = {"Name": JOURNAL_ALIAS, "FunctionVersion": "$LATEST", "Description": journal.encode()}
        fake.create_alias(FunctionName="fn", **made)
        with pytest.raises(FunctionBusy, match=f"{journal.what} is active on fn, or has died on it"):
            Applying(fake, asked).roll_back()
        fake.delete_alias(FunctionName="fn", Name=JOURNAL_ALIAS)
    assert in_effect(fake)[:2] == (AFTER_MB, "2")


def test_the_note_of_an_apply_by_somebody_else_is_not_guessed_at() -> None:
    fake = applied_function()
    fake.functions["fn"].aliases["powertune-applied-prod"]["Description"] = "{}"
    with pytest.raises(FunctionBusy, match="does not say what was applied"):
        Applying(fake).roll_back()
