"""An account of 40 functions whose waste is known: a scan finds exactly that, at the prices of the list."""

import contextlib
import json
import os
import re
import shlex
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from client_monitor import Monitor, client_monitor
from factories import make_function, make_measurement, make_run
from planted_account import ACCOUNT, REGION, PlantedAccount, PlantedFunction
from planted_waste import (
    ARM,
    BY_NAME,
    DAYS,
    FUNCTIONS,
    INGESTED,
    MONTH_S,
    PROVISIONED,
    REQUEST,
    RUNNING,
    SNAPSHOT,
    STORED,
    expected_dollars,
    failing_dollars,
    gb_seconds,
    init_gb_seconds,
    price,
)

from powertune import results
from powertune.aws.actions import ACTIONS, SCAN_METHODS
from powertune.aws.scan_policy import ScanGrant, scan_policy
from powertune.cli.app import run_app
from powertune.local.embedded import EmbeddedAWS
from powertune.local.settings import Settings
from powertune.model import Architecture
from powertune.scan.rule_table import RULES
from powertune.units import format_usd

pytestmark = pytest.mark.long

COST_PARTS = {
    *("compute", "requests", "init", "ephemeral_storage", "provisioned", "snapstart", "log_ingestion", "log_storage"),
}


@dataclass(frozen=True, kw_only=True)
class Planted:
    """The account, the first scan of it, and what that has called."""

    account: PlantedAccount
    folder: Path
    first: dict[str, Any]
    calls: tuple[str, ...]


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planted]:
    """An embedded AWS of its own: what other tests leave behind would be found."""
    folder = tmp_path_factory.mktemp("planted")
    with pytest.MonkeyPatch.context() as patch, EmbeddedAWS(Settings(tell_disturbed=False)) as aws:
        for name in [name for name in os.environ if name.startswith(("AWS_", "POWERTUNE_"))]:
            patch.delenv(name)
        for name, value in aws.environment.items():
            patch.setenv(name, value)
        patch.chdir(folder)
        account = PlantedAccount(aws)
        account.plant(FUNCTIONS)
        tune_before(folder / "powertune-results")
        with client_monitor() as monitor:
            first, calls = scan_elsewhere(folder / "first.json", monitor), monitor.calls()
        yield Planted(account=account, folder=folder, first=first, calls=calls)


def tune_before(folder: Path) -> None:
    """Runs of before: one function was twice as fast, and of the other, half of the memory was recommended."""
    folder.mkdir()
    before = time.time() - 40 * 86_400
    arm = Architecture.ARM64
    fast = make_measurement(memory_mb=1024, architecture=arm, durations=[50.0] * 30, lanes=5)
    small = make_measurement(memory_mb=512, architecture=arm, durations=[110.0] * 30, lanes=5)
    usual = make_measurement(memory_mb=1024, architecture=arm, durations=[100.0] * 30, lanes=5)
    for name, measurements in (("slower-than-tuned", [fast]), ("not-as-tuned", [small, usual])):
        function = make_function(name=name, arn=BY_NAME[name].arn, memory_mb=1024, architecture=arm)
        results.save(
            make_run(measurements=measurements, function=function, started_at=before, finished_at=before + 60),
            folder / f"{name}.json",
        )


def scan_elsewhere(path: Path, monitor: Monitor) -> dict[str, Any]:
    """Scan by the command in a process of its own, which tells the monitor what it calls."""
    run_monitored(["--format", "json", "-o", str(path)], monitor)
    document: dict[str, Any] = json.loads(path.read_text())
    return document


def run_monitored(options: Sequence[str], monitor: Monitor) -> str:
    """Run the command in a process of its own; returns what it says on stderr."""
    command = [sys.executable, "-m", "powertune", "scan", "--rate", "1000", *options]
    environment = {**os.environ, **monitor.environment}
    return subprocess.run(command, env=environment, check=True, stderr=subprocess.PIPE, text=True).stderr


def found_dollars(document: dict[str, Any]) -> dict[tuple[str, str], float | None]:
    """The findings by rule and name, with what they would save."""
    return {
        (each["rule"], each["name"]): None if each["saving"] is None else each["saving"]["expected"]
        for each in document["findings"]
    }


