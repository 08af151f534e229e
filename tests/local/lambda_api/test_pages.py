"""Lists that come in pages."""

from collections.abc import Iterator
from itertools import chain
from typing import Any

import pytest
from botocore.exceptions import ClientError

from powertune.local.embedded import EmbeddedAWS
from powertune.local.settings import Latencies, Settings


@pytest.fixture(scope="module")
def _instant() -> Iterator[EmbeddedAWS]:
    with EmbeddedAWS(Settings(service_latency_ms=0, latencies=Latencies(create_ms=0, update_ms=0))) as aws:
        yield aws


@pytest.fixture
def instant(_instant: EmbeddedAWS, connect: Any) -> Iterator[Any]:
    cloud = connect(_instant)
    yield cloud
    cloud.clean()


def pages(call: Any, name: str, **options: Any) -> list[list[Any]]:
    """All pages of a list."""
    found: list[list[Any]] = []
    marker: dict[str, str] = {}
    while True:
        answer = call(**options, **marker)
        found.append(answer[name])
        if "NextMarker" not in answer:
            return found
        marker = {"Marker": answer["NextMarker"]}


def names(items: list[Any], key: str = "FunctionName") -> list[Any]:
    return [item[key] for item in items]


@pytest.mark.supports("lambda:ListFunctions", "pages of 50, MaxItems, Marker")
def test_functions(instant: Any, echo: bytes) -> None:
    created = sorted(instant.create(echo) for _ in range(52))
    listing = instant.lambda_.list_functions
    whole = pages(listing, "Functions", MaxItems=10_000)
    assert [len(page) for page in whole] == [50, 2]
    assert names(whole[0]) + names(whole[1]) == created
    assert [len(page) for page in pages(listing, "Functions")] == [50, 2]
    assert [len(page) for page in pages(listing, "Functions", MaxItems=26)] == [26, 26]
    paginator = instant.lambda_.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 7})
    assert [fn["FunctionName"] for page in paginator for fn in page["Functions"]] == created


@pytest.mark.supports("lambda:ListFunctions", "markers hold while functions are created and deleted")
def test_a_marker_holds_while_functions_come_and_go(instant: Any, echo: bytes) -> None:
    created = sorted(instant.create(echo) for _ in range(5))
    first = instant.lambda_.list_functions(MaxItems=2)
    assert names(first["Functions"]) == created[:2]
    for gone in created[:2]:
        instant.lambda_.delete_function(FunctionName=gone)
        instant.created.remove(gone)
    instant.create(echo)
    rest = instant.lambda_.list_functions(Marker=first["NextMarker"])["Functions"]
    assert names(rest)[:3] == created[2:]
    assert first["NextMarker"] not in created


@pytest.mark.supports("lambda:ListFunctions", "FunctionVersion=ALL")
@pytest.mark.supports("lambda:ListVersionsByFunction", "pages of 50, MaxItems, Marker; $LATEST first")
def test_versions(instant: Any, echo: bytes) -> None:
    name = instant.create(echo)
    for number in range(1, 12):
        instant.configure(name, Description=str(number))
        instant.lambda_.publish_version(FunctionName=name)
    expected = ["$LATEST", *map(str, range(1, 12))]
    found = pages(instant.lambda_.list_versions_by_function, "Versions", FunctionName=name, MaxItems=5)
    assert [len(page) for page in found] == [5, 5, 2]
    assert names([*chain(*found)], "Version") == expected
    assert found[0][0]["FunctionArn"].endswith(":$LATEST")
    everything = pages(instant.lambda_.list_functions, "Functions", FunctionVersion="ALL", MaxItems=5)
    assert names([*chain(*everything)], "Version") == expected
    assert instant.lambda_.list_functions(FunctionVersion="ALL", MasterRegion="eu-west-1")["Functions"] == []
    assert len(instant.lambda_.list_functions(FunctionVersion="ALL", MasterRegion="ALL")["Functions"]) == 12


