"""Functions, versions, aliases and settings, as AWS keeps them."""

import io
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from powertune.local.embedded import EmbeddedAWS
from powertune.local.settings import Settings, own_architecture

OWN = str(own_architecture())
OTHER = {"x86_64": "arm64", "arm64": "x86_64"}[OWN]
ACCESS_POINT = "arn:aws:elasticfilesystem:us-east-1:123456789012:access-point/fsap-12345678901234567"


def code_of(error: pytest.ExceptionInfo[ClientError]) -> tuple[str, int]:
    response = error.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


@pytest.mark.supports("lambda:CreateFunction", "settings are kept and shown, also those that change nothing")
def test_function_as_created(cloud: Any, echo: bytes) -> None:
    name = cloud.create(
        echo,
        MemorySize=256,
        EphemeralStorage={"Size": 1024},
        TracingConfig={"Mode": "Active"},
        KMSKeyArn="arn:aws:kms:us-east-1:123456789012:key/k",
        SnapStart={"ApplyOn": "PublishedVersions"},
        DeadLetterConfig={"TargetArn": "arn:aws:sqs:us-east-1:123456789012:q"},
        FileSystemConfigs=[{"Arn": ACCESS_POINT, "LocalMountPath": "/mnt/x"}],
        LoggingConfig={"LogFormat": "JSON"},
        Tags={"team": "a"},
    )  # fmt: skip
    answer = cloud.lambda_.get_function(FunctionName=name)
    config = answer["Configuration"]
    assert config["State"] == "Active"
    assert config["LastUpdateStatus"] == "Successful"
    assert config["EphemeralStorage"] == {"Size": 1024}
    assert config["TracingConfig"] == {"Mode": "Active"}
    assert config["KMSKeyArn"].endswith("key/k")
    assert config["SnapStart"] == {"ApplyOn": "PublishedVersions", "OptimizationStatus": "Off"}
    assert config["DeadLetterConfig"]["TargetArn"].endswith(":q")
    assert config["FileSystemConfigs"][0]["LocalMountPath"] == "/mnt/x"
    assert config["LoggingConfig"] == {
        "LogFormat": "JSON",
        "ApplicationLogLevel": "INFO",
        "SystemLogLevel": "INFO",
        "LogGroup": f"/aws/lambda/{name}",
    }
    assert answer["Tags"] == {"team": "a"}
    assert "Concurrency" not in answer
    for waiter in ("function_active_v2", "function_updated_v2"):
        cloud.lambda_.get_waiter(waiter).wait(FunctionName=name)


def test_update_of_what_moto_drops(cloud: Any, echo: bytes) -> None:
    name = cloud.create(echo)
    before = cloud.lambda_.get_function_configuration(FunctionName=name)
    after = cloud.configure(
        name,
        Description="new",
        Timeout=9,
        EphemeralStorage={"Size": 2048},
        TracingConfig={"Mode": "Active"},
        KMSKeyArn="",
        LoggingConfig={"LogGroup": "/elsewhere"},
        DeadLetterConfig={"TargetArn": "arn:aws:sns:us-east-1:123456789012:t"},
        Environment={"Variables": {"KEY": "1"}},
    )
    assert after["RevisionId"] != before["RevisionId"]
    assert (after["Description"], after["Timeout"]) == ("new", 9)
    assert after["EphemeralStorage"] == {"Size": 2048}
    assert after["LoggingConfig"] == {"LogFormat": "Text", "LogGroup": "/elsewhere"}
    assert after["Environment"] == {"Variables": {"KEY": "1"}}
    settled = cloud.lambda_.get_function_configuration(FunctionName=name)
    assert settled["RevisionId"] not in (before["RevisionId"], after["RevisionId"])
    unchanged = cloud.configure(name, Environment={})
    assert "Environment" not in unchanged