def test_all_that_was_planted_is_found_and_nothing_else(planted: Planted) -> None:
    assert len(FUNCTIONS) == 40
    found, expected = found_dollars(planted.first), expected_dollars()
    assert len(planted.first["findings"]) == len(found)
    assert sorted(found) == sorted(expected)
    assert {rule for rule, _ in found} == {rule.id for rule in RULES}
    for key, dollars in expected.items():
        assert found[key] == (None if dollars is None else pytest.approx(dollars, rel=0.01)), key


def test_what_it_costs_is_what_the_price_list_says(planted: Planted) -> None:
    costs = {each["name"]: each["cost"] for each in planted.first["functions"]}
    assert len(costs) == 40
    for planted_function in FUNCTIONS:
        name, cost = planted_function.name, costs[planted_function.name]
        daily = sum(count for _, count in planted_function.durations)
        requests = 30 * daily + 30 / DAYS * sum(count for _, count in planted_function.once)
        # All its invocations run on what is provisioned.
        on_demand = 0.0 if name == "kept-too-warm" else gb_seconds(name) * price(name)
        assert cost["requests"] == pytest.approx(requests * REQUEST), name
        assert cost["compute"] == pytest.approx(on_demand), name
        assert cost["init"] == pytest.approx(init_gb_seconds(name) * price(name)), name
        assert cost["log_ingestion"] == pytest.approx(30 * ingested_gib(planted_function) * INGESTED, rel=1e-6), name
    assert costs["kept-warm-for-nobody"]["provisioned"] == pytest.approx(2 * MONTH_S * PROVISIONED)
    running = gb_seconds("kept-too-warm") * RUNNING
    assert costs["kept-too-warm"]["provisioned"] == pytest.approx(4 * MONTH_S * PROVISIONED + running)
    assert costs["old-snapshots"]["snapstart"] == pytest.approx(4 * MONTH_S * SNAPSHOT)
    assert costs["sharing-a"]["log_storage"] == costs["sharing-b"]["log_storage"] == pytest.approx(5 * STORED)


def ingested_gib(planted_function: PlantedFunction) -> float:
    """What it writes to its log group a day; none of the shared one."""
    return 0.0 if planted_function.logs is None else planted_function.logs.daily_gib


def test_totals_add_up(planted: Planted) -> None:
    """One function has two findings about the same money, of which only the larger one counts; by rule both do."""
    (totals,) = planted.first["totals"]
    expected = {key: dollars or 0.0 for key, dollars in expected_dollars().items()}
    overlapping = [dollars for (_, name), dollars in expected.items() if name == "roomy-by-reports"]
    assert len(overlapping) == 2
    whole = sum(expected.values()) - min(overlapping)
    cost = sum(
        sum(part for name, part in each["cost"].items() if name in COST_PARTS) for each in planted.first["functions"]
    )
    assert (totals["currency"], totals["functions"], totals["findings"]) == ("USD", 40, len(expected))
    # The log group without retention is 300 days old, and by now a part of a day more.
    assert totals["saving"]["expected"] == pytest.approx(whole, rel=0.0001)
    assert totals["cost"] == pytest.approx(cost)
    for groups, key in (("by_account", ACCOUNT), ("by_region", REGION)):
        (only,) = totals[groups]
        assert (only["key"], only["findings"], only["cost"]) == (key, len(expected), totals["cost"])
        assert only["saving"] == totals["saving"]
    assert {each["key"]: (each["findings"], each["saving"]["expected"]) for each in totals["by_rule"]} == {
        rule.id: (
            sum(found == rule.id for found, _ in expected),
            pytest.approx(sum(dollars for (found, _), dollars in expected.items() if found == rule.id), rel=0.001),
        )
        for rule in RULES
    }
    # A million requests, and 400,000 GB-seconds at the average price of those without provisioned concurrency.
    free = [name for name, each in BY_NAME.items() if each.provisioned is None]
    used = {name: gb_seconds(name) + init_gb_seconds(name) for name in free}
    average = sum(gb * price(name) for name, gb in used.items()) / sum(used.values())
    assert totals["free_tier"] == pytest.approx(1_000_000 * REQUEST + 400_000 * average)


