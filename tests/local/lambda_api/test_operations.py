"""Every operation of Lambda is answered in Lambda's protocol."""

import json
import urllib.error
import urllib.request
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.session import get_session

from powertune.local.endpoint.unsupported import KEPT_ONLY, LAMBDA_OPERATIONS

RUNTIME = "arn:aws:lambda:us-east-1::runtime:0000"


def sample(shape: Any) -> Any:
    """The least that a parameter of this shape may be."""
    if shape.type_name == "structure":
        return {name: sample(shape.members[name]) for name in shape.required_members}
    if shape.type_name == "string":
        return shape.enum[0] if shape.enum else SAMPLES.get(shape.name, "x" * max(1, shape.metadata.get("min", 1)))
    if shape.type_name == "list":
        return [sample(shape.member)] * shape.metadata.get("min", 0)
    made: dict[str, Any] = {"integer": 60, "long": 1, "boolean": True, "map": {}, "blob": b"{}"}
    return made[shape.type_name]


SAMPLES = {"FunctionVersion": "1", "Qualifier": "1"}
MODEL = get_session().get_service_model("lambda")


@pytest.mark.parametrize("operation", MODEL.operation_names)
def test_every_operation_is_answered(cloud: Any, operation: str) -> None:
    model = MODEL.operation_model(operation)
    parameters = sample(model.input_shape) if model.input_shape else {}
    name = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in operation).lstrip("_")
    try:
        getattr(cloud.lambda_, name)(**parameters)
    except ClientError as error:
        response = error.response
        assert response["Error"]["Code"] != str(response["ResponseMetadata"]["HTTPStatusCode"])
        assert response["Error"]["Message"]
        refused = response["Error"]["Code"] == "NotImplementedException"
        assert refused == (operation in LAMBDA_OPERATIONS), response
        assert not refused or f"lambda:{operation}" in response["Error"]["Message"]
        assert refused == (response["ResponseMetadata"]["HTTPStatusCode"] == 501)
    else:
        assert operation not in LAMBDA_OPERATIONS


def test_what_is_not_supported_exists() -> None:
    assert {*LAMBDA_OPERATIONS, *KEPT_ONLY} <= set(MODEL.operation_names)


def test_a_path_that_does_not_exist(cloud: Any) -> None:
    path = "/2015-03-31/nothing/here"
    request = urllib.request.Request(f"{cloud.aws.endpoint_url}{path}", headers=cloud.sign(path))
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    assert caught.value.code == 404
    assert caught.value.headers["x-amzn-ErrorType"] == "UnknownOperationException"
    assert json.loads(caught.value.read())["message"]


@pytest.mark.supports("lambda:GetFunctionRecursionConfig", "Terminate unless it was changed")
@pytest.mark.supports("lambda:PutFunctionRecursionConfig", "is kept; recursive loops are not detected")
def test_recursion(cloud: Any, echo: bytes) -> None:
    name = cloud.create(echo)
    assert cloud.lambda_.get_function_recursion_config(FunctionName=name)["RecursiveLoop"] == "Terminate"
    answer = cloud.lambda_.put_function_recursion_config(FunctionName=name, RecursiveLoop="Allow")
    assert answer["RecursiveLoop"] == "Allow"
    assert cloud.lambda_.get_function_recursion_config(FunctionName=name)["RecursiveLoop"] == "Allow"
    with pytest.raises(ClientError, match=r"at 'recursiveLoop' failed .* enum value set: \[Allow, Terminate\]"):
        cloud.lambda_.put_function_recursion_config(FunctionName=name, RecursiveLoop="Sometimes")
    with pytest.raises(ClientError, match="Function not found"):
        cloud.lambda_.get_function_recursion_config(FunctionName="none")


