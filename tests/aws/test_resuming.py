"""Another process continues a run on what the journal and the marks name; and nothing is left, whatever fails."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from fakes import FakeLambda, RecordingObserver, client_error, fake_aws
from hypothesis import given
from hypothesis import strategies as st
from runs import READING, PublishingLog, make_fake, plan_for, target_for, tune

from powertune import results
from powertune.aws.copies.lifecycle import copy_of, delete_copy, find_copies
from powertune.aws.journal import JOURNAL_ALIAS, Journal, read_journal
from powertune.aws.lambda_function import LambdaFunction
from powertune.aws.target import AwsTarget
from powertune.aws.undo import undo
from powertune.errors import FunctionBusy, NotRestored, PowertuneError, UsageError
from powertune.measure import gather, nothing_yet, play_turn, propose
from powertune.model import BETWEEN_BATCHES, Architecture, FunctionRef, TuningRun
from powertune.plan import Plan

KINDS: dict[str, dict[str, Any]] = {
    "in place": {},
    "both architectures": {"architectures": tuple(Architecture)},
    "isolated": {"isolate": True},
}


def process(fake: FakeLambda, plan: Plan, before: TuningRun | None) -> tuple[AwsTarget, TuningRun]:
    """One process takes the turns of one batch, with all that it knows from data: the plan, and what was measured."""
    target = target_for(fake, plan)
    if before is None:
        target.open()
        before = nothing_yet(plan)
    else:
        target.resume()
        before = results.parse(results.dump(before))
    clock: dict[str, Any] = {"clock": lambda: 0.0, "sleep": lambda seconds: None}
    run, turns = propose(plan, before)
    new = [turn.configuration for turn in turns if run.measurement(turn.configuration) is None]
    target.publish(new, PublishingLog())
    parts = [play_turn(plan, target, RecordingObserver(), run, turn, **clock) for turn in turns]
    return target, gather(plan, target, run, parts, **clock)[0]


def restore(fake: FakeLambda) -> None:
    """Undo from nothing but what is on AWS."""
    function = LambdaFunction(fake_aws(fake), FunctionRef(name="fn"))
    journal = read_journal(function)
    if journal is not None:
        assert undo(function, journal) == ()
    for copy in find_copies(function):
        assert delete_copy(copy_of(function, copy.name), function.ref, copy.run_id)


def die_at(fake: FakeLambda, at: int, *, lost: bool) -> None:
    """The process ends at a change: none of its calls gets through any more."""
    changes: Iterator[int] = count()
    dead: list[bool] = []

    def die(name: str, kwargs: object) -> None:
        if dead or (not name.startswith(READING) and next(changes) == at):
            dead.append(True)
            raise client_error("Killed", "the process is gone", 400)

    if lost:
        fake.after_call = die
    else:
        fake.on_call = die


def revive(fake: FakeLambda) -> None:
    fake.on_call = fake.after_call = lambda name, kwargs: None


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_a_run_in_many_processes_publishes_each_size_once_and_leaves_the_function_as_found(kind: str) -> None:
    fake, alone = make_fake(), make_fake()
    before, plan = fake.snapshot("fn"), plan_for(fake, **KINDS[kind])
    whole = tune(alone, plan_for(alone, **KINDS[kind]))
    target, run = process(fake, plan, None)
    processes = 1
    while run.stopped == BETWEEN_BATCHES:
        target, run = process(fake, plan, run)
        processes += 1
    target.undo()
    assert processes > 1
    assert run.stopped == "complete"
    assert fake.snapshot("fn") == before
    assert [len(m.invocations) for m in run.measurements] == [len(m.invocations) for m in whole.measurements]
    for name in ("publish_version", "create_alias", "create_function"):
        assert fake.calls.count(name) == alone.calls.count(name)


def test_what_was_published_and_not_yet_invoked_is_not_published_again() -> None:
    fake = make_fake()
    plan = plan_for(fake)
    first = target_for(fake, plan)
    first.open()
    first.publish(plan.design.configurations, PublishingLog())
    published = fake.calls.count("publish_version")
    second, told = target_for(fake, plan), PublishingLog()
    second.resume()
    second.publish(plan.design.configurations, told)
    assert {wait for wait in told.waits if wait.endswith("ready")} == {"128 ready", "1024 ready"}
    assert fake.calls.count("publish_version") == published
    for configuration in plan.design.configurations:
        assert second.invoke(configuration, b"{}", 0).memory_mb == configuration.memory_mb
    second.undo()


def small(kind: str) -> dict[str, Any]:
    """A run whose second batch has a size to publish: the first process ends before it has published all."""
    return {"memory": (128, 1024), "invocations": 2, "environments": 1, **KINDS[kind]}


@pytest.mark.long
@given(kind=st.sampled_from(sorted(KINDS)), first=st.integers(1, 12), second=st.integers(0, 14), lost=st.booleans())
def test_a_kill_at_any_change_before_and_after_resuming_is_undone_from_what_is_on_aws(
    kind: str, first: int, second: int, lost: bool
) -> None:
    fake = make_fake()
    before, plan = fake.snapshot("fn"), plan_for(fake, **small(kind))

    def publish(begin: Callable[[AwsTarget], None]) -> None:
        target = target_for(fake, plan)
        try:
            begin(target)
            target.publish(plan.design.configurations, PublishingLog())
        except PowertuneError:
            pass

    die_at(fake, first, lost=lost)
    publish(AwsTarget.open)
    revive(fake)
    die_at(fake, second, lost=lost)
    publish(AwsTarget.resume)
    revive(fake)
    restore(fake)
    assert fake.snapshot("fn") == before


@pytest.mark.long
@given(kind=st.sampled_from(sorted(KINDS)), first=st.integers(1, 12), lost=st.booleans())
def test_a_process_that_resumes_after_a_kill_at_any_change_undoes_all(kind: str, first: int, lost: bool) -> None:
    fake = make_fake()
    before, plan = fake.snapshot("fn"), plan_for(fake, **small(kind))
    die_at(fake, first, lost=lost)
    target = target_for(fake, plan)
    try:
        target.open()
        target.publish(plan.design.configurations, PublishingLog())
    except PowertuneError:
        pass
    revive(fake)
    target = target_for(fake, plan)
    target.resume()
    target.publish(plan.design.configurations, PublishingLog())
    for configuration in plan.design.configurations:
        assert target.invoke(configuration, b"{}", 0).memory_mb == configuration.memory_mb
    target.undo()
    assert fake.snapshot("fn") == before


def test_without_its_journal_a_run_does_not_go_on() -> None:
    fake = make_fake()
    plan = plan_for(fake)
    process(fake, plan, None)
    restore(fake)
    before = fake.snapshot("fn")
    with pytest.raises(FunctionBusy, match="the journal of run abcd1234 is no longer on fn") as caught:
        target_for(fake, plan).resume()
    assert caught.value.hint
    assert fake.snapshot("fn") == before


def test_on_the_journal_of_another_run_a_run_does_not_go_on_and_undoes_nothing() -> None:
    fake = make_fake()
    plan = plan_for(fake)
    another = Journal(run_id="0123abcd", started_at=1, memory_mb=256, code_sha256="sha-of-the-code").encode()
    fake.create_alias(FunctionName="fn", Name=JOURNAL_ALIAS, FunctionVersion="$LATEST", Description=another)
    before, target = fake.snapshot("fn"), target_for(fake, plan)
    with pytest.raises(FunctionBusy, match="no longer that of run abcd1234") as caught:
        target.resume()
    assert caught.value.hint
    target.undo()
    assert fake.snapshot("fn") == before


def test_new_code_under_a_trial_size_is_not_restored_and_says_so() -> None:
    fake = make_fake()
    plan = plan_for(fake)
    process(fake, plan, None)
    function = fake.functions["fn"]
    journal = read_journal(LambdaFunction(fake_aws(fake), FunctionRef(name="fn")))
    assert journal is not None
    described = replace(journal, trial_mb=(1024,)).encode()
    fake_aws(fake).clients.control.update_alias(FunctionName="fn", Name=JOURNAL_ALIAS, Description=described)
    function.configuration.update(MemorySize=1024, CodeSha256="deployed")
    with pytest.raises(NotRestored, match="while \\$LATEST had the trial size of 1024 MB"):
        target_for(fake, plan).resume()


def test_a_copy_that_is_gone_ends_the_run_with_a_reason() -> None:
    fake = make_fake()
    plan = plan_for(fake, isolate=True)
    _, run = process(fake, plan, None)
    (copy,) = [name for name in fake.functions if name != "fn"]
    del fake.functions[copy]
    target = target_for(fake, plan)
    target.resume()
    with pytest.raises(FunctionBusy, match="the copy of fn for x86_64 is gone"):
        target.invoke(plan.design.configurations[0], b"{}", 0)
    assert run.measurements


def test_a_journal_that_cannot_be_read_ends_it() -> None:
    fake = make_fake()
    plan = plan_for(fake)
    fake.create_alias(FunctionName="fn", Name=JOURNAL_ALIAS, FunctionVersion="$LATEST", Description="?")
    with pytest.raises(UsageError, match="not a journal"):
        target_for(fake, plan).resume()


@pytest.mark.parametrize("change", [{"CodeSha256": "new"}, {"Handler": "new.handler"}, {"MemorySize": 2048}])
def test_a_deployment_meanwhile_ends_it_and_stands_when_it_is_undone(change: dict[str, Any]) -> None:
    fake = make_fake()
    plan = plan_for(fake)
    _, run = process(fake, plan, None)
    fake.functions["fn"].configuration.update(change)
    target = target_for(fake, plan)
    with pytest.raises(FunctionBusy, match="changed by somebody else") as caught:
        target.resume()
    assert caught.value.hint
    target.undo()
    assert fake.functions["fn"].configuration.items() >= change.items()
    assert fake.functions["fn"].versions == fake.functions["fn"].aliases == {}
    assert run.stopped == BETWEEN_BATCHES