def test_nothing_but_what_the_printed_policy_allows_is_called(planted: Planted) -> None:
    allowed = {action for each in scan_policy(ScanGrant())["Statement"] for action in each["Action"]}
    called = Counter(planted.calls)
    # AWS tells everybody who they are.
    assert called.pop("sts:GetCallerIdentity") == 1
    assert set(called) <= allowed
    # All that a scan may read of a place was needed here, and nobody else has called anything.
    assert set(called) == {ACTIONS[method].name for method in SCAN_METHODS}
    assert called == {ACTIONS[method].name: count for method, count in planted.first["effort"]["calls"]}


def test_an_organization_is_scanned_with_the_printed_policy_too(planted: Planted) -> None:
    """All of it: the accounts, their regions and roles, what it would cost, and the bill."""
    everything = ["--organization", "--regions", "all"]
    with contextlib.closing(boto3.Session().client("organizations")) as organizations:
        organizations.create_organization(FeatureSet="ALL")
        organizations.create_account(AccountName="orders", Email="orders@example.com")
    with client_monitor() as monitor:
        run_monitored([*everything, "--dry-run"], monitor)
        kept = ["--scans", "organization-scans", "-o", "organization.json", "--quiet"]
        said = run_monitored([*everything, *kept, "--reconcile"], monitor)
        called = set(monitor.calls())
    document = json.loads(Path("organization.json").read_text())
    assert {each["place"]["account_name"] for each in document["places"]} == {"master", "orders"}
    assert findings_of(document, "master") == findings_of(planted.first, "")
    # The embedded AWS sends no bills.
    assert said.splitlines() == [
        "Cost Explorer knows no cost of Lambda in these days",
        "Cost Explorer charges $0.01 for 1 request",
    ]
    grant = ScanGrant(organization=True, reconcile=True)
    allowed = {action for each in scan_policy(grant)["Statement"] for action in each["Action"]}
    assert called - {"sts:GetCallerIdentity"} <= allowed
    # What it takes besides what one region takes.
    assert called - set(planted.calls) == {
        "account:ListRegions",
        "ce:GetCostAndUsage",
        "lambda:GetAccountSettings",
        "organizations:ListAccounts",
        "sts:AssumeRole",
    }


def findings_of(document: dict[str, Any], account_name: str) -> set[tuple[str, str]]:
    """Those of one account, by rule and name."""
    return {
        (each["rule"], each["name"]) for each in document["findings"] if each["place"]["account_name"] == account_name
    }


def test_nothing_remains_unread(planted: Planted) -> None:
    assert planted.first["gaps"] == []
    sources = {fact["source"] for each in planted.first["findings"] for fact in each["facts"]}
    assert {"Compute Optimizer", "Lambda Insights", "Logs Insights"} <= sources


def test_findings_name_their_evidence(planted: Planted) -> None:
    facts = {
        (each["rule"], each["name"]): {(fact["source"], fact["text"]) for fact in each["facts"]}
        for each in planted.first["findings"]
    }
    queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:idle-with-triggers-queue"
    for key, source, text in (
        (
            ("idle-function", "idle-with-triggers"),
            "configuration",
            f"it can be invoked by an event source mapping of {queue}, a policy for events.amazonaws.com",
        ),
        (
            ("memory-oversized", "roomy"),
            "Compute Optimizer",
            "used at most 100 MB of 1,024 MB (9.8 %) in 1,400,000 invocations",
        ),
        (
            ("memory-oversized", "roomy-by-insights"),
            "Lambda Insights",
            "used at most 100 MB of 1,024 MB (9.8 %) in 1,400,000 invocations",
        ),
        (
            ("memory-oversized", "roomy-by-reports"),
            "Logs Insights",
            "used at most 100 MB of 1,024 MB (9.8 %) in 20 invocations",
        ),
        (
            ("failing-invocations", "failing"),
            "CloudWatch metrics",
            # 150,000 errors a month; none of them took longer than 100 ms, as nothing did.
            f"they cost about {format_usd(failing_dollars())} a month, from {format_usd(150_000 * REQUEST)} to "
            f"{format_usd(failing_dollars())}, as how long they took is not known",
        ),
        (("timeouts-billed", "hanging"), "Logs Insights", "6 timeouts in 26 reports of 14 days"),
        (
            ("log-retention", "/shared/logs"),
            "configuration",
            "written by sharing-a, sharing-b",
        ),
    ):
        assert (source, text) in facts[key], facts[key]


