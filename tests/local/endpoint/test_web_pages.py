"""The embedded AWS runs code: whoever has its key may use it in any way, and web pages in none."""

import http.client
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config

PAGE = {"Origin": "https://evil.example"}
FUNCTIONS = "/2015-03-31/functions"


def ask(
    aws: Any, method: str, path: str, headers: Mapping[str, str], body: bytes | None = None
) -> tuple[int, Mapping[str, str], bytes]:
    """One request, with whatever Host it is to carry."""
    connection = http.client.HTTPConnection(urlsplit(aws.endpoint_url).netloc, timeout=30)
    try:
        connection.request(method, path, body, dict(headers))
        response = connection.getresponse()
        return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", FUNCTIONS, {"signed": "by the key", **PAGE}),
        ("POST", "/moto-api/reset", PAGE),
        ("POST", "/moto-api/reset", {"Origin": "null"}),
        ("GET", FUNCTIONS, {"signed": "by the key", "Sec-Fetch-Site": "cross-site"}),
        ("OPTIONS", FUNCTIONS, {**PAGE, "Access-Control-Request-Method": "POST"}),
        ("GET", FUNCTIONS, {"signed": "by the key", "Host": "evil.example"}),
        ("POST", "/moto-api/reset", {"Host": "evil.example:5000"}),
        ("GET", FUNCTIONS, {"signed": "by the key", "Host": "127.0.0.1.evil.example"}),
        ("GET", f"http://evil.example{FUNCTIONS}", {}),
    ],
)
def test_web_pages_are_not_answered(cloud: Any, echo: bytes, method: str, path: str, headers: dict[str, str]) -> None:
    name = cloud.create(echo)
    given_key = cloud.sign(path) if headers.pop("signed", None) else {}
    status, given, body = ask(cloud.aws, method, path, {**given_key, **headers})
    assert status == 403
    assert body.startswith(b"the embedded AWS ")
    assert not any(header.startswith("access-control") for header in given)
    assert cloud.invoke(name, 1).error is None


def test_no_page_is_permitted_to_read(cloud: Any) -> None:
    for path in (FUNCTIONS, "/moto-api/"):
        status, given, _ = ask(cloud.aws, "GET", path, cloud.sign(path))
        assert status == 200
        assert not any(header.startswith("access-control") for header in given)


@pytest.mark.parametrize("style", ["path", "virtual"])
def test_signed_requests_to_s3_by_both_styles(cloud: Any, style: str) -> None:
    """The client signs for `localhost`; the name need not resolve here, for the test connects by the address."""
    make: Any = boto3.client
    wanted: Any = {"addressing_style": style}
    config = Config(signature_version="s3v4", s3=wanted)
    port, bucket = urlsplit(cloud.aws.endpoint_url).port, f"bucket-{style}"
    s3 = make(
        "s3",
        endpoint_url=f"http://localhost:{port}",
        aws_access_key_id=cloud.aws.environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=cloud.aws.environment["AWS_SECRET_ACCESS_KEY"],
        region_name="us-east-1",
        config=config,
    )
    cloud.client("s3").create_bucket(Bucket=bucket)
    for operation, method, sent in (("put_object", "PUT", b"text"), ("get_object", "GET", None)):
        url = urlsplit(s3.generate_presigned_url(operation, Params={"Bucket": bucket, "Key": "k"}))
        assert url.netloc == (f"{bucket}.localhost:{port}" if style == "virtual" else f"localhost:{port}")
        status, _, body = ask(cloud.aws, method, f"{url.path}?{url.query}", {"Host": url.netloc}, sent)
        assert status == 200
    assert body == b"text"
    assert cloud.client("s3").get_object(Bucket=bucket, Key="k")["Body"].read() == b"text"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]:5000", "lambda.us-east-1.localhost"])
def test_all_names_of_this_machine(cloud: Any, echo: bytes, host: str) -> None:
    name = cloud.create(echo)
    status, _, body = ask(cloud.aws, "GET", FUNCTIONS, cloud.sign(FUNCTIONS, host))
    assert status == 200
    assert name in [function["FunctionName"] for function in json.loads(body)["Functions"]]
