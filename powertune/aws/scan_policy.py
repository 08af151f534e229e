"""The IAM policy of the person, or the schedule, that scans: reading its own account, and getting into others."""

from dataclasses import dataclass
from typing import Any

from powertune.aws.iam_policy import sid, statement
from powertune.aws.roles import SCAN_ROLE, role_arn
from powertune.aws.stackset import MEMBER_METHODS


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanGrant:
    """What a scan reaches. `roles` are ARNs or names of the roles to assume; a name means one in every account.

    `organization` allows to list its accounts, `tags` to pass session tags, and `reconcile` to read the bill.
    `scans` is `s3://bucket/prefix`, where scans are kept; None keeps them elsewhere.
    """

    roles: tuple[str, ...] = ()
    organization: bool = False
    reconcile: bool = False
    tags: bool = False
    scans: str | None = None


def scan_policy(grant: ScanGrant, partition: str = "aws") -> dict[str, Any]:
    """The policy document of a scan. Nothing that it allows changes anything.

    Args:
        grant: what the scan reaches besides the own account.
        partition: of the ARNs of roles that are given by name.
    """
    statements = [statement("scan-own-account", list(MEMBER_METHODS), "*")]
    if grant.organization:
        statements.append(statement("scan-organization", ["organizations.list_accounts"], "*"))
    if grant.reconcile:
        statements.append(statement("scan-bill", ["ce.get_cost_and_usage"], "*"))
    roles = grant.roles or ((SCAN_ROLE,) if grant.organization else ())
    if roles:
        arns = [role_arn(role, "*", partition) for role in roles]
        statements.append(statement("scan-other-accounts", ["sts.assume_role"], arns))
        if grant.tags:
            tagging = {"Effect": "Allow", "Action": ["sts:TagSession"], "Resource": arns}
            statements.append({"Sid": sid("scan-session-tags"), **tagging})
    if grant.scans is not None:
        statements += _keeping(grant.scans, partition)
    return {"Version": "2012-10-17", "Statement": statements}


def _keeping(scans: str, partition: str) -> list[dict[str, Any]]:
    """Finding, reading and writing scans in a bucket."""
    bucket, _, prefix = scans.removeprefix("s3://").strip("/").partition("/")
    arn = f"arn:{partition}:s3:::{bucket}"
    objects = f"{arn}/{prefix}/scan-*" if prefix else f"{arn}/scan-*"
    return [
        statement("scan-list-scans", ["s3.list_objects_v2"], arn),
        statement("scan-keep-scans", ["s3.get_object", "s3.put_object"], objects),
    ]
