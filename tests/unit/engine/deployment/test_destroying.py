"""Destroying against fakes: what is deleted, what is kept, and when neither is touched."""

import json

import pytest
from fake_stack_services import FakeStackServices, FakeWatcher

from powertune.aws.journal import JOURNAL_ALIAS, Journal
from powertune.engine.deployment.destroying import Destroyed, destroy
from powertune.errors import FunctionBusy, NotFound, StackFailed, UsageError

ARTIFACTS, RESULTS = "powertune-artifacts-123456789012-us-east-1", "powertune-resultsbucket-1"
CODE = {
    "powertune/powertune/code-1.zip": b"",
    "powertune/powertune/code-2.zip": b"",
    "powertune/powertune/d.json": b"",
}


def deployed(bucket: str = ARTIFACTS) -> FakeStackServices:
    there = FakeStackServices()
    there.formation.add("powertune", "UPDATE_COMPLETE", ArtifactBucket=bucket, CodeKey="c", DefinitionKey="d")
    there.buckets.buckets = {bucket: dict(CODE), RESULTS: {"results/1.json": b"{}"}}
    return there


def test_the_results_are_kept_and_all_else_is_gone() -> None:
    there, watcher = deployed(), FakeWatcher()
    assert destroy(there.aws, "powertune", watcher, delete_results=False) == Destroyed(results_bucket=RESULTS)
    assert watcher.questions == [
        f"delete stack powertune in us-east-1? The results are kept in the bucket {RESULTS}."
    ]
    assert there.formation.stacks == {}
    assert there.buckets.buckets == {RESULTS: {"results/1.json": b"{}"}}
    assert [event.status for event in watcher.events] == ["DELETE_IN_PROGRESS", "DELETE_COMPLETE"]


def test_nothing_is_left_where_results_are_deleted_too() -> None:
    there, watcher = deployed(), FakeWatcher()
    assert destroy(there.aws, "powertune", watcher, delete_results=True) == Destroyed(results_bucket=None)
    assert watcher.questions == [f"delete stack powertune in us-east-1, and all results in {RESULTS}?"]
    assert there.buckets.buckets == {}


def test_what_others_keep_in_the_bucket_for_code_stays() -> None:
    there = deployed("mine")
    destroy(there.aws, "powertune", FakeWatcher(), delete_results=True)
    assert there.buckets.buckets == {"mine": {}}
    there = deployed()
    there.buckets.buckets[ARTIFACTS]["powertune/other/code.zip"] = b""
    destroy(there.aws, "powertune", FakeWatcher(), delete_results=True)
    assert there.buckets.buckets == {ARTIFACTS: {"powertune/other/code.zip": b""}}


def test_nothing_is_deleted_where_somebody_says_no() -> None:
    there = deployed()
    assert destroy(there.aws, "powertune", FakeWatcher(False), delete_results=True) is None
    assert set(there.formation.stacks) == {"powertune"}


def test_an_alias_that_only_looks_like_a_journal_waits_for_nothing() -> None:
    there = deployed()
    errand = {"schema": "powertune/errand/1", "function": "arn:aws:lambda:us-east-1:123456789012:function:fn"}
    there.buckets.buckets[RESULTS]["runs/0badcafe/errand.json"] = json.dumps(errand).encode()
    there.functions.add("fn")
    there.functions.create_alias(FunctionName="fn", Name=JOURNAL_ALIAS, FunctionVersion="$LATEST", Description="mine")
    assert destroy(there.aws, "powertune", FakeWatcher(), delete_results=False) is not None
    assert there.formation.stacks == {}


def test_a_machine_that_runs_is_left_alone() -> None:
    there = deployed()
    there.machines.running = ["first", "second"]
    with pytest.raises(FunctionBusy, match=r"2 executions of .* running: first, second"):
        destroy(there.aws, "powertune", FakeWatcher(), delete_results=False)
    assert set(there.formation.stacks) == {"powertune"}


def test_a_machine_is_kept_while_a_function_waits_to_be_restored() -> None:
    """As right after an execution was stopped: what restores the function would be deleted."""
    there = deployed()
    function = "arn:aws:lambda:us-east-1:123456789012:function:fn"
    errand = {"schema": "powertune/errand/1", "function": function}
    there.buckets.buckets[RESULTS] |= {
        "runs/0badcafe/errand.json": json.dumps(errand).encode(),
        "runs/11111111/errand.json": json.dumps(errand).encode(),
        "runs/11111111/restored": b"",
    }
    there.functions.add("fn")
    journal = Journal(run_id="0badcafe", started_at=1, memory_mb=256)
    there.functions.create_alias(
        FunctionName="fn", Name=JOURNAL_ALIAS, FunctionVersion="$LATEST", Description=journal.encode()
    )
    with pytest.raises(FunctionBusy, match="function:fn is not restored yet") as refused:
        destroy(there.aws, "powertune", FakeWatcher(), delete_results=True)
    assert f"powertune restore {function}" in (refused.value.hint or "")
    assert set(there.formation.stacks) == {"powertune"}
    there.functions.delete_alias(FunctionName="fn", Name=JOURNAL_ALIAS)
    assert destroy(there.aws, "powertune", FakeWatcher(), delete_results=True) is not None


def test_a_machine_that_is_gone_already_runs_nothing() -> None:
    there = deployed()
    there.machines.running = None
    assert destroy(there.aws, "powertune", FakeWatcher(), delete_results=False) is not None


def test_a_stack_that_does_not_exist_or_is_somebody_elses_is_said_so() -> None:
    there = FakeStackServices()
    with pytest.raises(NotFound, match="no stack 'powertune' in us-east-1"):
        destroy(there.aws, "powertune", FakeWatcher(), delete_results=True)
    there.formation.add("powertune", "CREATE_COMPLETE")
    with pytest.raises(UsageError, match="not one that powertune has made"):
        destroy(there.aws, "powertune", FakeWatcher(), delete_results=True)


def test_what_cannot_be_deleted_says_why() -> None:
    there = deployed()
    there.buckets.undeletable = "results/1.json"
    with pytest.raises(StackFailed, match=f"cannot delete s3://{RESULTS}/results/1.json: Access Denied"):
        destroy(there.aws, "powertune", FakeWatcher(), delete_results=True)
    there = deployed()
    there.formation.failure = "it is in use"
    with pytest.raises(StackFailed, match=r"could not be deleted: it is DELETE_FAILED: Made .*: it is in use"):
        destroy(there.aws, "powertune", FakeWatcher(), delete_results=True)
