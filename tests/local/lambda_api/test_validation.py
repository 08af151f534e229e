"""Requests that are not as the API wants them are refused in AWS's words, whoever sends them."""

import base64
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from botocore.loaders import Loader
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from powertune.local.embedded import EmbeddedAWS
from powertune.local.lambda_api import shapes
from powertune.local.lambda_api.rules import RESERVED_VARIABLES
from powertune.local.settings import Latencies, Settings

MODEL: Any = Loader().load_service_model("lambda", "service-2")
FUNCTIONS = "/2015-03-31/functions"
ALIAS = "(?!^[0-9]+$)([a-zA-Z0-9-_]+)"


@pytest.fixture(scope="module")
def _instant() -> Iterator[EmbeddedAWS]:
    with EmbeddedAWS(Settings(service_latency_ms=0, latencies=Latencies(create_ms=0, update_ms=0))) as aws:
        yield aws


@pytest.fixture
def instant(_instant: EmbeddedAWS, connect: Any) -> Any:
    return connect(_instant)


def send(aws: EmbeddedAWS, method: str, path: str, body: bytes = b"") -> tuple[int, str, bytes]:
    """A signed request of any kind; its status, content type and body."""
    given = aws.environment
    request = AWSRequest(method, aws.endpoint_url + path, data=body, headers={"Content-Type": "application/json"})
    credentials = Credentials(given["AWS_ACCESS_KEY_ID"], given["AWS_SECRET_ACCESS_KEY"])
    SigV4Auth(credentials, "lambda", "us-east-1").add_auth(request)
    request_ = urllib.request.Request(str(request.url), body or None, dict(request.headers.items()), method=method)
    try:
        with urllib.request.urlopen(request_) as response:
            return response.status, response.headers["Content-Type"], response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["Content-Type"], error.read()


def refused(call: Callable[..., Any], **options: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**options)
    error: Any = caught.value.response["Error"]
    return error["Code"], error["Message"]


def invalid(value: str, at: str, constraint: str) -> str:
    clause = f"Value '{value}' at '{at}' failed to satisfy constraint: Member must {constraint}"
    return f"1 validation error detected: {clause}"


def new(cloud: Any, package: bytes, **options: Any) -> dict[str, Any]:
    return {
        "FunctionName": f"fn-{next(cloud.names)}", "Role": cloud.aws.role_arn, "Code": {"ZipFile": package},
        "Runtime": "python3.12", "Handler": "app.handler", **options,
    }  # fmt: skip


@pytest.mark.supports("lambda:CreateAlias", "names are checked: no numbers, no spaces, at most 128 characters")
@pytest.mark.parametrize("name", ["1", "007", "a b", "ü", "a.b", "$LATEST", "n\n"])
def test_names_of_aliases(instant: Any, echo: bytes, name: str) -> None:
    function = instant.create(echo)
    create = instant.lambda_.create_alias
    expected = invalid(name, "name", f"satisfy regular expression pattern: {ALIAS}")
    assert refused(create, FunctionName=function, Name=name, FunctionVersion="$LATEST") == (
        "ValidationException", expected,
    )  # fmt: skip
    long = "n" * 129
    expected = invalid(long, "name", "have length less than or equal to 128")
    assert refused(create, FunctionName=function, Name=long, FunctionVersion="$LATEST")[1] == expected
    assert instant.lambda_.list_aliases(FunctionName=function)["Aliases"] == []


def test_all_that_is_wrong_is_said_at_once(instant: Any, echo: bytes) -> None:
    path = f"{FUNCTIONS}/{instant.create(echo)}/aliases"
    status, kind, body = send(instant.aws, "POST", path, json.dumps({"Name": "1", "Description": "d" * 257}).encode())
    assert (status, kind) == (400, "application/json")
    document = json.loads(body)
    assert document["__type"] == "ValidationException"
    assert document["message"].startswith("3 validation errors detected: Value '1' at 'name' failed")
    assert "; Value null at 'functionVersion' failed to satisfy constraint: Member must not be null" in str(document)
    assert document["message"].endswith(
        "at 'description' failed to satisfy constraint: Member must have length less than or equal to 256"
    )


