"""The template of the member role: read-only, valid everywhere, and exactly what a scan calls."""

from typing import Any

import pytest
import yaml
from cfnlint.api import lint
from cfnlint.config import ManualArgs
from cfnlint.core import get_rules

from powertune.aws.actions import ACTIONS, SCAN_METHODS
from powertune.aws.roles import SCAN_ROLE
from powertune.aws.stackset import member_actions, member_role_template

#: Words that begin the names of actions that only read. Queries of logs are started, and change nothing.
READING_WORDS = ("Describe", "Get", "List", "StartQuery")
REGIONS = ["us-east-1", "eu-central-2", "us-gov-west-1", "cn-north-1"]


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms, as they are written."""


def _short_form(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return {suffix: loader.construct_scalar(node)}
    assert isinstance(node, yaml.SequenceNode)
    return {suffix: loader.construct_sequence(node, deep=True)}


_Loader.add_multi_constructor("!", _short_form)


def role(text: str) -> dict[str, Any]:
    properties: dict[str, Any] = yaml.load(text, _Loader)["Resources"]["ScanRole"]["Properties"]
    return properties


def test_it_allows_exactly_what_a_scan_calls_in_an_account() -> None:
    called = {"account:ListRegions", "lambda:GetAccountSettings"}
    for method in SCAN_METHODS:
        called |= {ACTIONS[method].name, *ACTIONS[method].also}
    (policy,) = role(member_role_template())["Policies"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Action"] == sorted(called)
    assert (statement["Effect"], statement["Resource"]) == ("Allow", "*")
    assert {"lambda:ListFunctions", "cloudwatch:GetMetricData"} < called


def test_it_allows_only_to_read() -> None:
    words = [action.partition(":")[2] for action in member_actions()]
    assert [word for word in words if not word.startswith(READING_WORDS)] == []


def test_actions_that_aws_asks_for_at_the_same_call_are_there() -> None:
    assert member_actions(["compute-optimizer.get_lambda_function_recommendations"]) == (
        "compute-optimizer:GetLambdaFunctionRecommendations",
        "lambda:ListFunctions",
        "lambda:ListProvisionedConcurrencyConfigs",
    )


@pytest.mark.long
def test_cfn_lint_finds_nothing_in_any_partition() -> None:
    rules = get_rules([], [], include_rules=["I"])
    text = member_role_template()
    assert lint(text, rules=rules, regions=REGIONS, config=ManualArgs(include_checks=["I"])) == []
    assert "arn:aws" not in text


def test_a_template_with_all_actions_fits_into_a_request() -> None:
    assert len(member_role_template(ACTIONS).encode()) < 51_200


def test_the_role_is_the_one_that_a_scan_assumes_unless_it_is_told_another() -> None:
    document = yaml.load(member_role_template(), _Loader)
    parameters = document["Parameters"]
    assert parameters["RoleName"]["Default"] == SCAN_ROLE == "powertune-scan"
    assert [name for name, each in parameters.items() if "Default" not in each] == ["ScanAccountId"]


def test_only_the_scanning_account_is_trusted_and_only_with_what_is_asked_for() -> None:
    assume, tag = role(member_role_template())["AssumeRolePolicyDocument"]["Statement"]
    account = {"AWS": {"Sub": "arn:${AWS::Partition}:iam::${ScanAccountId}:root"}}
    assert (assume["Principal"], tag["Principal"]) == (account, account)
    assert (assume["Action"], tag["Action"]) == ("sts:AssumeRole", "sts:TagSession")
    nothing = {"Ref": "AWS::NoValue"}
    assert assume["Condition"] == {
        "StringEquals": {"If": ["WithExternalId", {"sts:ExternalId": {"Ref": "ExternalId"}}, nothing]},
        "ArnLike": {"If": ["OnlyOnePrincipal", {"aws:PrincipalArn": {"Ref": "ScanPrincipalArn"}}, nothing]},
    }