def test_published_versions_do_not_change(cloud: Any, echo: bytes) -> None:
    name = cloud.create(echo, Environment={"Variables": {"KEY": "1"}})
    one = cloud.lambda_.publish_version(FunctionName=name, Description="mark")
    cloud.configure(name, MemorySize=512, Environment={"Variables": {"KEY": "2"}})
    kept = cloud.lambda_.get_function_configuration(FunctionName=name, Qualifier="1")
    assert (kept["MemorySize"], kept["Environment"]["Variables"]["KEY"], kept["Description"]) == (1769, "1", "mark")
    assert kept["RevisionId"] == one["RevisionId"]
    assert kept["FunctionArn"].endswith(":1")
    latest = cloud.lambda_.get_function_configuration(FunctionName=name, Qualifier="$LATEST")
    assert latest["FunctionArn"].endswith(":$LATEST")
    listed = cloud.lambda_.list_versions_by_function(FunctionName=name)["Versions"]
    assert [version["Version"] for version in listed] == ["$LATEST", "1"]
    cloud.lambda_.get_waiter("published_version_active").wait(FunctionName=name, Qualifier="1")


@pytest.mark.supports("lambda:PublishVersion", "no new version without a change; numbers are not used again")
def test_publishing_without_a_change(cloud: Any, echo: bytes) -> None:
    name = cloud.create(echo)

    def publish(**options: Any) -> str:
        return str(cloud.lambda_.publish_version(FunctionName=name, **options)["Version"])

    assert publish() == publish(Description="other") == "1"
    cloud.configure(name, MemorySize=512)
    cloud.configure(name, MemorySize=1769)
    assert publish() == "1"
    cloud.configure(name, MemorySize=512)
    assert publish() == "2"
    cloud.lambda_.delete_function(FunctionName=name, Qualifier="2")
    assert publish() == "3"
    cloud.lambda_.delete_function(FunctionName=name, Qualifier="99")
    with pytest.raises(ClientError) as caught:
        cloud.lambda_.delete_function(FunctionName=name, Qualifier="$LATEST")
    assert code_of(caught) == ("InvalidParameterValueException", 400)
    with pytest.raises(ClientError, match="Deletion of aliases"):
        cloud.lambda_.delete_function(FunctionName=name, Qualifier="live")


@pytest.mark.supports("lambda:UpdateFunctionCode", "RevisionId")
@pytest.mark.supports("lambda:PublishVersion", "CodeSha256 and RevisionId")
def test_preconditions(cloud: Any, echo: bytes, package: Any) -> None:
    name = cloud.create(echo)
    old = cloud.lambda_.get_function_configuration(FunctionName=name)
    cloud.configure(name, RevisionId=old["RevisionId"], MemorySize=512)
    new = cloud.lambda_.get_function_configuration(FunctionName=name)
    calls: tuple[Any, ...] = (
        (cloud.lambda_.update_function_configuration, {"MemorySize": 640}),
        (cloud.lambda_.update_function_code, {"ZipFile": echo}),
        (cloud.lambda_.publish_version, {}),
    )
    for call, options in calls:
        with pytest.raises(ClientError) as caught:
            call(FunctionName=name, RevisionId=old["RevisionId"], **options)
        assert code_of(caught) == ("PreconditionFailedException", 412)
    with pytest.raises(ClientError, match="is different from current CodeSHA256"):
        cloud.lambda_.publish_version(FunctionName=name, CodeSha256="x")
    version = cloud.lambda_.publish_version(
        FunctionName=name, CodeSha256=new["CodeSha256"], RevisionId=new["RevisionId"]
    )
    assert version["MemorySize"] == 512


