"""The stack of a scheduled scan against fakes: made beside the tuning stack, kept as it is, and deleted."""

import itertools

import pytest
from fake_stack_services import FakeStackServices, FakeWatcher

from powertune.aws.stacks.deployed_stack import StackState
from powertune.config.accounts import ScanAccount
from powertune.engine.deployment.artifacts import Artifacts
from powertune.engine.deployment.bundle import Bundle
from powertune.engine.deployment.deploying import StackDeployment, deploy
from powertune.engine.deployment.destroying import destroy
from powertune.engine.deployment.libraries import ON_AWS
from powertune.engine.deployment.scan_parameters import ScheduledScan
from powertune.engine.deployment.scan_stack import deploy_scan, is_scan_wanted, remove_scan
from powertune.engine.deployment.sources import Sources
from powertune.engine.deployment.stack_parameters import StackParameters
from powertune.errors import FunctionBusy, UsageError

ARTIFACTS = "powertune-artifacts-123456789012-us-east-1"
WEEKLY = ScheduledScan(schedule="rate(7 days)")
TOKENS = itertools.count()


def deploy_both(
    there: FakeStackServices, wanted: ScheduledScan, watcher: FakeWatcher | None = None
) -> StackState | None:
    """Deploy the tuning stack, then that of the scan."""
    artifacts = Artifacts(stack_name="powertune", bundle=Bundle({"handlers.py": b"code"}), definition=b"{}")
    tuning = StackDeployment(
        template="Resources: {}",
        artifacts=artifacts,
        worker=ON_AWS,
        parameters=StackParameters(name_prefix="tune"),
        artifact_bucket=None,
        tags={"team": "shop"},
        token=f"{next(TOKENS)}",
    )
    state = deploy(there.aws, tuning, FakeWatcher())
    assert state is not None
    sources = Sources(template="Resources: {Scan: {}}", definition=b"[]", handlers=b"")
    return deploy_scan(there.aws, tuning, state, sources, wanted, watcher or FakeWatcher())


def test_the_scan_is_a_second_stack_with_the_code_the_rules_and_the_bucket_of_the_first() -> None:
    there, watcher = FakeStackServices(), FakeWatcher()
    deploy_both(
        there, ScheduledScan(schedule="rate(7 days)", accounts=(ScanAccount(account_id="222222222222"),)), watcher
    )
    assert watcher.questions == ["create stack powertune-scan in us-east-1?"]
    tuning, scan = there.formation.stacks["powertune"], there.formation.stacks["powertune-scan"]
    assert scan.tags == [{"Key": "team", "Value": "shop"}]
    assert {name: scan.parameters[name] for name in ("ScheduleExpression", "ResultsBucket", "NamePrefix")} == {
        "ScheduleExpression": "rate(7 days)",
        "ResultsBucket": "powertune-resultsbucket-1",
        "NamePrefix": "tune",
    }
    assert (scan.parameters["CodeKey"], scan.parameters["ArtifactBucket"]) == (
        tuning.parameters["CodeKey"],
        ARTIFACTS,
    )
    assert set(there.buckets.buckets[ARTIFACTS]) == {
        tuning.parameters["CodeKey"],
        tuning.parameters["DefinitionKey"],
        scan.parameters["DefinitionKey"],
        scan.parameters["AccountsKey"],
    }
    assert all(key.startswith("powertune/powertune/") for key in there.buckets.buckets[ARTIFACTS])


def test_a_scan_is_wanted_where_there_is_one_or_a_schedule_is_given() -> None:
    there = FakeStackServices()
    assert is_scan_wanted(there.aws, "powertune", ScheduledScan()) is False
    assert is_scan_wanted(there.aws, "powertune", WEEKLY) is True
    with pytest.raises(UsageError, match="--scan-days is about a scan, and none is scheduled"):
        is_scan_wanted(there.aws, "powertune", ScheduledScan(days="7"))
    deploy_both(there, WEEKLY)
    assert is_scan_wanted(there.aws, "powertune", ScheduledScan()) is True
    assert is_scan_wanted(there.aws, "powertune", ScheduledScan(days="7")) is True
    assert is_scan_wanted(there.aws, "powertune", ScheduledScan(schedule="off")) is False


