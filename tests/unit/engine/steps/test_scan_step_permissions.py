"""The role of each step of a scheduled scan allows the calls that the step was seen making, and no other action."""

from fnmatch import fnmatchcase
from typing import Any

import pytest
from cloud_templates import CloudTemplate
from fake_buckets import ACCOUNT
from scan_places import account, full_account
from scan_workers import ACCOUNTS_KEY, ARTIFACTS, RESULTS, STEPS, ScheduledExecution

from powertune.aws.actions import ACTIONS, SCAN_METHODS
from powertune.config.accounts import ScanAccount
from powertune.engine.deployment.scan_parameters import ScanStackParameters, ScheduledScan
from powertune.engine.scanning.accounts_document import write_scan_accounts
from powertune.errors import AccessDenied

TEMPLATE = CloudTemplate.read("scan-template.yaml")
TWO = "222222222222"
ACCOUNTS = (
    ScanAccount(account_id=ACCOUNT),
    ScanAccount(account_id=TWO, roles=(f"arn:aws:iam::{ACCOUNT}:role/hub", "audit/spoke")),
)
SUBSTITUTES = {
    "AWS::Partition": "aws",
    "ResultsBucket": RESULTS,
    "ArtifactBucket": ARTIFACTS,
    "AccountsKey": ACCOUNTS_KEY,
}
#: What AWS asks for beside what is called; and who is called is told to everybody, whatever is allowed.
IMPLIED = {
    *("ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface"),
    *("ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses", "kms:Decrypt"),
    *("kms:GenerateDataKey", "logs:CreateLogStream", "logs:PutLogEvents", "s3:ListBucket"),
    *("xray:PutTelemetryRecords", "xray:PutTraceSegments"),
}
ALWAYS = "sts.get_caller_identity"
Sent = dict[str, list[tuple[str, dict[str, Any]]]]


@pytest.fixture(scope="module")
def seen() -> Sent:
    """What each step has called: for one account, for those of a file, for an organization, and where nothing is."""
    calls: Sent = {step: [] for step in STEPS}
    executions = [ScheduledExecution(full_account()), *(ScheduledExecution(account()) for _ in range(3))]
    for execution in executions:
        execution.s3.buckets[ARTIFACTS][ACCOUNTS_KEY] = write_scan_accounts(ACCOUNTS)
        execution.organizations.accounts = [{"Id": TWO, "Name": "two", "State": "ACTIVE"}]
    alone, of_file, organization, closed = executions
    alone.run(regions="all")
    alone.arn = f"{alone.arn}-later"
    alone.clock.sleep(3600)
    alone.run()
    of_file.run(accountsKey=ACCOUNTS_KEY, regions="all")
    organization.run(organization="true")
    closed.doors.closed.add(TWO)
    with pytest.raises(AccessDenied):
        closed.run(organization="true")
    for execution in executions:
        for step, sent in execution.sent.items():
            calls[step] += sent
    return calls


def role_of(step: str) -> str:
    return f"{step.capitalize()}Role"


def patterns(resource: Any) -> list[str]:
    """The resources of a statement, with the parameters filled in."""
    if isinstance(resource, list):
        return [pattern for each in resource for pattern in patterns(each)]
    if isinstance(resource, str):
        return [resource]
    if resource.get("Ref") == "AssumableRoles":
        return assumable()
    if "Fn::Sub" not in resource:
        return ["arn:of:something"]
    text = str(resource["Fn::Sub"])
    for name, value in SUBSTITUTES.items():
        text = text.replace("${" + name + "}", value)
    assert "${" not in text, text
    return [text]


def assumable() -> list[str]:
    """What `deploy` fills in for these accounts, and for an organization."""
    found = []
    for wanted in (ScheduledScan(accounts=ACCOUNTS), ScheduledScan(organization=True)):
        parameters = ScanStackParameters(wanted=wanted, partition="aws", results_bucket=RESULTS, inherited={})
        found += str(parameters.template_names["AssumableRoles"]).split(",")
    return found


def actions(operation: str) -> tuple[str, ...]:
    return (ACTIONS[operation].name, *ACTIONS[operation].also)


def arn_of(operation: str, kwargs: dict[str, Any]) -> str | None:
    """The resource of a call, where the template names one."""
    if operation.startswith("s3."):
        return f"arn:aws:s3:::{kwargs['Bucket']}" + (f"/{kwargs['Key']}" if "Key" in kwargs else "")
    return str(kwargs["RoleArn"]) if operation == "sts.assume_role" else None


@pytest.mark.parametrize("step", STEPS)
def test_a_step_of_a_scan_may_make_the_calls_that_it_makes(step: str, seen: Sent) -> None:
    allowed = TEMPLATE.allowed(role_of(step))
    for operation, kwargs in seen[step]:
        for action in actions(operation) if operation != ALWAYS else ():
            on = [pattern for each in allowed.get(action, ()) for pattern in patterns(each["Resource"])]
            assert on, f"{step} may not {action}"
            arn = arn_of(operation, kwargs)
            assert arn is None or any(fnmatchcase(arn, pattern) for pattern in on), f"{step}: no {action} on {arn}"


@pytest.mark.parametrize("step", STEPS)
def test_a_step_of_a_scan_may_do_nothing_else(step: str, seen: Sent) -> None:
    called = {action for operation, _ in seen[step] for action in actions(operation)}
    assert TEMPLATE.allowed(role_of(step)).keys() - called - IMPLIED == set()


def test_the_worker_was_seen_reading_all_that_a_scan_reads(seen: Sent) -> None:
    assert {operation for operation, _ in seen["place"]} >= set(SCAN_METHODS)
