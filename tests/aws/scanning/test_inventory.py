"""The functions of a place: every field, in as few calls as AWS allows, and never an environment variable."""

from typing import Any

import pytest
from fakes import client_error
from scan_places import NOW, account, gaps, known, scan

from powertune.model import Architecture
from powertune.scan.evidence import Compute

NAMES = ("a-b", "a_b", "A-b", "aB", "ab", "1ab", "n" * 64)


def test_fifty_are_read_by_one_call_and_environment_variables_are_not_kept() -> None:
    fake = account(*(f"fn-{number:03}" for number in range(101)), Environment={"Variables": {"KEY": "hunter2"}})

    scanned = scan(fake)

    assert len(scanned.evidence.functions) == 101
    assert fake.operations == ["lambda.list_functions"] * 3
    assert scanned.effort.calls == (("lambda.list_functions", 3),)
    assert scanned.effort.usd == 0
    assert "hunter2" not in repr(scanned)
    assert scanned.gaps == ()


def test_versions_come_in_the_same_sweep_newest_last_whatever_page_they_are_on() -> None:
    fake = account("many", "other")
    for number in range(60):
        fake.functions["many"].configuration["MemorySize"] = 128 + number
        fake.publish_user_version("many")

    scanned = scan(fake)

    many = known(scanned)["many"].function
    assert [each.number for each in many.versions] == [str(number) for number in range(1, 61)]
    assert [each.memory_mb for each in many.versions] == list(range(128, 188))
    assert known(scanned)["other"].function.versions == ()
    assert fake.operations == ["lambda.list_functions"] * 2


def test_names_that_hardly_differ_are_different_functions() -> None:
    assert sorted(known(scan(account(*NAMES)))) == sorted(NAMES)


def test_all_that_is_known_of_a_function() -> None:
    fake = account()
    fake.add(
        "whole",
        memory_mb=2048,
        PackageType="Zip",
        Architectures=["arm64"],
        Timeout=60,
        LastModified="2026-12-01T00:00:00.500+0000",
        CodeSize=1234,
        CodeSha256="abc",
        Handler="orders.handle",
        EphemeralStorage={"Size": 1024},
        Layers=[{"Arn": "arn:aws:lambda:us-east-1:1:layer:x:1", "CodeSize": 5}],
        SnapStart={"ApplyOn": "PublishedVersions", "OptimizationStatus": "Off"},
        VpcConfig={"VpcId": "vpc-1", "SubnetIds": ["subnet-1"]},
        LoggingConfig={"LogFormat": "JSON", "LogGroup": "/shared", "SystemLogLevel": "WARN"},
    )

    function = known(scan(fake))["whole"].function

    assert function.arn == "arn:aws:lambda:us-east-1:123456789012:function:whole"
    assert (function.runtime, function.package_type, function.memory_mb) == ("python3.13", "Zip", 2048)
    assert (function.architecture, function.timeout_s) == (Architecture.ARM64, 60)
    assert function.modified_at == 1_796_083_200.5
    assert function.handler == "orders.handle"
    assert (function.code_size_bytes, function.code_sha256, function.ephemeral_storage_mb) == (1234, "abc", 1024)
    assert function.layers == ("arn:aws:lambda:us-east-1:1:layer:x:1",)
    assert function.snapstart
    assert function.vpc
    assert (function.log_group, function.log_format, function.system_log_level) == ("/shared", "JSON", "WARN")
    assert not function.logs_reports


@pytest.mark.parametrize(
    ("configuration", "field", "value"),
    [
        ({"PackageType": "Image", "Runtime": None}, "runtime", ""),
        ({"CapacityProviderConfig": {"x": 1}}, "compute", Compute.MANAGED_INSTANCES),
        ({"DurableConfig": {"RetentionPeriodInDays": 1}}, "compute", Compute.DURABLE),
        ({}, "compute", Compute.ON_DEMAND),
        ({"LoggingConfig": {"LogFormat": "Text", "SystemLogLevel": "WARN"}}, "system_log_level", None),
        ({}, "log_group", "/aws/lambda/fn"),
        ({"VpcConfig": {"VpcId": "", "SubnetIds": []}}, "vpc", False),
        ({"SnapStart": {"ApplyOn": "None"}}, "snapstart", False),
        ({"LastModified": "yesterday"}, "modified_at", NOW),
    ],
)
def test_kinds_of_functions(configuration: dict[str, Any], field: str, value: object) -> None:
    (found,) = scan(account("fn", **configuration)).evidence.functions
    assert getattr(found.function, field) == value


def test_a_replica_of_a_function_at_the_edge_is_marked() -> None:
    fake = account("plain")
    fake.add("us-east-1.viewer", MasterArn="arn:aws:lambda:us-east-1:123456789012:function:viewer:3")
    assert {name: each.edge for name, each in known(scan(fake)).items()} == {
        "plain": False,
        "us-east-1.viewer": True,
    }


def test_functions_that_may_not_be_listed_leave_one_gap_for_the_place() -> None:
    fake = account("fn")
    error = client_error("AccessDeniedException", "no", 403)

    def deny(name: str, kwargs: dict[str, Any]) -> None:
        raise error

    fake.on_call = deny
    scanned = scan(fake)
    assert scanned.evidence.functions == ()
    assert gaps(scanned) == [("", "not allowed to call lambda:ListFunctions: no", (), "lambda:ListFunctions")]
    assert fake.operations == ["lambda.list_functions"]


def test_throttling_throughout_changes_nothing_but_the_number_of_calls() -> None:
    fake = account("fn")
    failures = iter([True, True, True, False])

    def throttle(name: str, kwargs: dict[str, Any]) -> None:
        if next(failures):
            raise client_error("TooManyRequestsException", "Rate exceeded", 429)

    fake.on_call = throttle
    scanned = scan(fake)
    assert sorted(known(scanned)) == ["fn"]
    assert scanned.gaps == ()
    assert scanned.effort.calls == (("lambda.list_functions", 4),)