@pytest.mark.supports("lambda:CreateFunction", "names, ARNs and qualifiers are checked")
@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("a b", "InvalidParameterValueException", "Value 'a b' at 'functionName' failed to satisfy constraint"),
        ("n" * 65, "InvalidParameterValueException", "Member must have length less than or equal to 64"),
        ("fn:1", "ValidationException", "Value 'fn:1' at 'functionName' failed"),
        ("fn:a b", "ValidationException", "Value 'fn:a b' at 'functionName' failed"),
        (
            "arn:aws:lambda:eu-west-1:123456789012:function:fn",
            "ResourceNotFoundException",
            "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')",
        ),
        ("arn:aws:lambda:us-east-1:210987654321:function:fn", "AccessDeniedException", "is not authorized"),
        ("210987654321:function:fn", "AccessDeniedException", "is not authorized"),
    ],
)
def test_names_of_functions(instant: Any, echo: bytes, name: str, code: str, words: str) -> None:
    got = refused(instant.lambda_.create_function, **new(instant, echo, FunctionName=name))
    assert got[0] == code
    assert words in got[1]


@pytest.mark.supports("lambda:GetFunction", "names, partial and full ARNs, with and without a qualifier")
def test_every_form_of_a_name(instant: Any, echo: bytes) -> None:
    name = instant.create(echo)
    for start in ("", "function:", "123456789012:function:", "arn:aws:lambda:us-east-1:123456789012:function:"):
        for end in ("", ":$LATEST"):
            shown = instant.lambda_.get_function(FunctionName=f"{start}{name}{end}")["Configuration"]
            assert shown["FunctionArn"].endswith(f":{name}{end}")
    words = "The derived qualifier from the function name does not match the specified qualifier."
    got = refused(instant.lambda_.get_function, FunctionName=f"{name}:1", Qualifier="2")
    assert got == ("InvalidParameterValueException", words)
    assert refused(instant.lambda_.invoke, FunctionName=f"{name}:a b")[0] == "ValidationException"
    assert refused(instant.lambda_.invoke, FunctionName=name, Qualifier="a.b")[0] == "ValidationException"


@pytest.mark.supports("lambda:UpdateFunctionConfiguration", "a qualified name is refused")
def test_names_of_versions_where_functions_are_changed(instant: Any, echo: bytes) -> None:
    name, control = instant.create(echo), instant.lambda_
    control.publish_version(FunctionName=name)
    for call, options in (
        (control.update_function_configuration, {"MemorySize": 256}),
        (control.update_function_code, {"ZipFile": echo}),
        (control.publish_version, {}),
        (control.create_alias, {"Name": "a", "FunctionVersion": "1"}),
        (control.put_function_concurrency, {"ReservedConcurrentExecutions": 1}),
    ):
        code, message = refused(call, FunctionName=f"{name}:1", **options)
        assert code == "InvalidParameterValueException"
        assert message.startswith("This operation is permitted on Lambda functions only.")
    arn = control.get_function(FunctionName=name, Qualifier="1")["Configuration"]["FunctionArn"]
    assert refused(control.list_tags, Resource=arn)[1].startswith("Tags on function aliases and versions are not")
    assert refused(control.list_tags, Resource=name)[0] == "ValidationException"
    assert refused(control.delete_function, FunctionName=f"{name}:$LATEST")[0] == "InvalidParameterValueException"


