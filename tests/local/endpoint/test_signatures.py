"""The embedded AWS answers those who have its key, whatever client signs, and refuses everybody else as AWS does."""

import http.client
import json
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from powertune.local.embedded import EmbeddedAWS

ONCE: Any = {"total_max_attempts": 1}


def a_client(
    aws: EmbeddedAWS, service: str, *, key: str | None = None, secret: str | None = None, **more: Any
) -> Any:
    make: Any = boto3.client
    config = Config(retries=ONCE).merge(more.pop("config", Config()))
    return make(
        service,
        endpoint_url=aws.endpoint_url,
        aws_access_key_id=key or aws.environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=secret or aws.environment["AWS_SECRET_ACCESS_KEY"],
        region_name="us-east-1",
        config=config,
        **more,
    )


def ask(
    aws: EmbeddedAWS, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(urlsplit(aws.endpoint_url).netloc, timeout=30)
    try:
        connection.request(method, path, body, dict(headers or {}))
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


CALLS: dict[str, tuple[str, dict[str, Any], str | None, str | None]] = {
    "lambda": ("list_functions", {}, "UnrecognizedClientException", "InvalidSignatureException"),
    "dynamodb": ("list_tables", {}, "UnrecognizedClientException", "InvalidSignatureException"),
    "logs": ("describe_log_groups", {}, "UnrecognizedClientException", "InvalidSignatureException"),
    "stepfunctions": ("list_state_machines", {}, "UnrecognizedClientException", "InvalidSignatureException"),
    "cloudwatch": ("list_metrics", {}, None, None),
    "sts": ("get_caller_identity", {}, "InvalidClientTokenId", "SignatureDoesNotMatch"),
    "iam": ("list_roles", {}, "InvalidClientTokenId", "SignatureDoesNotMatch"),
    "sns": ("list_topics", {}, "InvalidClientTokenId", "SignatureDoesNotMatch"),
    "sqs": ("list_queues", {}, None, None),
    "s3": ("list_buckets", {}, "InvalidAccessKeyId", "SignatureDoesNotMatch"),
    "route53": ("list_hosted_zones", {}, "InvalidClientTokenId", "SignatureDoesNotMatch"),
}


@pytest.mark.parametrize("service", CALLS)
def test_wrong_keys_are_refused_in_the_words_of_the_service(cloud: Any, service: str) -> None:
    method, options, unknown_key, mismatch = CALLS[service]
    aws = cloud.aws
    getattr(a_client(aws, service), method)(**options)
    secret = aws.environment["AWS_SECRET_ACCESS_KEY"]
    wrong = (
        {"key": "testing", "secret": "testing"},
        {"key": "AKIA" + "A" * 16, "secret": secret},
        {"secret": "testing"},
    )
    for keys, code in zip(wrong, (unknown_key, unknown_key, mismatch), strict=True):
        with pytest.raises(ClientError) as caught:
            getattr(a_client(aws, service, **keys), method)(**options)
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
        assert code in (None, caught.value.response["Error"]["Code"])


def test_code_of_a_neighbor_is_not_run(cloud: Any, echo: bytes) -> None:
    """What any account of the machine could do before: create a function, and invoke it."""
    neighbor = a_client(cloud.aws, "lambda", key="testing", secret="testing")
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        neighbor.create_function(
            FunctionName="neighbor", Runtime="python3.12", Handler="app.handler", Role=cloud.aws.role_arn,
            Code={"ZipFile": echo},
        )  # fmt: skip
    name = cloud.create(echo)
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        neighbor.invoke(FunctionName=name)
    assert "neighbor" not in [each["FunctionName"] for each in cloud.lambda_.list_functions()["Functions"]]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/2015-03-31/functions", None),
        ("POST", "/", b"Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn:aws:iam::1:role/r"),
        ("POST", "/moto-api/reset", b""),
        ("GET", "/moto-api/data.json", None),
        ("GET", "/latest/meta-data/iam/security-credentials/", None),
        ("GET", "/bucket/key", None),
        ("GET", "/?Action=ListUsers&Version=2010-05-08", None),
        ("GET", "/_powertune/code/123456789012/us-east-1/00", None),
    ],
)
def test_unsigned_requests_are_refused(cloud: Any, method: str, path: str, body: bytes | None) -> None:
    form = {} if body is None else {"Content-Type": "application/x-www-form-urlencoded"}
    status, answer = ask(cloud.aws, method, path, form, body)
    assert status == 403
    assert b"AccessDenied" in answer or b"MissingAuthenticationToken" in answer


def test_keys_differ_between_servers(cloud: Any) -> None:
    with EmbeddedAWS() as other:
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
        assert all(other.environment[name] != cloud.aws.environment[name] for name in names)
        assert all(len(other.environment[name]) >= 20 for name in names)


