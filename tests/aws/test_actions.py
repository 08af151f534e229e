"""No call goes out that no policy knows of."""

import re
from pathlib import Path
from typing import Any

import boto3
import pytest
from fake_service import FakeService
from fakes import FakeLambda, fake_aws

import powertune
from powertune.aws.actions import ACTIONS, operation_of


class KMS(FakeService):
    """A service of which nothing is listed, though Lambda has a method of the same name."""

    service = "kms"
    asked = 0

    def list_aliases(self) -> dict[str, object]:
        self.asked += 1
        return {}


def test_a_method_of_another_service_is_not_taken_for_lambdas_and_nothing_is_sent() -> None:
    kms = KMS(lambda service, name, kwargs: None)
    assert "lambda.list_aliases" in ACTIONS
    with pytest.raises(AssertionError, match=r"kms\.list_aliases is not in .*ACTIONS"):
        fake_aws(FakeLambda()).call(kms.list_aliases)
    assert kms.asked == 0


def test_a_function_that_is_no_method_of_a_client_is_not_called() -> None:
    called: list[str] = []

    def list_aliases() -> None:
        called.append("list_aliases")

    with pytest.raises(AssertionError, match="not a method of a boto3 client"):
        fake_aws(FakeLambda()).call(list_aliases)
    assert called == []


@pytest.mark.long
def test_boto3s_own_methods_are_told_apart_by_their_service() -> None:
    session: Any = boto3.Session("testing", "testing", region_name="us-east-1")
    for service, method in (operation.split(".") for operation in ACTIONS):
        client = session.client(service)
        assert operation_of(getattr(client, method)) == f"{service}.{method}"
        client.close()


def test_every_operation_that_the_code_names_is_listed() -> None:
    """Operations that are named as text: where a call is not made through its method."""
    named = set()
    for path in Path(powertune.__file__).parent.rglob("*.py"):
        named |= set(
            re.findall(
                r'"((?:lambda|logs|s3|cloudwatch|pricing|cloudformation|stepfunctions|sts|organizations|account)\.[a-z_]+)"',
                path.read_text("utf-8"),
            )
        )
    assert "lambda.invoke" in named
    assert named <= set(ACTIONS)