@pytest.mark.supports("lambda:GetRuntimeManagementConfig", "of $LATEST and of versions, Auto unless it was changed")
@pytest.mark.supports("lambda:PutRuntimeManagementConfig", "is kept; functions run on the runtime of the machine")
def test_runtime_management(cloud: Any, echo: bytes) -> None:
    name = cloud.create(echo)
    arn = cloud.lambda_.publish_version(FunctionName=name)["FunctionArn"]
    read = cloud.lambda_.get_runtime_management_config
    write = cloud.lambda_.put_runtime_management_config
    assert read(FunctionName=name)["UpdateRuntimeOn"] == "Auto"
    answer = write(FunctionName=name, UpdateRuntimeOn="Manual", RuntimeVersionArn=RUNTIME)
    assert (answer["UpdateRuntimeOn"], answer["RuntimeVersionArn"]) == ("Manual", RUNTIME)
    of_version = read(FunctionName=name, Qualifier="1")
    assert (of_version["UpdateRuntimeOn"], of_version["FunctionArn"]) == ("Auto", arn)
    write(FunctionName=name, UpdateRuntimeOn="FunctionUpdate")
    assert "RuntimeVersionArn" not in read(FunctionName=name)
    for options in ({"UpdateRuntimeOn": "Manual"}, {"UpdateRuntimeOn": "Auto", "RuntimeVersionArn": RUNTIME}):
        with pytest.raises(ClientError) as caught:
            write(FunctionName=name, **options)
        assert caught.value.response["Error"]["Code"] == "InvalidParameterValueException"


@pytest.mark.supports("lambda:PutFunctionEventInvokeConfig", "replaces; of a function, a version or an alias")
@pytest.mark.supports("lambda:UpdateFunctionEventInvokeConfig", "changes what is given")
@pytest.mark.supports("lambda:GetFunctionEventInvokeConfig", "what was set")
@pytest.mark.supports("lambda:ListFunctionEventInvokeConfigs", "of all qualifiers")
@pytest.mark.supports("lambda:DeleteFunctionEventInvokeConfig", "of one qualifier")
def test_event_invoke_configs(cloud: Any, echo: bytes) -> None:
    name = cloud.create(echo)
    cloud.lambda_.publish_version(FunctionName=name)
    with pytest.raises(ClientError, match=f"{name}:.LATEST doesn't have an EventInvokeConfig"):
        cloud.lambda_.get_function_event_invoke_config(FunctionName=name)
    with pytest.raises(ClientError, match="at least one of error handling or destination setting"):
        cloud.lambda_.put_function_event_invoke_config(FunctionName=name)
    with pytest.raises(ClientError, match="less than or equal to 2"):
        cloud.lambda_.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=3)
    made = cloud.lambda_.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0)
    assert made["FunctionArn"].endswith(f":{name}:$LATEST")
    assert made["DestinationConfig"] == {"OnSuccess": {}, "OnFailure": {}}
    changed = cloud.lambda_.update_function_event_invoke_config(FunctionName=name, MaximumEventAgeInSeconds=60)
    assert (changed["MaximumRetryAttempts"], changed["MaximumEventAgeInSeconds"]) == (0, 60)
    replaced = cloud.lambda_.put_function_event_invoke_config(FunctionName=name, MaximumEventAgeInSeconds=90)
    assert "MaximumRetryAttempts" not in replaced
    cloud.lambda_.put_function_event_invoke_config(FunctionName=name, Qualifier="1", MaximumRetryAttempts=1)
    listed = cloud.lambda_.list_function_event_invoke_configs(FunctionName=name)["FunctionEventInvokeConfigs"]
    assert [config["FunctionArn"].rsplit(":", 1)[1] for config in listed] == ["$LATEST", "1"]
    cloud.lambda_.delete_function_event_invoke_config(FunctionName=name)
    assert len(cloud.lambda_.list_function_event_invoke_configs(FunctionName=name)["FunctionEventInvokeConfigs"]) == 1


@pytest.mark.supports("lambda:GetFunctionCodeSigningConfig", "no function has one")
def test_no_code_signing(cloud: Any, echo: bytes) -> None:
    assert "CodeSigningConfigArn" not in cloud.lambda_.get_function_code_signing_config(
        FunctionName=cloud.create(echo)
    )