def test_the_key_is_in_no_argument(cloud: Any) -> None:
    """The arguments of a process can be read by all users."""
    arguments = Path(f"/proc/{cloud.aws.pid}/cmdline").read_bytes().decode()
    assert "powertune.local.server" in arguments
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        assert cloud.aws.environment[name] not in arguments


USES_ITS_KEY = """
import os, boto3
def handler(event, context):
    assert os.environ["AWS_SESSION_TOKEN"]
    s3 = boto3.client("s3")
    s3.put_object(Bucket=event, Key="k", Body=b"from the function")
    return s3.get_object(Bucket=event, Key="k")["Body"].read().decode()
"""


def test_functions_get_credentials_that_work(cloud: Any, package: Any) -> None:
    cloud.client("s3").create_bucket(Bucket="of-the-function")
    reply = cloud.invoke(cloud.create(package(USES_ITS_KEY)), "of-the-function")
    assert reply.payload == "from the function"


@pytest.fixture
def bucket(cloud: Any) -> str:
    cloud.client("s3").create_bucket(Bucket="signed")
    return "signed"


@pytest.mark.parametrize(
    "key", ["plain", "with space+plus", "ünï/cödé", "a//b/../c/./d", "tilde~(x)!*'", "per%20cent", "a=b&c=d?e"]
)
@pytest.mark.parametrize("checksums", ["when_supported", "when_required"])
def test_any_key_of_s3_is_signed(cloud: Any, bucket: str, key: str, checksums: str) -> None:
    s3 = a_client(cloud.aws, "s3", config=Config(request_checksum_calculation=checksums))  # type: ignore[arg-type]
    s3.put_object(Bucket=bucket, Key=key, Body=b"text", Metadata={"a": "  two  spaces ", "under_score": "1"})
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == b"text"
    assert s3.list_objects_v2(Bucket=bucket, Prefix=key)["KeyCount"] == 1
    s3.delete_object(Bucket=bucket, Key=key)


@pytest.mark.parametrize("version", ["s3v4", "s3", None])
@pytest.mark.parametrize("style", ["path", "virtual"])
def test_presigned_urls_of_s3(cloud: Any, bucket: str, version: str | None, style: Any) -> None:
    port = urlsplit(cloud.aws.endpoint_url).port
    make: Any = boto3.client
    options: Any = {} if version is None else {"signature_version": version}
    s3 = make(
        "s3",
        endpoint_url=f"http://localhost:{port}",
        aws_access_key_id=cloud.aws.environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=cloud.aws.environment["AWS_SECRET_ACCESS_KEY"],
        region_name="us-east-1",
        config=Config(s3={"addressing_style": style}, **options),
    )

    def fetch(method: str, sent: bytes | None, url: str) -> tuple[int, bytes]:
        parts = urlsplit(url)
        return ask(cloud.aws, method, f"{parts.path}?{parts.query}", {"Host": parts.netloc}, sent)

    params = {"Bucket": bucket, "Key": "k ey"}
    assert fetch("PUT", b"text", s3.generate_presigned_url("put_object", Params=params))[0] == 200
    url = s3.generate_presigned_url("get_object", Params=params)
    assert fetch("GET", None, url) == (200, b"text")
    assert fetch("GET", None, url.replace("k%20ey", "other"))[0] == 403
    assert fetch("PUT", b"other", url)[0] == 403
    assert fetch("GET", None, url.replace("Expires=", "Expires=9"))[0] == 403
    assert fetch("GET", None, s3.generate_presigned_url("get_object", Params=params, ExpiresIn=-60))[0] == 403