@pytest.mark.supports("lambda:UpdateAlias", "RevisionId")
@pytest.mark.supports("lambda:DeleteAlias", "more than once")
def test_aliases(cloud: Any, echo: bytes) -> None:
    name = cloud.create(echo)
    cloud.lambda_.publish_version(FunctionName=name)
    made = cloud.lambda_.create_alias(FunctionName=name, Name="live", FunctionVersion="1", Description="d")
    with pytest.raises(ClientError) as caught:
        cloud.lambda_.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    assert code_of(caught) == ("ResourceConflictException", 409)
    for call in (cloud.lambda_.create_alias, cloud.lambda_.update_alias):
        with pytest.raises(ClientError) as caught:
            call(FunctionName=name, Name="live", FunctionVersion="9")
        assert code_of(caught) == ("ResourceNotFoundException", 404)
    with pytest.raises(ClientError) as caught:
        cloud.lambda_.delete_function(FunctionName=name, Qualifier="1")
    assert code_of(caught) == ("ResourceConflictException", 409)
    with pytest.raises(ClientError) as caught:
        cloud.lambda_.update_alias(FunctionName=name, Name="live", RevisionId="other", FunctionVersion="$LATEST")
    assert code_of(caught) == ("PreconditionFailedException", 412)
    moved = cloud.lambda_.update_alias(FunctionName=name, Name="live", FunctionVersion="$LATEST")
    assert moved["RevisionId"] != made["RevisionId"]
    assert moved["Description"] == "d"
    read = cloud.lambda_.get_alias(FunctionName=name, Name="live")
    assert (read["FunctionVersion"], read["RevisionId"]) == ("$LATEST", moved["RevisionId"])
    by_alias = cloud.lambda_.get_function(FunctionName=name, Qualifier="live")["Configuration"]
    assert by_alias["FunctionArn"].endswith(":live")
    listed = cloud.lambda_.list_aliases(FunctionName=name, FunctionVersion="1")["Aliases"]
    assert listed == []
    assert len(cloud.lambda_.list_aliases(FunctionName=name)["Aliases"]) == 1
    for _ in range(2):
        response = cloud.lambda_.delete_alias(FunctionName=name, Name="live")
        assert response["ResponseMetadata"]["HTTPStatusCode"] == 204
    cloud.lambda_.delete_function(FunctionName=name, Qualifier="1")


def test_names_are_reused_but_nothing_else(cloud: Any, echo: bytes, package: Any) -> None:
    name = cloud.create(echo)
    cloud.lambda_.publish_version(FunctionName=name)
    cloud.lambda_.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    first = cloud.invoke(name, Qualifier="1")
    with pytest.raises(ClientError) as caught:
        cloud.lambda_.create_function(
            FunctionName=name, Role=cloud.aws.role_arn, Code={"ZipFile": echo}, Runtime="python3.12", Handler="a.b"
        )
    assert code_of(caught) == ("ResourceConflictException", 409)
    arn = cloud.lambda_.get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    cloud.lambda_.delete_function(FunctionName=arn)
    with pytest.raises(ClientError) as caught:
        cloud.lambda_.get_function(FunctionName=name)
    assert code_of(caught) == ("ResourceNotFoundException", 404)
    cloud.lambda_.create_function(
        FunctionName=name, Role=cloud.aws.role_arn, Code={"ZipFile": echo}, Runtime="python3.12",
        Handler="app.handler", Publish=True, Timeout=30,
    )  # fmt: skip
    cloud.settle(name)
    assert cloud.lambda_.list_aliases(FunctionName=name)["Aliases"] == []
    assert cloud.invoke(name, Qualifier="1").payload["process"] != first.payload["process"]


@pytest.mark.supports("lambda:GetFunction", "a location from which the code can be downloaded")
def test_code_can_be_downloaded_and_changed(cloud: Any, echo: bytes, package: Any) -> None:
    name = cloud.create(echo)

    def download() -> bytes:
        location = cloud.lambda_.get_function(FunctionName=name)["Code"]["Location"]
        with urllib.request.urlopen(location) as response:
            return bytes(response.read())

    assert download() == echo
    other = package("def handler(event, context):\n    return 'other'\n")
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="code")
    s3.put_object(Bucket="code", Key="a.zip", Body=other)
    dry = cloud.replace_code(name, S3Bucket="code", S3Key="a.zip", DryRun=True)
    assert dry["CodeSize"] == len(echo)
    changed = cloud.replace_code(name, S3Bucket="code", S3Key="a.zip", Architectures=[OWN], Publish=True)
    assert (changed["Version"], changed["Architectures"]) == ("1", [OWN])
    assert download() == other
    assert cloud.invoke(name).payload == "other"
    with pytest.raises(ClientError, match="Could not unzip"):
        cloud.replace_code(name, ZipFile=b"not a zip")
    assert download() == other
    with pytest.raises(ClientError) as caught:
        cloud.replace_code(name, S3Bucket="code", S3Key="nothing")
    assert code_of(caught) == ("InvalidParameterValueException", 400)
    for path in ("0", "123456789012/us-east-1/00"):
        url = f"{cloud.aws.endpoint_url}/_powertune/code/{path}"
        with pytest.raises(urllib.error.HTTPError) as missing:
            urllib.request.urlopen(cloud.presign(url))
        missing.value.close()
        assert missing.value.code == 404


