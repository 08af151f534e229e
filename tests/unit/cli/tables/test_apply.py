"""What a person reads before and after an apply, and before a rollback."""

from dataclasses import replace

from applies import ROLLBACK, Applying, canary, measured_function, traffic

from powertune.cli.tables.apply import apply_text, done_text, rollback_text
from powertune.engine.applying.applier import AppliedConfiguration
from powertune.engine.applying.canary import CanaryJudgement, CanaryVerdict
from powertune.engine.applying.model import ApplyPlan, ApplyRequest
from powertune.engine.applying.rollback import RollbackPlan, plan_rollback
from powertune.model import Architecture, Configuration

CHOSEN = Configuration(memory_mb=1024, architecture=Architecture.X86_64)


def plan_of(asked: ApplyRequest) -> ApplyPlan:
    fake = measured_function()
    traffic(fake, "1", invocations=10)
    plan = Applying(fake, asked).plan()
    assert plan is not None
    return plan


def test_a_canary_is_shown_with_what_it_is_rolled_back_for() -> None:
    assert apply_text(plan_of(canary(ApplyRequest(alias="prod"))), ROLLBACK) == (
        "fn:prod in us-east-1: from 512 MB x86_64 to 1024 MB x86_64, recommended by run 0a1b2c3d\n"
        "  $LATEST   gets 1024 MB x86_64, and keeps it\n"
        "  version   a new one is published\n"
        "  alias     prod is moved from version 1 to it\n"
        "  canary    gets 10 % of the invocations for 10 min 00 s; rolled back if it fails more often, if its p95 is "
        "more than 10 % longer, or if there are fewer than 100 invocations to tell\n"
        "  time      up to 14 min 30 s, until CloudWatch shows the last invocations of the watch\n"
        "  undo      powertune apply --rollback fn:prod\n"
        "  note      the next deployment puts 512 MB x86_64 back if the function's definition says so; change it "
        "there as well\n"
    )


def test_a_share_is_shown_as_it_was_given() -> None:
    asked = canary(ApplyRequest(alias="prod"))
    assert asked.canary is not None
    plan = plan_of(replace(asked, canary=replace(asked.canary, share=0.1055)))
    assert "gets 10.55 % of the invocations" in apply_text(plan, ROLLBACK)


def test_lines_are_broken_for_a_terminal_and_texts_of_others_do_not_steer_it() -> None:
    plan = replace(plan_of(ApplyRequest(alias="prod")), run_id="\x1b[31mred")
    text = apply_text(plan, ROLLBACK, width=60)
    assert max(map(len, text.splitlines())) <= 60
    assert "\x1b" not in text


def test_what_latest_has_already_and_what_a_person_has_chosen_is_said() -> None:
    plan = plan_of(ApplyRequest(memory_mb=1024))
    assert "chosen by --memory; run 0a1b2c3d" in apply_text(plan, ROLLBACK)
    there = replace(
        plan, latest=replace(plan.latest, configuration={**plan.latest.configuration, "MemorySize": 1024})
    )
    assert "$LATEST   has 1024 MB x86_64 already" in apply_text(there, ROLLBACK)


def test_the_end_says_what_is_in_effect_and_how_to_undo_it() -> None:
    judged = CanaryJudgement(verdict=CanaryVerdict.HEALTHY, why="0 of 400 failed")
    done = AppliedConfiguration(chosen=CHOSEN, version="2", judgement=judged)
    assert done_text(plan_of(ApplyRequest(alias="prod")), done, ROLLBACK) == (
        "0 of 400 failed\n"
        "fn has 1024 MB x86_64, and alias prod leads to version 2\n"
        "to undo it: powertune apply --rollback fn:prod"
    )
    assert done_text(plan_of(ApplyRequest()), AppliedConfiguration(chosen=CHOSEN), ROLLBACK).startswith(
        "fn has 1024 MB x86_64\n"
    )


def test_a_rollback_is_shown_with_what_it_leaves() -> None:
    fake = measured_function()
    Applying(fake).apply()
    fake.functions["fn"].configuration["CodeSha256"] = "new"
    plan: RollbackPlan = plan_rollback(Applying(fake).function, "prod", "")
    assert rollback_text("fn:prod", plan) == (
        "fn:prod: rolling back apply feedbeef, which is in effect\n"
        "  alias prod leads to version 2, and gets version 1 back\n"
        "  not changed: $LATEST has new code, and keeps its 1,024 MB\n"
    )
    assert "which has not ended" in rollback_text("fn:prod", replace(plan, locked=True))