@pytest.mark.parametrize("service", ["s3", "logs"])
def test_a_body_that_was_not_signed(cloud: Any, bucket: str, service: str) -> None:
    """A signature over one body does not carry another."""
    environment = cloud.aws.environment
    credentials = Credentials(environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"])
    request = AWSRequest("PUT", f"{cloud.aws.endpoint_url}/{bucket}/k", data=b"signed")
    signer = S3SigV4Auth if service == "s3" else SigV4Auth
    signer(credentials, service, "us-east-1").add_auth(request)
    headers = dict(request.headers.items())
    status, answer = ask(cloud.aws, "PUT", f"/{bucket}/k", headers, b"forged")
    assert status == 403
    assert b"Signature" in answer


@pytest.mark.parametrize("content", ["UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"])
def test_bodies_that_the_javascript_sdk_does_not_sign(cloud: Any, bucket: str, content: str) -> None:
    environment = cloud.aws.environment
    credentials = Credentials(environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"])
    body, more = b"streamed", {}
    if content.startswith("STREAMING"):
        body = b"8\r\nstreamed\r\n0\r\nx-amz-checksum-crc32:JRyP0Q==\r\n\r\n"
        more = {"content-encoding": "aws-chunked", "x-amz-decoded-content-length": "8"}
    request = AWSRequest("PUT", f"{cloud.aws.endpoint_url}/{bucket}/streamed", headers=more)

    class Signer(SigV4Auth):
        def _normalize_url_path(self, path: str) -> str:
            return path

    request.headers["x-amz-content-sha256"] = content
    Signer(credentials, "s3", "us-east-1").add_auth(request)
    headers = dict(request.headers.items())
    assert ask(cloud.aws, "PUT", f"/{bucket}/streamed", headers, body)[0] == 200
    assert ask(cloud.aws, "PUT", f"/{bucket}/other", headers, body)[0] == 403
    assert cloud.client("s3").get_object(Bucket=bucket, Key="streamed")["Body"].read() == b"streamed"


def test_names_that_have_to_be_encoded(cloud: Any, echo: bytes) -> None:
    name = cloud.create(echo)
    arn = cloud.lambda_.get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    assert cloud.invoke(arn).error is None
    assert cloud.lambda_.list_tags(Resource=arn)["Tags"] == {}
    assert cloud.lambda_.get_function(FunctionName=name, Qualifier="$LATEST")["Configuration"]["Version"] == "$LATEST"


def test_code_location_is_signed_and_only_for_that_code(cloud: Any, echo: bytes) -> None:
    location = cloud.lambda_.get_function(FunctionName=cloud.create(echo))["Code"]["Location"]
    with urllib.request.urlopen(location) as response:
        assert response.read() == echo
    for forged in (location.partition("?")[0], location.replace("X-Amz-Signature=", "X-Amz-Signature=0")):
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(forged)


def test_keys_that_iam_and_sts_created(cloud: Any) -> None:
    iam, sts = cloud.client("iam"), cloud.client("sts")
    iam.create_user(UserName="somebody")
    made = iam.create_access_key(UserName="somebody")["AccessKey"]
    user = a_client(cloud.aws, "sts", key=made["AccessKeyId"], secret=made["SecretAccessKey"])
    assert user.get_caller_identity()["Arn"].endswith(":user/somebody")
    iam.update_access_key(UserName="somebody", AccessKeyId=made["AccessKeyId"], Status="Inactive")
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        user.get_caller_identity()
    role = sts.assume_role(RoleArn=cloud.aws.role_arn, RoleSessionName="session")["Credentials"]
    keys = {"key": role["AccessKeyId"], "secret": role["SecretAccessKey"]}
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        a_client(cloud.aws, "sts", **keys).get_caller_identity()
    assumed = a_client(cloud.aws, "sts", **keys, aws_session_token=role["SessionToken"])
    assert ":assumed-role/" in assumed.get_caller_identity()["Arn"]


def test_the_published_example_key_of_moto_is_refused(cloud: Any) -> None:
    given = cloud.client("sts").get_session_token()["Credentials"]
    everybody = a_client(
        cloud.aws,
        "sts",
        key=given["AccessKeyId"],
        secret=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        everybody.get_caller_identity()


def test_state_machines_call_lambda(cloud: Any, echo: bytes) -> None:
    """Moto's interpreter is a client of its own server, with made-up keys."""
    name = cloud.create(echo)
    states = cloud.client("stepfunctions")
    invoke = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": name}}
    definition = {"StartAt": "a", "States": {"a": {**invoke, "End": True}}}
    machine = states.create_state_machine(
        name="signed", definition=json.dumps(definition), roleArn=cloud.aws.role_arn
    )["stateMachineArn"]
    execution = states.start_execution(stateMachineArn=machine)["executionArn"]
    for _ in range(300):
        found = states.describe_execution(executionArn=execution)
        if found["status"] != "RUNNING":
            break
        time.sleep(0.1)
    assert found["status"] == "SUCCEEDED", found


@pytest.mark.skipif(shutil.which("aws") is None, reason="the aws command is not installed")
def test_the_command_line_copies_a_file(cloud: Any, bucket: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 9_000_000)
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **cloud.aws.environment}
    command = ["aws", "s3", "cp", str(tmp_path / "file"), f"s3://{bucket}/by cli"]
    outcome = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stderr
    wrong = {**environment, "AWS_SECRET_ACCESS_KEY": "testing"}
    outcome = subprocess.run(command, env=wrong, capture_output=True, text=True, check=False)
    assert outcome.returncode != 0
    assert "SignatureDoesNotMatch" in outcome.stderr


def test_a_large_body_with_a_wrong_key_is_answered(cloud: Any) -> None:
    """Not a broken connection: the refusal comes after what the client sends."""
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        a_client(cloud.aws, "lambda", key="testing", secret="testing").create_function(
            FunctionName="large", Runtime="python3.12", Handler="app.handler", Role=cloud.aws.role_arn,
            Code={"ZipFile": b"\0" * 20_000_000},
        )  # fmt: skip