def test_a_function_for_another_processor_is_kept_but_not_run(cloud: Any, echo: bytes) -> None:
    own = cloud.create(echo)
    assert cloud.lambda_.get_function_configuration(FunctionName=own)["Architectures"] == [OWN]
    foreign = cloud.create(echo, Architectures=[OTHER])
    assert cloud.lambda_.get_function_configuration(FunctionName=foreign)["Architectures"] == [OTHER]
    cloud.configure(foreign, MemorySize=512)
    assert cloud.lambda_.publish_version(FunctionName=foreign)["Architectures"] == [OTHER]
    with pytest.raises(ClientError, match=f"this machine is {OWN}, and cannot run a function for {OTHER}") as caught:
        cloud.invoke(foreign)
    assert code_of(caught) == ("InvalidRuntimeException", 502)
    cloud.replace_code(own, ZipFile=echo, Architectures=[OTHER])
    with pytest.raises(ClientError, match="cannot run a function for"):
        cloud.invoke(own)


@pytest.mark.supports("lambda:GetLayerVersionByArn", "a location from which the layer can be downloaded")
def test_a_layer_can_be_read_by_its_arn(cloud: Any, package: Any) -> None:
    content = package(files={"python/dep.py": "x = 1\n"})
    layer = cloud.lambda_.publish_layer_version(
        LayerName="deps", Content={"ZipFile": content}, CompatibleArchitectures=["arm64"]
    )
    found = cloud.lambda_.get_layer_version_by_arn(Arn=layer["LayerVersionArn"])
    assert found["CompatibleArchitectures"] == ["arm64"]
    assert found["LayerVersionArn"] == layer["LayerVersionArn"]
    with urllib.request.urlopen(found["Content"]["Location"]) as response:
        assert response.read() == content
    assert "deps" in [item["LayerName"] for item in cloud.lambda_.list_layers()["Layers"]]
    for arn in (f"{layer['LayerArn']}:9", layer["LayerArn"].replace("deps", "none") + ":1"):
        with pytest.raises(ClientError) as caught:
            cloud.lambda_.get_layer_version_by_arn(Arn=arn)
        assert code_of(caught) == ("ResourceNotFoundException", 404)


@pytest.mark.supports("lambda:DeleteFunction", "with all versions, aliases and environments")
def test_a_function_is_deleted_whole_with_its_environments(cloud: Any, echo: bytes) -> None:
    name = cloud.create(echo, Tags={"a": "b"})
    arn = cloud.lambda_.get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    assert cloud.lambda_.list_tags(Resource=arn)["Tags"] == {"a": "b"}
    cloud.invoke(name)
    (pid,) = cloud.processes(name)
    assert name in [item["FunctionName"] for item in cloud.lambda_.list_functions()["Functions"]]
    cloud.lambda_.delete_function(FunctionName=name)
    cloud.created.remove(name)
    deadline = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(f"/proc/{pid}").exists()
    assert name not in [item["FunctionName"] for item in cloud.lambda_.list_functions()["Functions"]]
    with pytest.raises(ClientError) as caught:
        cloud.lambda_.list_tags(Resource=arn)
    assert code_of(caught)[1] == 404


def test_bad_code_is_refused_at_creation(cloud: Any) -> None:
    with pytest.raises(ClientError, match="Could not unzip"):
        cloud.create(b"not a zip")
    with pytest.raises(ClientError) as caught:
        cloud.lambda_.create_function(
            FunctionName="x", Role=cloud.aws.role_arn, Code={"S3Bucket": "no-bucket", "S3Key": "k"},
            Runtime="python3.12", Handler="a.b",
        )  # fmt: skip
    assert code_of(caught)[1] == 400