def test_commands_of_next_steps_name_their_target_and_region(planted: Planted) -> None:
    """Whoever pastes one changes what was found, whatever the default region or account is."""
    pasted = []
    for each in planted.first["findings"]:
        text, name = each["next_step"], each["name"].rsplit("/")[-1]
        name = "twin-[ab]" if each["rule"] == "twins" else name
        target = re.compile(rf"(arn:aws:lambda:{REGION}:{ACCOUNT}:function:|/aws/lambda/|/shared/){name}(:VERSION)?")
        for command in [text] if "`" not in text else text.split("`")[1::2]:
            words = shlex.split(command)
            if words[:2] == ["powertune", "apply"]:
                # The results file knows the function, with its region and account.
                pasted.append(each["rule"])
                assert words[2].endswith(".json"), text
                assert words[-2:] == ["--region", REGION], text
            if words[:2] in (["aws", "lambda"], ["aws", "logs"], ["powertune", "run"]):
                pasted.append(each["rule"])
                assert words[-2:] == ["--region", REGION], text
                assert words[2] == "get-account-settings" or any(map(target.fullmatch, words)), text
    assert set(pasted) == {rule.id for rule in RULES} - {"provisioned-missing"}


def test_the_next_scan_says_what_has_changed_and_nothing_else(
    planted: Planted, capfd: pytest.CaptureFixture[str]
) -> None:
    with contextlib.closing(boto3.Session().client("logs")) as logs:
        logs.put_retention_policy(logGroupName="/aws/lambda/forgetful", retentionInDays=30)
    planted.account.throttle("clean", daily=1_000)
    planted.account.ingest("/aws/lambda/chatty", daily_gib=2)
    # Scans are told apart by the second.
    while int(time.time()) <= int(planted.first["scanned_at"]):
        time.sleep(0.05)

    assert run_app(["scan", "--format", "json", "--quiet", "--rate", "1000"]) == 0

    second = json.loads(capfd.readouterr().out)
    changes = second["since_last_scan"]
    assert changes["since"] == planted.first["scanned_at"]
    named = {kind: [(each["rule"], each["name"]) for each in changes[kind]] for kind in ("new", "fixed", "unseen")}
    assert named == {
        "new": [("throttled", "clean")],
        "fixed": [("log-retention", "/aws/lambda/forgetful")],
        "unseen": [],
    }
    (changed,) = changes["changed"]
    assert (changed["after"]["rule"], changed["after"]["name"]) == ("log-cost", "/aws/lambda/chatty")
    assert changed["before"]["saving"]["expected"] == pytest.approx(30 * INGESTED / 2)
    assert changed["after"]["saving"]["expected"] == pytest.approx(2 * 30 * INGESTED / 2)
    assert changes["appeared"] == changes["vanished"] == []
    assert [each["scanned_at"] for each in second["trend"]] == [planted.first["scanned_at"], second["scanned_at"]]
    before, after = (each["saving"]["expected"] for each in second["trend"])
    # The log group is 300 days old, and by now a part of a day more.
    assert after - before == pytest.approx(30 * INGESTED / 2 - 50 * STORED * (1 - 30 / 300), rel=0.001)

    assert run_app(["scan", "--from", "powertune-scans"]) == 0
    # 300,000 requests of 100.5 ms at 512 MB, and 10 environments a day that take 300 ms to start.
    running = 300_000 * REQUEST + (300_000 * 0.1005 + 300 * 0.3) * 0.5 * ARM
    assert format_usd(running) == "$0.262"
    table = " ".join(capfd.readouterr().out.split())
    since = f"since {datetime.fromtimestamp(planted.first['scanned_at'], UTC):%Y-%m-%d %H:%M} UTC"
    place = f"({ACCOUNT} {REGION})"
    assert (
        f"new {since} clean {place}: 9.1 % of the requests to invoke it are throttled "
        f"changed {since} /aws/lambda/chatty {place}: writing its logs costs $30.00 a month, and "
        "running the function $0.262, $15.00 a month, was $7.50 "
        f"fixed {since} /aws/lambda/forgetful {place}: its logs never expire, and take 50.00 GB, $1.35 a month asked"
    ) in table
