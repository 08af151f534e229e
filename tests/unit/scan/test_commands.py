"""Commands of next steps: the whole ARN or log group, the region, and quotes where a shell needs them."""

import shlex

import pytest
from scanned import PLACE, scanned_function

from powertune.scan.commands import account_command, function_command, log_group_command, run_command, tail_command

ARN = "arn:aws:lambda:us-east-1:123456789012:function:orders"


@pytest.mark.parametrize(
    ("command", "text"),
    [
        (run_command(scanned_function()), f"powertune run {ARN} --region us-east-1"),
        (
            run_command(scanned_function(), (512, 128, 512), both=True, save="orders.json"),
            f"powertune run {ARN} --memory 128,512 --arch both --save orders.json --region us-east-1",
        ),
        (
            function_command(scanned_function(), "delete-function"),
            f"aws lambda delete-function --function-name {ARN} --region us-east-1",
        ),
        (
            function_command(scanned_function(), "delete-function", qualifier="7"),
            f"aws lambda delete-function --function-name {ARN}:7 --region us-east-1",
        ),
        (
            function_command(scanned_function(), "update-function-configuration", "--timeout", "3"),
            f"aws lambda update-function-configuration --function-name {ARN} --timeout 3 --region us-east-1",
        ),
        (account_command(PLACE, "get-account-settings"), "aws lambda get-account-settings --region us-east-1"),
        (
            log_group_command(PLACE, "delete-log-group", "/aws/lambda/orders"),
            "aws logs delete-log-group --log-group-name /aws/lambda/orders --region us-east-1",
        ),
        (tail_command(scanned_function()), "aws logs tail /aws/lambda/orders --since 1d --region us-east-1"),
        (
            tail_command(scanned_function(log_group=""), "--filter-pattern", "timeout"),
            "aws logs tail /aws/lambda/orders --since 1d --filter-pattern timeout --region us-east-1",
        ),
    ],
)
def test_says_which_one_and_where(command: str, text: str) -> None:
    assert command == text


def test_quotes_what_a_shell_would_read_otherwise() -> None:
    function = scanned_function(log_group="/team#1/logs")
    assert tail_command(function) == "aws logs tail '/team#1/logs' --since 1d --region us-east-1"
    command = log_group_command(PLACE, "delete-log-group", "a b;c")
    assert shlex.split(command)[4] == "a b;c"