def test_memory_and_timeout_limits(cloud: Any, echo: bytes) -> None:
    name = cloud.create(echo)
    with pytest.raises(ClientError) as caught:
        cloud.configure(name, MemorySize=20_000)
    assert code_of(caught)[0] == "ValidationException"
    assert str(caught.value).endswith(
        "1 validation error detected: Value '20000' at 'memorySize' failed to satisfy constraint: Member must have "
        "value less than or equal to 10240"
    )
    with pytest.raises(ClientError, match="'timeout' failed to satisfy constraint"):
        cloud.configure(name, Timeout=901)
    assert cloud.lambda_.get_function_configuration(FunctionName=name)["MemorySize"] == 1769


@pytest.mark.supports("lambda:GetAccountSettings", "limits and usage")
def test_account_settings(cloud: Any, echo: bytes) -> None:
    name = cloud.create(echo)
    before = cloud.lambda_.get_account_settings()
    assert before["AccountLimit"]["ConcurrentExecutions"] == 1000
    assert before["AccountUsage"]["FunctionCount"] >= 1
    cloud.lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=100)
    after = cloud.lambda_.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"]
    assert after == before["AccountLimit"]["UnreservedConcurrentExecutions"] - 100
    with pytest.raises(ClientError, match="below its minimum value"):
        cloud.lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=950)


@pytest.mark.supports("cloudformation:CreateStack", "functions")
def test_functions_from_cloudformation(cloud: Any) -> None:
    template = """
Resources:
  Greeter:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: greeter
      Runtime: python3.12
      Handler: index.handler
      Role: %s
      Code: {ZipFile: "def handler(event, context): return 'from a stack'"}
"""
    stacks = cloud.client("cloudformation")
    stacks.create_stack(StackName="s", TemplateBody=template % cloud.aws.role_arn)
    stacks.get_waiter("stack_create_complete").wait(StackName="s", WaiterConfig={"Delay": 1})
    names = [
        fn["FunctionName"] for fn in cloud.lambda_.list_functions()["Functions"] if "reeter" in fn["FunctionName"]
    ]
    cloud.settle(names[0])
    assert cloud.invoke(names[0]).payload == "from a stack"
    stacks.delete_stack(StackName="s")


@pytest.fixture(scope="module")
def limited() -> Iterator[EmbeddedAWS]:
    settings = Settings(
        account_memory_limit_mb=3008, hide_reports=True, containment="duty cycle", python_client="bootstrap",
        region="cn-north-1", service_latency_ms=0, max_environments=1,
    )  # fmt: skip
    with EmbeddedAWS(settings) as aws:
        yield aws


def test_another_account(limited: EmbeddedAWS, connect: Any, echo: bytes) -> None:
    cloud = connect(limited)
    assert limited.cpu_limiter == "duty cycle"
    assert limited.role_arn.startswith("arn:aws-cn:")
    name = cloud.create(echo, MemorySize=3008)
    with pytest.raises(ClientError) as caught:
        cloud.configure(name, MemorySize=3009)
    assert str(caught.value).endswith(
        "'MemorySize' value failed to satisfy constraint: Member must have value less than or equal to 3008"
    )
    reply = cloud.invoke(name, 1)
    assert "REPORT" not in reply.log
    assert "START" in reply.log
    assert reply.payload["arn"].startswith("arn:aws-cn:lambda:cn-north-1:")
    events = cloud.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
    assert sum(event["message"].startswith("REPORT ") for event in events) == 1
    again = cloud.invoke(cloud.create(echo, MemorySize=128), 2)
    assert again.payload["event"] == 2


def test_bootstrap_client_in_the_real_server(limited: EmbeddedAWS, connect: Any, package: Any) -> None:
    cloud = connect(limited)
    source = (
        "def handler(event, context):\n    print('x')\n    return {'n': 1 / event, 'of': context.function_name}\n"
    )
    name = cloud.create(package(source), MemorySize=256)
    assert cloud.invoke(name, 2).payload["n"] == 0.5
    failed = cloud.invoke(name, 0)
    assert failed.payload["errorType"] == "ZeroDivisionError"
    assert "[ERROR] ZeroDivisionError: division by zero" in failed.log
    broken = cloud.invoke(cloud.create(package("import nothing_like_it\n")))
    assert broken.payload["errorType"] == "Runtime.ImportModuleError"


