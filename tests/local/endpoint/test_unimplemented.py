"""What the embedded AWS does not support, or fails at, is an error that SDKs understand."""

import http.client
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

JSON = {"Content-Type": "application/x-amz-json-1.1"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
INVOCATIONS = "/2015-03-31/functions/{}/invocations"


def ask(
    cloud: Any, service: str, body: bytes, headers: Mapping[str, str], path: str = "/", method: str = "POST"
) -> tuple[int, str, bytes]:
    """One signed request; the answer's status, type and body."""
    given = cloud.aws.environment
    request = AWSRequest(method, cloud.aws.endpoint_url + path, headers=dict(headers), data=body)
    credentials = Credentials(given["AWS_ACCESS_KEY_ID"], given["AWS_SECRET_ACCESS_KEY"])
    SigV4Auth(credentials, service, "us-east-1").add_auth(request)
    connection = http.client.HTTPConnection(urlsplit(cloud.aws.endpoint_url).netloc, timeout=30)
    try:
        connection.request(method, path, body, dict(request.headers.items()))
        response = connection.getresponse()
        return response.status, response.headers["Content-Type"], response.read()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "what"),
    [
        ("bedrock", "list_foundation_models", {}, "bedrock list_foundation_models"),
        ("service-quotas", "list_services", {}, "servicequotas ListServices"),
        ("cloudwatch", "describe_anomaly_detectors", {}, "monitoring DescribeAnomalyDetectors"),
        ("stepfunctions", "redrive_execution", {"executionArn": "arn:x"}, "states RedriveExecution"),
        ("logs", "list_anomalies", {}, "logs ListAnomalies"),
        ("iam", "get_mfa_device", {"SerialNumber": "1" * 9}, "iam GetMFADevice"),
        ("ec2", "describe_fast_snapshot_restores", {}, "ec2 DescribeFastSnapshotRestores"),
        ("route53", "list_cidr_collections", {}, "route53 GET /2013-04-01/cidrcollection"),
        ("apigatewayv2", "list_portals", {}, "apigateway GET /v2/portals"),
        ("gamelift", "list_builds", {}, "gamelift"),
    ],
)  # fmt: skip
def test_what_is_not_supported_says_so(
    cloud: Any, service: str, operation: str, arguments: dict[str, Any], what: str
) -> None:
    with pytest.raises(ClientError) as caught:
        getattr(cloud.client(service), operation)(**arguments)
    answer: Any = caught.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert answer["Error"]["Code"] == "NotImplementedException"
    assert answer["Error"]["Message"] == f"the embedded AWS does not support {what}"


@pytest.mark.parametrize("target", ["Logs_20140328.Nope", "Nope_1.Nope", "", "..."])
def test_an_unknown_target(cloud: Any, target: str) -> None:
    status, kind, body = ask(cloud, "logs", b"{}", {**JSON, "X-Amz-Target": target})
    assert (status, kind, json.loads(body)["__type"]) == (501, "application/json", "NotImplementedException")


def test_an_unknown_action_of_the_query_protocol(cloud: Any) -> None:
    status, kind, body = ask(cloud, "sns", b"Action=No%3Cpe&Version=2010-03-31", FORM)
    assert (status, kind) == (501, "text/xml")
    assert b"<Message>the embedded AWS does not support sns No&lt;pe</Message>" in body


def test_an_unknown_operation_of_cbor(cloud: Any) -> None:
    path = "/service/GraniteServiceVersion20100801/operation/" + "Nope" * 60
    headers = {"smithy-protocol": "rpc-v2-cbor", "Content-Type": "application/cbor"}
    status, kind, body = ask(cloud, "monitoring", b"\xa0", headers, path)
    assert (status, kind) == (501, "application/cbor")
    message = b"the embedded AWS does not support monitoring " + b"Nope" * 60
    assert body.endswith(b"\x79" + len(message).to_bytes(2, "big") + message)


@pytest.mark.parametrize("body", [b"{nope", b"[]", b"\xff", b"[" * 100_000])
@pytest.mark.parametrize(
    ("service", "target"),
    [
        ("logs", "Logs_20140328.DescribeLogGroups"),
        ("dynamodb", "DynamoDB_20120810.GetItem"),
        ("ssm", "AmazonSSM.GetParameter"),
    ],
)
def test_a_body_that_is_no_json(cloud: Any, service: str, target: str, body: bytes) -> None:
    status, _, answer = ask(cloud, service, body, {**JSON, "X-Amz-Target": target})
    assert (status, json.loads(answer)["__type"]) == (400, "SerializationException")


def test_a_body_that_is_no_json_for_a_path(cloud: Any) -> None:
    status, _, answer = ask(cloud, "apigateway", b"{nope", {"Content-Type": "application/json"}, "/restapis")
    assert (status, json.loads(answer)["__type"]) == (400, "SerializationException")


def test_a_failure_of_moto_is_told_in_one_line(cloud: Any) -> None:
    status, kind, body = ask(cloud, "s3", b"<a", {}, "/no-such-bucket?lifecycle", "PUT")
    assert (status, kind) == (500, "application/xml")
    assert b"<Code>InternalError</Code><Message>the embedded AWS failed at this request: ExpatError: " in body


def test_objects_may_look_like_errors(cloud: Any) -> None:
    """What S3 keeps is what it answers: JSON that is none, and pages."""
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="looks")
    for key, kind, body in (
        ("a.json", "application/json", b"{nope"),
        ("a.html", "text/html", b"<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>"),
    ):
        s3.put_object(Bucket="looks", Key=key, Body=body, ContentType=kind)
        answer = s3.get_object(Bucket="looks", Key=key)
        assert (answer["Body"].read(), answer["ContentType"]) == (body, kind)


@pytest.mark.supports("lambda:Invoke", "any Content-Type, such as that of curl")
@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "x", ""])
def test_lambda_takes_any_content_type(cloud: Any, echo: bytes, kind: str) -> None:
    name = cloud.create(echo)
    status, _, body = ask(cloud, "lambda", b'{"a": "b=c&d"}', {"Content-Type": kind}, INVOCATIONS.format(name))
    assert (status, json.loads(body)["event"]) == (200, {"a": "b=c&d"})
