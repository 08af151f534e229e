"""Names of parameters, results, services and errors."""

from datetime import UTC, datetime
from typing import Any

import pytest

from powertune.local.stepfunctions.naming import boto_service, error_name, model_of
from powertune.local.stepfunctions.shapes import from_response, to_request


def _shapes(service: str, operation: str) -> Any:
    return model_of(service).operation_model(operation)


def test_parameters_are_named_as_the_api_does() -> None:
    wanted = _shapes("logs", "StartQuery").input_shape
    given = {"LogGroupNames": ["a", 1], "QueryString": {"n": [1, 2]}, "Limit": None, "StartTime": 1}
    assert to_request(given, wanted) == {"logGroupNames": ["a", "1"], "queryString": '{"n":[1,2]}', "startTime": 1}
    with pytest.raises(ValueError, match='The field "Nothing" is not supported'):
        to_request({"Nothing": 1}, wanted)
    body = _shapes("s3", "PutObject").input_shape
    assert to_request({"Body": "text"}, body) == {"Body": b'"text"'}
    item = {"Item": {"b": {"B": "text"}, "n": {"NULL": True}}, "TableName": "t"}
    assert to_request(item, _shapes("dynamodb", "PutItem").input_shape) == item


def test_results_are_in_pascal_case_at_every_depth() -> None:
    found = {"results": [[{"field": "a", "value": "b"}]], "status": "Complete", "Other": 1}
    assert from_response(found, _shapes("logs", "GetQueryResults").output_shape) == {
        "Results": [[{"Field": "a", "Value": "b"}]],
        "Status": "Complete",
        "Other": 1,
    }
    item = {"Item": {"my_key": {"SS": ["a"]}, "b": {"B": b"\xff"}}}
    assert from_response(item, _shapes("dynamodb", "GetItem").output_shape) == {
        "Item": {"my_key": {"SS": ["a"]}, "b": {"B": "/w=="}}
    }
    stamp = {"Contents": [{"ETag": "e", "LastModified": datetime(2024, 5, 1, tzinfo=UTC)}]}
    assert from_response(stamp, _shapes("s3", "ListObjectsV2").output_shape) == {
        "Contents": [{"ETag": "e", "LastModified": "2024-05-01T00:00:00.000Z"}]
    }


@pytest.mark.long
def test_names_of_services_and_errors() -> None:
    assert [boto_service(name) for name in ("cloudwatchlogs", "sfn", "s3", "eventbridge")] == [
        "logs", "stepfunctions", "s3", "events",
    ]  # fmt: skip
    assert error_name("s3", "NoSuchKey") == "S3.NoSuchKeyException"
    assert error_name("dynamodb", "ResourceNotFoundException") == "DynamoDb.ResourceNotFoundException"
    assert error_name("lambda", None) == "Lambda.LambdaException"
    with pytest.raises(ValueError, match="no service"):
        boto_service("nothing")