def test_out_of_memory_without_a_cgroup(limited: EmbeddedAWS, connect: Any, package: Any) -> None:
    cloud = connect(limited)
    source = "import time\ndef handler(event, context):\n    x = bytearray(b'x') * (300 << 20)\n    time.sleep(20)\n"
    reply = cloud.invoke(cloud.create(package(source), MemorySize=128))
    assert reply.payload["errorType"] == "Runtime.OutOfMemory"


def declaring(package: bytes, size: int) -> bytes:
    """The package, whose directory states the unpacked size of its first file."""
    data = bytearray(package)
    entry = data.index(b"PK\x01\x02")
    data[entry + 24 : entry + 28] = size.to_bytes(4, "little")
    return bytes(data)


def test_unpacked_size_is_limited_as_on_lambda(cloud: Any, package: Any) -> None:
    small = package("def handler(event, context): ...\n")
    large, layer = declaring(small, 262_144_001), declaring(package(files={"dep.py": "x"}), 262_143_980)
    words = "Unzipped size must be smaller than 262144000 bytes"
    with pytest.raises(ClientError, match=words) as caught:
        cloud.create(large)
    assert code_of(caught) == ("InvalidParameterValueException", 400)
    name = cloud.create(small)
    with pytest.raises(ClientError, match=words):
        cloud.replace_code(name, ZipFile=large)
    with pytest.raises(ClientError, match=words):
        cloud.lambda_.publish_layer_version(LayerName="large", Content={"ZipFile": large})
    assert "large" not in [each["LayerName"] for each in cloud.lambda_.list_layers()["Layers"]]
    arn = cloud.lambda_.publish_layer_version(LayerName="full", Content={"ZipFile": layer})["LayerVersionArn"]
    together = (
        "Function code combined with layers exceeds the maximum allowed size of 262144000 bytes. The actual size"
    )
    with pytest.raises(ClientError, match=together):
        cloud.configure(name, Layers=[arn], MemorySize=512)
    assert cloud.lambda_.get_function_configuration(FunctionName=name)["MemorySize"] == 1769
    with pytest.raises(ClientError, match=together):
        cloud.create(small, Layers=[arn])
    assert cloud.invoke(name).error is None


@pytest.mark.parametrize(
    "files", [{"n" * 200 + "/" + "n" * 60 + ".py": "x"}, {"d/" * 60 + "f.py": "x"}], ids=["name", "depth"]
)
def test_names_that_are_long_but_possible(cloud: Any, package: Any, files: dict[str, str]) -> None:
    assert (
        cloud.invoke(cloud.create(package(files={"app.py": "def handler(event, context): ...\n", **files}))).error
        is None
    )


def test_a_package_that_cannot_be_unpacked_is_answered_at_once(cloud: Any) -> None:
    """Not with a 500, which clients take for an outage and repeat."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("n" * 300, "x")
    with pytest.raises(ClientError, match=r"(?i)file name too long") as caught:
        cloud.invoke(cloud.create(stream.getvalue()))
    assert code_of(caught) == ("InvalidZipFileException", 502)


def test_unpacked_code_is_removed_with_its_function(cloud: Any, package: Any) -> None:
    def unpacked() -> set[str]:
        place = Path(tempfile.gettempdir())
        return {
            path.name for folder in place.glob(f"powertune-*-{cloud.aws.pid}-*") for path in folder.glob("code/*")
        }

    def wait_until(expected: set[str]) -> None:
        for _ in range(200):
            if unpacked() == expected:
                return
            time.sleep(0.05)
        raise AssertionError(unpacked() ^ expected)

    before = unpacked()
    name = cloud.create(package("def handler(event, context): return 'to be removed'\n"))
    cloud.invoke(name)
    (first,) = unpacked() - before
    cloud.configure(name, MemorySize=512)
    cloud.invoke(name)
    assert unpacked() == {*before, first}
    cloud.replace_code(name, ZipFile=package("def handler(e, c): return 'changed'\n"))
    cloud.invoke(name)
    (second,) = unpacked() - before - {first}
    wait_until({*before, second})
    cloud.clean()
    wait_until(before)
