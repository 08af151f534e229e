"""What a person may say of a stack, and what is refused before anything is built."""

from dataclasses import fields

import pytest

from powertune.engine.deployment.stack_parameters import StackParameters, check_stack_name, parse_tags
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
        ({"function_pattern": "shop/*"}, "--function-pattern 'shop/\\*' cannot be taken"),
        ({"function_pattern": ""}, "--function-pattern"),
        ({"function_role_pattern": "arn:aws:iam::1:role/x"}, "--function-role-pattern"),
        ({"function_role_pattern": "/shop"}, "--function-role-pattern '/shop' cannot be taken"),
        ({"alarm_topic": "on-call"}, "--alarm-topic 'on-call' is not an ARN of SNS"),
        ({"name_prefix": "x" * 41}, "--name-prefix"),
        ({"kms_key": "alias/mine"}, "--kms-key 'alias/mine' is not an ARN of KMS"),
        ({"permissions_boundary": "arn:aws:kms:x"}, "--permissions-boundary .* is not an ARN of IAM"),
        ({"subnet_ids": "subnet-1"}, "--security-group-ids is missing"),
        ({"security_group_ids": "sg-1"}, "--subnet-ids is missing"),
        ({"log_retention": "8"}, "--log-retention '8' cannot be taken"),
        ({"log_retention": "a week"}, "--log-retention 'a week' cannot be taken"),
        ({"results_retention": "0"}, "--results-retention '0' cannot be taken"),
    ],
)
def test_what_is_refused(given: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        StackParameters(**given).check()


def test_tags_and_names() -> None:
    assert parse_tags(["team=shop", "note=a=b", "empty="]) == {"team": "shop", "note": "a=b", "empty": ""}
    for wrong in ("team", "=shop", "aws:team=shop"):
        with pytest.raises(UsageError, match="is not a tag"):
            parse_tags([wrong])
    check_stack_name("powertune-2")
    with pytest.raises(UsageError, match="--stack-name 'power_tune' cannot be taken"):
        check_stack_name("power_tune")