V, W = "ValidationException", "InvalidParameterValueException"
LAYER = "arn:aws:lambda:us-east-1:123456789012:layer"
SETTINGS: tuple[tuple[dict[str, Any], str, str], ...] = (
    ({"MemorySize": 127}, V, invalid("127", "memorySize", "have value greater than or equal to 128")),
    ({"MemorySize": 10241}, V, invalid("10241", "memorySize", "have value less than or equal to 10240")),
    ({"Timeout": 0}, V, invalid("0", "timeout", "have value greater than or equal to 1")),
    ({"Timeout": 901}, V, invalid("901", "timeout", "have value less than or equal to 900")),
    (
        {"EphemeralStorage": {"Size": 511}},
        V,
        invalid("511", "ephemeralStorage.size", "have value greater than or equal to 512"),
    ),
    ({"EphemeralStorage": {"Size": 10241}}, V, "have value less than or equal to 10240"),
    (
        {"Description": "d" * 257},
        V,
        invalid("d" * 257, "description", "have length less than or equal to 256"),
    ),
    ({"Handler": "a b"}, V, invalid("a b", "handler", r"satisfy regular expression pattern: [^\s]+")),
    ({"Role": "me"}, V, "Value 'me' at 'role' failed to satisfy constraint: Member must satisfy regular expression"),
    (
        {"Runtime": "cobol"},
        W,
        "Value cobol at 'runtime' failed to satisfy constraint: Member must satisfy enum",
    ),
    (
        {"TracingConfig": {"Mode": "Loud"}},
        V,
        invalid("Loud", "tracingConfig.mode", "satisfy enum value set: [Active, PassThrough]"),
    ),
    ({"SnapStart": {"ApplyOn": "All"}}, V, "Value 'All' at 'snapStart.applyOn' failed to satisfy constraint"),
    ({"LoggingConfig": {"LogGroup": "a b"}}, V, "Value 'a b' at 'loggingConfig.logGroup' failed"),
    (
        {"Layers": ["x"]},
        V,
        "Value '[x]' at 'layers' failed to satisfy constraint: Member must satisfy constraint: [Member must have "
        "length less than or equal to 2048, Member must have length greater than or equal to 1, Member must satisfy",
    ),
    ({"Layers": [f"{LAYER}:l{n}:1" for n in range(6)]}, W, "Cannot reference more than 5 layers."),
    ({"Layers": [f"{LAYER}:l:{n}" for n in (1, 2)]}, W, "Two different versions of the same layer are not allowed"),
    ({"Layers": [f"{LAYER}:l:1".replace("us-east", "eu-west")]}, W, "Layers are not in the same region as the"),
    (
        {"Environment": {"Variables": {"1A": "x"}}},
        V,
        "Value at 'environment.variables' failed to satisfy constraint: Map keys must satisfy constraint: [Member "
        "must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+, Member must not be null]",
    ),
    (
        {"Environment": {"Variables": {"AWS_REGION": "x", "KEY": "y"}}},
        W,
        "contains reserved keys that are currently not supported for modification. "
        "Reserved keys used in this request: AWS_REGION",
    ),
    ({"Environment": {"Variables": {"KEY": "x" * 4087}}}, W, 'exceeded the 4KB limit. String measured: {"KEY":"xxx'),
    ({"VpcConfig": {"SubnetIds": ["net"]}}, V, "Value '[net]' at 'vpcConfig.subnetIds' failed"),
)


@pytest.mark.supports("lambda:CreateFunction", "configuration is checked against the API's model and Lambda's rules")
@pytest.mark.supports("lambda:UpdateFunctionConfiguration", "configuration is checked as at creation")
@pytest.mark.parametrize(("given", "code", "words"), SETTINGS, ids=lambda value: str(value)[:40])
def test_settings(instant: Any, echo: bytes, given: dict[str, Any], code: str, words: str) -> None:
    name = instant.create(echo)
    before = instant.lambda_.get_function_configuration(FunctionName=name)["RevisionId"]
    control = unchecked(instant)
    for call, request in (
        (control.create_function, {**new(instant, echo), **given}),
        (control.update_function_configuration, {"FunctionName": name, **given}),
    ):
        got = refused(call, **request)
        assert got[0] == code
        assert words in got[1]
    assert instant.lambda_.get_function_configuration(FunctionName=name)["RevisionId"] == before


def unchecked(cloud: Any) -> Any:
    """A client that sends what botocore's own checks would keep back, too."""
    make: Any = boto3.client
    given = cloud.aws.environment
    return make(
        "lambda", endpoint_url=cloud.aws.endpoint_url, region_name="us-east-1",
        aws_access_key_id=given["AWS_ACCESS_KEY_ID"], aws_secret_access_key=given["AWS_SECRET_ACCESS_KEY"],
        config=Config(parameter_validation=False, retries={"total_max_attempts": 1}),
    )  # fmt: skip


