"""What a person may say of a stack, and what is refused before anything is built."""

from dataclasses import fields

import pytest

from powertune.engine.deployment.stack_parameters import (
    StackParameters,
    check_bucket_name,
    check_stack_name,
    parse_tags,
)
from powertune.errors import UsageError


def test_what_is_not_given_has_no_value() -> None:
    names = StackParameters(kms_key="arn:aws:kms:eu-west-1:1:key/2").template_names
    assert len(names) == len(fields(StackParameters))
    assert {name for name, value in names.items() if value is not None} == {"KmsKeyArn"}


@pytest.mark.parametrize(
    "given",
    [
        {"function_pattern": "shop-*", "name_prefix": "power_tune-1"},
        {"subnet_ids": "subnet-1,subnet-2", "security_group_ids": "sg-1"},
        {"kms_key": "", "permissions_boundary": "", "assumable_role": "", "subnet_ids": "", "security_group_ids": ""},
        {"assumable_role": "arn:aws-cn:iam::123456789012:role/tuning"},
        {"function_role_pattern": "service-role/shop-*"},
        {"log_retention": "400", "results_retention": "3"},
    ],
)
def test_what_is_taken(given: dict[str, str]) -> None:
    StackParameters(**given).check()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"function_pattern": "shop/*"}, "--function-pattern 'shop/\\*' is not valid"),
        ({"function_pattern": ""}, "--function-pattern"),
        ({"function_role_pattern": "arn:aws:iam::1:role/x"}, "--function-role-pattern"),
        ({"function_role_pattern": "/shop"}, "--function-role-pattern '/shop' is not valid"),
        ({"alarm_topic": "on-call"}, "--alarm-topic 'on-call' is not an SNS topic ARN"),
        ({"name_prefix": "x" * 41}, "--name-prefix"),
        ({"kms_key": "alias/mine"}, "--kms-key 'alias/mine' is not a KMS key ARN"),
        ({"permissions_boundary": "arn:aws:kms:x"}, "--permissions-boundary .* is not an IAM policy ARN"),
        ({"assumable_role": "role/x"}, "--assumable-role 'role/x' is not an IAM role ARN"),
        ({"payload_bucket": "", "payload_keys": "x*"}, "--payload-bucket is missing"),
        ({"payload_bucket": "Bad_Bucket"}, "--payload-bucket 'Bad_Bucket' is not valid"),
        ({"subnet_ids": "subnet-1"}, "--security-group-ids is missing"),
        ({"security_group_ids": "sg-1"}, "--subnet-ids is missing"),
        ({"log_retention": "8"}, "--log-retention '8' is not valid"),
        ({"log_retention": "a week"}, "--log-retention 'a week' is not valid"),
        ({"results_retention": "0"}, "--results-retention '0' is not valid"),
    ],
)
def test_what_is_refused(given: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        StackParameters(**given).check()


@pytest.mark.parametrize("name", ["abc", "my.payloads-1", "a" * 63, "1-2"])
def test_names_of_buckets_that_s3_takes(name: str) -> None:
    check_bucket_name("--artifact-bucket", name)


@pytest.mark.parametrize(
    "name",
    [
        *("Bad_Bucket", "ab", "a" * 64, "-abc", "abc-", "a..b", "192.168.5.4", "xn--abc", "sthree-abc"),
        *("amzn-s3-demo-abc", "abc-s3alias", "abc--ola-s3", "abc.mrap", "abc--x-s3", "abc\n", ""),
    ],
)
def test_names_of_buckets_that_s3_refuses(name: str) -> None:
    with pytest.raises(UsageError, match="is not valid"):
        check_bucket_name("--artifact-bucket", name)


def test_keys_of_payloads_need_a_bucket_that_is_given_or_in_the_stack() -> None:
    keys = StackParameters(payload_keys="orders/*")
    for stack in ({}, {"PayloadBucket": ""}):
        with pytest.raises(UsageError, match="--payload-bucket is missing"):
            keys.check_beside(stack)
    keys.check_beside({"PayloadBucket": "mine"})
    StackParameters(payload_keys="orders/*", payload_bucket="mine").check_beside({})
    with pytest.raises(UsageError, match="--payload-bucket is missing"):
        StackParameters(payload_keys="orders/*", payload_bucket="").check_beside({"PayloadBucket": "mine"})
    StackParameters().check_beside({})


def test_days_begin_with_one() -> None:
    with pytest.raises(UsageError) as refused:
        StackParameters(results_retention="0").check()
    assert refused.value.hint == "a number of days, from 1"


def test_tags_and_names() -> None:
    assert parse_tags(["team=shop", "note=a=b", "empty="]) == {"team": "shop", "note": "a=b", "empty": ""}
    for wrong in ("team", "=shop"):
        with pytest.raises(UsageError, match="is not a tag"):
            parse_tags([wrong])
    with pytest.raises(UsageError, match="AWS reserves keys that begin with aws:"):
        parse_tags(["AWS:x=1"])
    with pytest.raises(UsageError, match="--tag 'team' is given twice"):
        parse_tags(["team=shop", "team=shop"])
    check_stack_name("powertune-2")
    with pytest.raises(UsageError, match="--stack-name 'power_tune' is not valid"):
        check_stack_name("power_tune")
