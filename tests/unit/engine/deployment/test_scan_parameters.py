"""What a person may ask of a scheduled scan, and what the stack gets of it."""

from datetime import date

import pytest

from powertune.config.accounts import ScanAccount
from powertune.engine.deployment.scan_parameters import (
    INHERITED,
    ScanStackParameters,
    ScheduledScan,
    scan_documents,
)
from powertune.engine.scanning.accounts_document import read_scan_accounts
from powertune.engine.scanning.suppressions_document import read_scan_suppressions, write_scan_suppressions
from powertune.errors import UsageError
from powertune.scan.suppressions import Suppression

TOPIC = "arn:aws:sns:us-east-1:123456789012:costs"
ACCOUNTS = (
    ScanAccount(account_id="111111111111"),
    ScanAccount(account_id="222222222222", roles=("arn:aws-cn:iam::999999999999:role/hub", "spoke")),
    ScanAccount(account_id="333333333333", roles=("spoke",)),
)
ELSEWHERE = ("Organization", "AccountsKey", "RoleName", "ExternalId", "AssumableRoles")


def names_of(wanted: ScheduledScan, accounts_key: str | None = None) -> dict[str, str | None]:
    inherited = {"NamePrefix": "tune", "KmsKeyArn": "", "FunctionPattern": "shop-*"}
    return ScanStackParameters(
        wanted=wanted, partition="aws-cn", results_bucket="b", inherited=inherited, accounts_key=accounts_key
    ).template_names


def given(names: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in names.items() if value is not None}


def test_what_is_not_asked_for_keeps_its_value_and_the_rules_are_those_of_the_tuning_stack() -> None:
    names = names_of(ScheduledScan())
    assert given(names) == {"ResultsBucket": "b", "NamePrefix": "tune", "KmsKeyArn": ""}
    assert names.keys() >= {*INHERITED, *ELSEWHERE}


def test_accounts_bring_all_that_is_about_other_accounts() -> None:
    names = names_of(ScheduledScan(accounts=ACCOUNTS, role="usual", external_id="xx"), "powertune/accounts-1.json")
    assert [names[name] for name in ELSEWHERE[:4]] == ["false", "powertune/accounts-1.json", "usual", "xx"]
    # One that is named without an account is one in all of them.
    assert names["AssumableRoles"] == (
        "arn:aws-cn:iam::*:role/spoke,arn:aws-cn:iam::*:role/usual,arn:aws-cn:iam::999999999999:role/hub"
    )


def test_an_organization_takes_the_usual_role_and_no_external_id() -> None:
    names = names_of(ScheduledScan(organization=True))
    assert [names[name] for name in ELSEWHERE] == [
        *("true", "", "powertune-scan", "", "arn:aws-cn:iam::*:role/powertune-scan"),
    ]


def test_no_accounts_take_it_all_back() -> None:
    names = names_of(ScheduledScan(accounts=()))
    assert [names[name] for name in ELSEWHERE] == ["false", "", "powertune-scan", "", ""]
    assert scan_documents(ScheduledScan(accounts=())) == {}


def test_who_hears_of_it_is_one_topic() -> None:
    assert given(names_of(ScheduledScan(topic=TOPIC)))["Email"] == ""
    assert given(names_of(ScheduledScan(email="a@b.example")))["TopicArn"] == ""


def test_the_accounts_are_uploaded_as_they_are() -> None:
    document = scan_documents(ScheduledScan(accounts=ACCOUNTS))["accounts"]
    assert read_scan_accounts(document) == ACCOUNTS


def test_suppressions_are_uploaded_taken_back_or_kept() -> None:
    some = (Suppression(rule="*", function="staging-*", reason="goes next week", until=date(2027, 3, 31)),)
    document = scan_documents(ScheduledScan(suppressions=some))["suppressions"]
    assert read_scan_suppressions(document, ["idle-function"]) == some
    assert names_of(ScheduledScan(suppressions=()))["SuppressionsKey"] == ""
    assert names_of(ScheduledScan())["SuppressionsKey"] is None


def test_a_suppression_of_a_rule_that_is_no_more_is_left_out() -> None:
    gone = Suppression(rule="gone", function="a", reason="b")
    kept = Suppression(rule="idle-function", function="a", reason="b", account="123456789012", region="us-east-1")
    assert read_scan_suppressions(write_scan_suppressions([gone, kept]), ["idle-function"]) == (kept,)


def test_more_roles_than_a_parameter_takes_are_refused() -> None:
    many = tuple(ScanAccount(account_id=f"{n:012}", roles=(f"arn:aws:iam::{n:012}:role/scan",)) for n in range(150))
    with pytest.raises(UsageError, match="the accounts name 150 roles"):
        ScheduledScan(accounts=many).check()


@pytest.mark.parametrize(
    "wanted",
    [
        {"schedule": "rate(1 day)"},
        {"schedule": "cron(0 6 ? * MON *)", "timezone": "Asia/Kolkata", "regions": "all", "days": "90"},
        {"schedule": "at(2027-01-01T06:00:00)", "organization": True, "role": "security/scan", "external_id": "ab"},
        {"schedule": "off"},
        {"topic": TOPIC, "parallel": "100", "max_spend": "0"},
        {"email": "", "regions": "", "topic": ""},
    ],
)
def test_what_a_scan_takes(wanted: dict[str, str]) -> None:
    ScheduledScan(**wanted).check()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"schedule": "weekly"}, "--scan-schedule 'weekly' is not valid"),
        ({"schedule": "rate(0 days)"}, "--scan-schedule"),
        ({"schedule": "cron(0 6 * * *)"}, "--scan-schedule"),
        ({"schedule": "cron(0 6 * * MON *)"}, r"--scan-schedule 'cron\(0 6 \* \* MON \*\)' is not valid"),
        ({"timezone": "Mars/Olympus"}, "--scan-timezone 'Mars/Olympus' is not a time zone"),
        ({"schedule": "off", "days": "7"}, "--scan-schedule off and --scan-days do not go together"),
        ({"timezone": "the moon"}, "--scan-timezone 'the moon'"),
        ({"regions": "mars"}, "--scan-regions: 'mars' is not a region"),
        ({"role": "x"}, "--scan-role and --scan-external-id are about other accounts"),
        ({"organization": True, "role": "a b"}, "--scan-role 'a b' is not valid"),
        ({"organization": True, "role": "arn:aws:iam::123456789012:role/x"}, "is a role of one account"),
        ({"organization": True, "external_id": "x"}, "--scan-external-id is not an external ID"),
        ({"organization": True, "accounts": ACCOUNTS}, "either --scan-organization or --scan-accounts"),
        ({"days": "91"}, "scan-days '91' is not a whole number from 1 to 90"),
        ({"parallel": "0"}, "scan-parallel '0'"),
        ({"max_spend": "-1"}, "scan-max-spend '-1'"),
        ({"email": "me", "topic": ""}, "--scan-email 'me' is not valid"),
        ({"email": "a@b.example", "topic": TOPIC}, "--scan-topic names one of yours"),
        ({"topic": "costs"}, "--scan-topic 'costs' is not an ARN of SNS"),
    ],
)
def test_what_a_scan_refuses(wanted: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        ScheduledScan(**wanted).check()  # type: ignore[arg-type]