@pytest.mark.supports("lambda:CreateFunction", "reserved environment variables and 4 KB of variables")
def test_the_limits_themselves_are_allowed(instant: Any, echo: bytes) -> None:
    variables = {"KEY": "x" * 4086}
    assert len(json.dumps(variables, separators=(",", ":"))) == 4096
    tags = {"a:b/c=d+e-f@g.h_i ü": "ß", "k" * 128: "v" * 256}
    name = instant.create(
        echo, Environment={"Variables": variables}, Description="d" * 256, Timeout=900, MemorySize=128,
        EphemeralStorage={"Size": 10240}, Tags=tags,
    )  # fmt: skip
    assert instant.lambda_.get_function(FunctionName=name)["Tags"] == tags
    instant.configure(name, MemorySize=10240)
    for key in sorted(RESERVED_VARIABLES - {"_HANDLER", "_X_AMZN_TRACE_ID"}):
        changes = {"FunctionName": name, "Environment": {"Variables": {key: "x"}}}
        assert key in refused(instant.lambda_.update_function_configuration, **changes)[1]


def test_what_a_new_function_needs(instant: Any, echo: bytes) -> None:
    create = instant.lambda_.create_function
    for missing in ("Runtime", "Handler"):
        request = new(instant, echo)
        del request[missing]
        assert refused(create, **request) == (
            "InvalidParameterValueException",
            "Runtime and Handler are mandatory parameters for functions created with deployment packages.",
        )
    for code, words in (
        ({}, "Please provide a source for function code."),
        ({"S3Bucket": "bucket"}, "Please provide a source for function code."),
        (
            {"ZipFile": echo, "S3Bucket": "bucket", "S3Key": "k"},
            "Please do not provide other FunctionCode parameters",
        ),
        ({"ImageUri": "x"}, "Please don't provide ImageUri"),
    ):
        assert words in refused(create, **new(instant, echo, Code=code))[1]
    assert refused(create, **new(instant, echo, Tags={"a!": "b"}))[0] == "ValidationException"
    assert refused(create, **new(instant, echo, Architectures=["sparc"]))[1] == invalid(
        "[sparc]", "architectures",
        "satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], Member must not be null]",
    )  # fmt: skip
    unknown = "arn:aws:iam::123456789012:role/nobody"
    assert "cannot be assumed by Lambda" in refused(create, **new(instant, echo, Role=unknown))[1]


WEIGHTS = "at 'routingConfig.additionalVersionWeights' failed to satisfy constraint: Map"
ROUTING: tuple[tuple[str, dict[str, float], str, str], ...] = (
    (
        "1",
        {"2": 1.5},
        V,
        f"Value '{{2=1.5}}' {WEIGHTS} value must satisfy constraint: [Member must have value less than or equal to "
        "1.0, Member must have value greater than or equal to 0.0, Member must not be null]",
    ),
    ("1", {"2": -0.1}, V, f"Value '{{2=-0.1}}' {WEIGHTS} value must"),
    (
        "1",
        {"live": 0.5},
        V,
        f"Value '{{live=0.5}}' {WEIGHTS} keys must satisfy constraint: [Member must have length less than or equal "
        "to 1024, Member must have length greater than or equal to 1, Member must satisfy regular expression "
        "pattern: [0-9]+, Member must not be null]",
    ),
    ("1", {"1": 0.5}, W, "Invalid function version 1. Function version 1 is already included in routing"),
    ("1", {"2": 0.5, "3": 0.1}, W, "Number of items in AdditionalVersionWeights cannot be greater than 1"),
    ("$LATEST", {"1": 0.5}, W, "$LATEST is not supported for an alias pointing to more than 1 version"),
)