def test_an_update_keeps_what_is_not_given_again() -> None:
    there, watcher = FakeStackServices(), FakeWatcher()
    deploy_both(there, WEEKLY)
    deploy_both(there, ScheduledScan(days="30"), watcher)
    assert watcher.questions == ["update stack powertune-scan in us-east-1?"]
    parameters = there.formation.stacks["powertune-scan"].parameters
    assert (parameters["ScheduleExpression"], parameters["Days"]) == ("rate(7 days)", "30")


def test_off_deletes_the_scan_alone() -> None:
    there, watcher = FakeStackServices(), FakeWatcher()
    deploy_both(there, WEEKLY)
    assert remove_scan(there.aws, "powertune", FakeWatcher(False)) is False
    assert remove_scan(there.aws, "powertune", watcher) is True
    assert watcher.questions == ["delete stack powertune-scan in us-east-1? scans are kept"]
    assert set(there.formation.stacks) == {"powertune"}
    assert remove_scan(there.aws, "powertune", watcher) is True
    assert watcher.lines == ["no scan is scheduled: there is no stack powertune-scan"]


def test_a_scan_that_runs_is_neither_deleted_nor_changed() -> None:
    there = FakeStackServices()
    deploy_both(there, WEEKLY)
    there.machines.running = ["first"]
    with pytest.raises(FunctionBusy, match=r"1 execution of .* running: first"):
        remove_scan(there.aws, "powertune", FakeWatcher())
    with pytest.raises(FunctionBusy):
        destroy(there.aws, "powertune", FakeWatcher(), delete_results=True)
    assert set(there.formation.stacks) == {"powertune", "powertune-scan"}


def test_a_stack_of_somebody_else_is_not_taken_for_a_scan() -> None:
    there = FakeStackServices()
    there.formation.add("powertune-scan", "CREATE_COMPLETE", VpcId="vpc-1")
    with pytest.raises(UsageError, match="not one that powertune has made"):
        remove_scan(there.aws, "powertune", FakeWatcher())


def test_neither_of_the_two_stacks_is_taken_for_the_other() -> None:
    there = FakeStackServices()
    there.formation.add("powertune-scan", "CREATE_COMPLETE", CodeKey="c", DefinitionKey="d", FunctionPattern="*")
    for attempt in (lambda: deploy_both(there, WEEKLY), lambda: remove_scan(there.aws, "powertune", FakeWatcher())):
        with pytest.raises(UsageError, match="'powertune-scan' is one that tunes functions, not one that scans"):
            attempt()
    there = FakeStackServices()
    deploy_both(there, WEEKLY)
    with pytest.raises(UsageError, match="'powertune-scan' is one that scans on a schedule, not one that tunes"):
        destroy(there.aws, "powertune-scan", FakeWatcher(), delete_results=True)
    assert set(there.formation.stacks) == {"powertune", "powertune-scan"}


def test_destroying_deletes_both_stacks_and_all_that_was_uploaded() -> None:
    there, watcher = FakeStackServices(), FakeWatcher()
    deploy_both(there, ScheduledScan(schedule="rate(7 days)", accounts=(ScanAccount(account_id="222222222222"),)))
    there.buckets.buckets["powertune-resultsbucket-1"] = {"scans/scan-1.json": b"{}"}
    destroy(there.aws, "powertune", watcher, delete_results=True)
    assert watcher.questions == [
        "delete stack powertune and powertune-scan in us-east-1, and all results in powertune-resultsbucket-1?"
    ]
    assert (there.formation.stacks, there.buckets.buckets) == ({}, {})