@pytest.mark.supports("lambda:ListAliases", "MaxItems, Marker, FunctionVersion")
def test_aliases(instant: Any, echo: bytes) -> None:
    name, control = instant.create(echo), instant.lambda_
    control.publish_version(FunctionName=name)
    for number in range(5):
        version = "1" if number % 2 else "$LATEST"
        control.create_alias(FunctionName=name, Name=f"a{number}", FunctionVersion=version)
    found = pages(control.list_aliases, "Aliases", FunctionName=name, MaxItems=2)
    assert [names(page, "Name") for page in found] == [["a0", "a1"], ["a2", "a3"], ["a4"]]
    found = pages(control.list_aliases, "Aliases", FunctionName=name, MaxItems=1, FunctionVersion="1")
    assert [names(page, "Name") for page in found] == [["a1"], ["a3"]]


@pytest.mark.supports("lambda:ListLayers", "MaxItems, Marker, CompatibleRuntime, CompatibleArchitecture")
@pytest.mark.supports("lambda:ListLayerVersions", "MaxItems, Marker; the latest first")
def test_layers(instant: Any, package: Any) -> None:
    content, control = {"ZipFile": package(files={"python/dep.py": "x = 1\n"})}, instant.lambda_
    for name, runtime in (("one", "python3.12"), ("two", "nodejs22.x"), ("one", "python3.13"), ("one", "python3.12")):
        control.publish_layer_version(LayerName=name, Content=content, CompatibleRuntimes=[runtime])
    found = pages(control.list_layers, "Layers", MaxItems=1)
    assert [names(page, "LayerName") for page in found] == [["one"], ["two"]]
    assert found[0][0]["LatestMatchingVersion"]["Version"] == 3
    matching = control.list_layers(CompatibleRuntime="python3.13")["Layers"]
    assert [(layer["LayerName"], layer["LatestMatchingVersion"]["Version"]) for layer in matching] == [("one", 2)]
    assert control.list_layers(CompatibleArchitecture="arm64")["Layers"] == []
    versions = pages(control.list_layer_versions, "LayerVersions", LayerName="one", MaxItems=2)
    assert [names(page, "Version") for page in versions] == [[3, 2], [1]]
    by_arn = control.list_layer_versions(LayerName=found[0][0]["LayerArn"])["LayerVersions"]
    assert names(by_arn, "Version") == [3, 2, 1]


@pytest.mark.supports("lambda:ListEventSourceMappings", "MaxItems, Marker, by source or by function")
def test_event_source_mappings(instant: Any, echo: bytes) -> None:
    queues, control = instant.client("sqs"), instant.lambda_
    functions = [instant.create(echo), instant.create(echo)]
    for number in range(4):
        url = queues.create_queue(QueueName=f"q{number}")["QueueUrl"]
        arn = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        control.create_event_source_mapping(EventSourceArn=arn, FunctionName=functions[number % 2])
    found = pages(control.list_event_source_mappings, "EventSourceMappings", MaxItems=3)
    assert [len(page) for page in found] == [3, 1]
    assert len({mapping["UUID"] for page in found for mapping in page}) == 4
    arn = control.get_function(FunctionName=functions[0])["Configuration"]["FunctionArn"]
    for name in (functions[0], arn):
        mine = control.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
        assert {mapping["FunctionArn"] for mapping in mine} == {arn}
        assert len(mine) == 2


@pytest.mark.supports("lambda:ListFunctionUrlConfigs", "the URL of a function")
def test_function_urls(instant: Any, echo: bytes) -> None:
    name = instant.create(echo)
    assert instant.lambda_.list_function_url_configs(FunctionName=name)["FunctionUrlConfigs"] == []
    instant.lambda_.create_function_url_config(FunctionName=name, AuthType="NONE")
    (found,) = instant.lambda_.list_function_url_configs(FunctionName=name)["FunctionUrlConfigs"]
    assert found["AuthType"] == "NONE"


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        ({"MaxItems": 10_001}, "ValidationException", "Value '10001' at 'maxItems' failed to satisfy constraint"),
        ({"FunctionVersion": "SOME"}, "ValidationException", "Member must satisfy enum value set: [ALL]"),
        ({"MasterRegion": "us-east-1"}, "InvalidParameterValueException", "FunctionVersion must be set to ALL"),
        ({"Marker": "page 2"}, "InvalidParameterValueException", "Invalid Marker"),
    ],
)
def test_what_is_no_page(instant: Any, options: dict[str, Any], code: str, words: str) -> None:
    with pytest.raises(ClientError) as caught:
        instant.lambda_.list_functions(**options)
    error: Any = caught.value.response["Error"]
    assert error["Code"] == code
    assert words in error["Message"]