@pytest.mark.supports("lambda:CreateAlias", "weights between 0 and 1 of one other version")
def test_routing(instant: Any, echo: bytes) -> None:
    name, control = instant.create(echo), unchecked(instant)
    control.publish_version(FunctionName=name)
    instant.configure(name, Description="2")
    control.publish_version(FunctionName=name)
    for version, weights, code, words in ROUTING:
        routing = {"AdditionalVersionWeights": weights}
        create = {"FunctionName": name, "Name": "a", "FunctionVersion": version, "RoutingConfig": routing}
        got = refused(control.create_alias, **create)
        assert got[0] == code
        assert words in got[1]
    routing = {"AdditionalVersionWeights": {"2": 1.0}}
    control.create_alias(FunctionName=name, Name="a", FunctionVersion="1", RoutingConfig=routing)
    got = refused(control.update_alias, FunctionName=name, Name="a", FunctionVersion="2")
    assert got[0] == "InvalidParameterValueException"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"not JSON", "InvalidRequestContentException"),
        (b"\xff\xfe", "InvalidRequestContentException"),
        (b"[" * 100_000, "InvalidRequestContentException"),
        (b"[1]", "SerializationException"),
        (b'{"MemorySize": "512"}', "SerializationException"),
        (b'{"MemorySize": 512.5}', "SerializationException"),
        (b'{"MemorySize": true}', "SerializationException"),
        (b'{"MemorySize": 1e400}', "SerializationException"),
        (b'{"Description": 5}', "SerializationException"),
        (b'{"Description": "\\ud800"}', "SerializationException"),
        (b'{"Layers": "x"}', "SerializationException"),
        (b'{"Environment": []}', "SerializationException"),
    ],
)
def test_bodies_of_other_kinds(instant: Any, echo: bytes, body: bytes, code: str) -> None:
    path = f"{FUNCTIONS}/{instant.create(echo)}/configuration"
    status, kind, answer = send(instant.aws, "PUT", path, body)
    assert (status, kind, json.loads(answer)["__type"]) == (400, "application/json", code)


def test_null_is_nothing_and_what_is_unknown_is_ignored(instant: Any, echo: bytes) -> None:
    path = f"{FUNCTIONS}/{instant.create(echo, MemorySize=256)}/configuration"
    body = b'{"MemorySize": null, "Description": "d", "Colour": {"a": [1]}}'
    status, _, answer = send(instant.aws, "PUT", path, body)
    document = json.loads(answer)
    assert (status, document["MemorySize"], document["Description"]) == (200, 256, "d")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/2015-03-31/nothing"),
        ("PATCH", FUNCTIONS),
        ("GET", "/2021-07-20/functions/fn/no-such-config"),
        ("POST", "/2015-03-31/functions/a/b/c/d"),
        ("GET", "/%0A"),
    ],
)
def test_operations_that_there_are_not(instant: Any, method: str, path: str) -> None:
    status, kind, body = send(instant.aws, method, path)
    assert (status, kind) == (404, "application/json")
    assert json.loads(body)["__type"] == "UnknownOperationException"


def test_an_action_that_a_query_names(instant: Any) -> None:
    """Moto believes it in any service."""
    for action, status in (("CallAction", 404), ("GetPolicy", 400), ("ListFunctions", 200)):
        assert send(instant.aws, "GET", f"/?Action={action}")[0] == status


def test_requests_are_for_the_region_that_they_are_signed_for(instant: Any) -> None:
    given = instant.aws.environment
    keys = {"aws_access_key_id": given["AWS_ACCESS_KEY_ID"], "aws_secret_access_key": given["AWS_SECRET_ACCESS_KEY"]}
    make: Any = boto3.client
    elsewhere = make("lambda", endpoint_url=instant.aws.endpoint_url, region_name="eu-west-1", **keys)
    assert elsewhere.list_functions()["Functions"] == []
    nowhere = make("lambda", endpoint_url=instant.aws.endpoint_url, region_name="mars-north-1", **keys)
    assert refused(nowhere.list_functions) == (
        "InvalidSignatureException", "Credential should be scoped to a valid region.",
    )  # fmt: skip


def test_the_model_can_be_checked_by() -> None:
    for name in MODEL["operations"]:
        operation = shapes.operation(name)
        list(shapes.violations(operation.inputs, {}))
        assert operation.path.search(MODEL["operations"][name]["http"]["requestUri"].split("?")[0])


