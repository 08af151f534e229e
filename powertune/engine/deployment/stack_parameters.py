"""What an account decides about its state machine, as the parameters of the stack."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from powertune.errors import UsageError
from powertune.units import shown

#: The days for which CloudWatch Logs can keep log events (PutRetentionPolicy).
RETENTIONS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3653)
_STACK_NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,127}", re.ASCII)
_PREFIX = re.compile(r"[a-zA-Z][a-zA-Z0-9_-]{0,39}", re.ASCII)
_PATTERN = re.compile(r"[a-zA-Z0-9_*?-]+", re.ASCII)
_ROLES = re.compile(r"[a-zA-Z0-9+=,.@_*?-][a-zA-Z0-9+=,.@_/*?-]*", re.ASCII)
_REGIONS = re.compile(r"[a-z0-9*?-]+")

#: The naming rules for general purpose buckets (Amazon S3 User Guide).
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+", re.ASCII)
_RESERVED_BEGINNINGS = ("xn--", "sthree-", "amzn-s3-demo-")
_RESERVED_ENDINGS = ("-s3alias", "--ola-s3", ".mrap", "--x-s3", "--table-s3")


@dataclass(frozen=True, slots=True, kw_only=True)
class StackParameters:
    """The parameters that a person sets, as text. None keeps what the stack has, or is the template's default.

    An empty text takes back what was set. Names are those of the options; `template_names` gives the template's.
    """

    function_pattern: str | None = None
    function_regions: str | None = None
    function_role_pattern: str | None = None
    log_group_pattern: str | None = None
    payload_bucket: str | None = None
    payload_keys: str | None = None
    assumable_role: str | None = None
    function_kms_key: str | None = None
    name_prefix: str | None = None
    permissions_boundary: str | None = None
    subnet_ids: str | None = None
    security_group_ids: str | None = None
    kms_key: str | None = None
    alarm_topic: str | None = None
    log_retention: str | None = None
    results_retention: str | None = None

    def check(self) -> None:
        """Find out what AWS would refuse, before anything is built.

        Raises:
            UsageError: a value is not what its parameter takes.
        """
        _check_name("--function-pattern", self.function_pattern, _PATTERN, "a name with * and ?, such as shop-*")
        _check_name("--function-regions", self.function_regions, _REGIONS, "a region with * and ?, such as eu-*")
        _check_name(
            "--function-role-pattern",
            self.function_role_pattern,
            _ROLES,
            "a name with * and ?, after its path, such as service-role/shop-*",
        )
        _check_name("--name-prefix", self.name_prefix, _PREFIX, "at most 40 letters, digits, - and _")
        for option, arn, service, kind in (
            ("--assumable-role", self.assumable_role, "iam", "an IAM role ARN"),
            ("--permissions-boundary", self.permissions_boundary, "iam", "an IAM policy ARN"),
            ("--kms-key", self.kms_key, "kms", "a KMS key ARN"),
            ("--function-kms-key", self.function_kms_key, "kms", "a KMS key ARN"),
            ("--alarm-topic", self.alarm_topic, "sns", "an SNS topic ARN"),
        ):
            if arn and arn.split(":")[2:3] != [service]:
                raise UsageError(f"{option} {shown(arn)} is not {kind}", hint=f"arn:aws:{service}:...")
        if self.payload_bucket:
            check_bucket_name("--payload-bucket", self.payload_bucket)
        if self.payload_bucket == "":
            self.check_beside({})
        if bool(self.subnet_ids) != bool(self.security_group_ids):
            missing = "--security-group-ids" if self.subnet_ids else "--subnet-ids"
            raise UsageError(f"{missing} is missing", hint="a VPC takes both subnets and security groups")
        _check_days("--log-retention", self.log_retention, RETENTIONS)
        _check_days("--results-retention", self.results_retention, None)

    def check_beside(self, stack: Mapping[str, str]) -> None:
        """Find out what would have no effect, given what is in the stack already.

        Args:
            stack: the parameters of the stack by the template's names; none of a new one.

        Raises:
            UsageError: keys of payloads are given, and there is no bucket with them.
        """
        bucket = stack.get("PayloadBucket", "") if self.payload_bucket is None else self.payload_bucket
        if self.payload_keys and not bucket:
            raise UsageError(
                "--payload-bucket is missing", hint="--payload-keys are keys of the payloads in a bucket"
            )

    @property
    def template_names(self) -> dict[str, str | None]:
        """The values by the names that the template has for them."""
        return {_TEMPLATE_NAMES[field.name]: getattr(self, field.name) for field in fields(self)}


_TEMPLATE_NAMES = {
    "function_pattern": "FunctionPattern",
    "function_regions": "FunctionRegions",
    "function_role_pattern": "FunctionRolePattern",
    "log_group_pattern": "LogGroupPattern",
    "payload_bucket": "PayloadBucket",
    "payload_keys": "PayloadKeyPattern",
    "assumable_role": "AssumableRoleArn",
    "function_kms_key": "FunctionKmsKeyArn",
    "name_prefix": "NamePrefix",
    "permissions_boundary": "PermissionsBoundary",
    "subnet_ids": "SubnetIds",
    "security_group_ids": "SecurityGroupIds",
    "kms_key": "KmsKeyArn",
    "alarm_topic": "AlarmTopicArn",
    "log_retention": "LogRetentionDays",
    "results_retention": "ResultsRetentionDays",
}


def check_bucket_name(option: str, name: str) -> None:
    """See that S3 takes a name of a general purpose bucket.

    Raises:
        UsageError: it does not.
    """
    reserved = name.startswith(_RESERVED_BEGINNINGS) or name.endswith(_RESERVED_ENDINGS)
    if reserved or ".." in name or _ADDRESS.fullmatch(name) or _BUCKET.fullmatch(name) is None:
        raise UsageError(
            f"{option} {shown(name)} is not valid",
            hint="S3 takes 3 to 63 lower-case letters, digits, dots and hyphens, with a letter or digit at both ends",
        )


def check_stack_name(name: str) -> None:
    """See that CloudFormation takes a name.

    Raises:
        UsageError: it does not.
    """
    _check_name("--stack-name", name, _STACK_NAME, "a letter, then letters, digits and -")


def parse_tags(given: Sequence[str], option: str = "--tag") -> Mapping[str, str]:
    """Tags from `key=value`.

    Raises:
        UsageError: one is not of that form, or of AWS's own namespace; or a key is given twice.
    """
    tags: dict[str, str] = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise UsageError(
                f"{option} {shown(text)} is not a tag", hint=f"write key=value, such as {option} team=shop"
            )
        if key.lower().startswith("aws:"):
            raise UsageError(
                f"{option} {shown(text)} is not valid: AWS reserves keys that begin with aws:",
                hint="choose another key",
            )
        if key in tags:
            raise UsageError(f"{option} {shown(key)} is given twice", hint="give each key once")
        tags[key] = value
    return tags


def _check_name(option: str, value: str | None, pattern: re.Pattern[str], hint: str) -> None:
    if value is not None and pattern.fullmatch(value) is None:
        raise UsageError(f"{option} {shown(value)} is not valid", hint=hint)


def _check_days(option: str, value: str | None, allowed: Sequence[int] | None) -> None:
    if value is None:
        return
    days = int(value) if value.isascii() and value.isdecimal() else 0
    if days < 1 or (allowed is not None and days not in allowed):
        hint = "a number of days, from 1" if allowed is None else f"one of {', '.join(map(str, allowed))} days"
        raise UsageError(f"{option} {shown(value)} is not valid", hint=hint)
