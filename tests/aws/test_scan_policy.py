"""What who scans has to be allowed: to read, and to get into the accounts that are scanned."""

from powertune.aws.scan_policy import ScanGrant, scan_policy
from powertune.aws.stackset import member_actions

OWN = {"Sid": "PowertuneScanOwnAccount", "Effect": "Allow", "Action": list(member_actions()), "Resource": "*"}


def test_the_own_account_takes_nothing_but_reading() -> None:
    assert scan_policy(ScanGrant()) == {"Version": "2012-10-17", "Statement": [OWN]}


def test_an_organization_is_listed_and_its_accounts_entered_by_the_usual_role() -> None:
    assert scan_policy(ScanGrant(organization=True), "aws-cn")["Statement"] == [
        OWN,
        {
            "Sid": "PowertuneScanOrganization",
            "Effect": "Allow",
            "Action": ["organizations:ListAccounts"],
            "Resource": "*",
        },
        {
            "Sid": "PowertuneScanOtherAccounts",
            "Effect": "Allow",
            "Action": ["sts:AssumeRole"],
            "Resource": ["arn:aws-cn:iam::*:role/powertune-scan"],
        },
    ]


def test_roles_that_are_named_are_the_only_ones_and_may_take_session_tags() -> None:
    hub = "arn:aws:iam::111111111111:role/hub"
    _, entering, tagging = scan_policy(ScanGrant(roles=(hub, "audit/scan"), tags=True))["Statement"]
    assert entering["Resource"] == tagging["Resource"] == [hub, "arn:aws:iam::*:role/audit/scan"]
    assert tagging["Action"] == ["sts:TagSession"]