OPERATIONS = sorted(MODEL["operations"])
TEXTS = (
    "fn", "fn:1", "fn:live", "$LATEST", "1", "live", "sid", "lambda:InvokeFunction", "s3.amazonaws.com", "python3.12",
    "arn:aws:iam::123456789012:role/powertune-local", "arn:aws:lambda:us-east-1:123456789012:function:fn",
    "arn:aws:lambda:us-east-1:123456789012:layer:deps:1", "arn:aws:sqs:us-east-1:123456789012:q", "deps",
)  # fmt: skip
GARBAGE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=6,
)


def likely(name: str, depth: int = 0) -> st.SearchStrategy[Any]:
    """Values of a shape's type, many of which are right."""
    shape = MODEL["shapes"][name]
    kind = shape["type"]
    if kind == "structure":
        members = shape.get("members", {}) if depth < 3 else {}
        parts = {key: likely(member["shape"], depth + 1) for key, member in members.items()}
        wanted = set(shape.get("required", ()))
        return st.fixed_dictionaries(
            {key: part for key, part in parts.items() if key in wanted},
            optional={key: part for key, part in parts.items() if key not in wanted},
        )
    if kind == "list":
        return st.lists(likely(shape["member"]["shape"], depth + 1), max_size=2)
    if kind == "map":
        return st.dictionaries(
            st.sampled_from(["KEY", "1", "2"]), likely(shape["value"]["shape"], depth + 1), max_size=2
        )
    if kind == "string":
        return st.sampled_from([*shape.get("enum", TEXTS)[:20]])
    if kind == "blob":
        return st.sampled_from([base64.b64encode(b"x").decode(), ""])
    return st.booleans() if kind == "boolean" else st.sampled_from([0, 1, 2, 128, 512, 100_000])


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, str, bytes]:
    """A request to some operation: mostly of the right types, with something wrong here and there."""
    model = MODEL["operations"][draw(st.sampled_from(OPERATIONS))]
    shape = MODEL["shapes"][model["input"]["shape"]]
    path: str = model["http"]["requestUri"]
    query: dict[str, Any] = {}
    body: dict[str, Any] = {}
    for name, member in shape.get("members", {}).items():
        value = draw(GARBAGE if draw(st.integers(0, 9)) == 0 else likely(member["shape"]))
        where, wire = member.get("location"), member.get("locationName", name)
        if where == "uri":
            path = path.replace("{" + wire + "}", urllib.parse.quote(str(value) or "x", safe=""))
        elif name in shape.get("required", ()) or draw(st.integers(0, 2)) == 0:
            (query if where == "querystring" else body)[wire] = value
    texts = {key: str(value) for key, value in query.items()}
    tail = urllib.parse.urlencode(texts, errors="replace", quote_via=urllib.parse.quote)
    whole = path + (("&" if "?" in path else "?") + tail if tail else "")
    return model["http"]["method"], whole, json.dumps(body).encode()


@settings(suppress_health_check=list(HealthCheck), deadline=None, max_examples=200)
@given(requests())
def test_garbage_is_refused_in_words_of_lambda(instant: Any, zipped: str, sent: tuple[str, str, bytes]) -> None:
    method, path, body = sent
    _, _, known = send(instant.aws, "GET", f"{FUNCTIONS}/fn")
    if b"Configuration" not in known:
        role = instant.aws.role_arn
        wanted = {"FunctionName": "fn", "Role": role, "Code": {"ZipFile": zipped}, "Runtime": "provided.al2023"}
        status, _, answer = send(instant.aws, "POST", FUNCTIONS, json.dumps({**wanted, "Handler": "x"}).encode())
        assert status == 201, answer
    status, kind, answer = send(instant.aws, method, path, body)
    if path.endswith("/invocations") or "/invocations?" in path:
        return
    refused = status == 501 and json.loads(answer)["__type"] == "NotImplementedException"
    assert status < 500 or refused, (method, path, body, answer)
    if status >= 400:
        assert kind == "application/json", (status, kind, answer)
        assert {"__type", "Message"} & set(json.loads(answer)), answer


@pytest.fixture
def zipped(package: Any) -> str:
    """A deployment package as it is sent."""
    return base64.b64encode(package("x")).decode()
