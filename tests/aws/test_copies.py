"""What a copy is made of, how it is told from other functions, and what is found and deleted."""

from collections.abc import Callable
from typing import Any

import botocore.session
import pytest
from fakes import FakeClock, FakeLambda, client_error, fake_aws, make_zip
from hypothesis import given
from hypothesis import strategies as st
from runs import make_fake

from powertune.aws.copies.copy_request import Wanted, copy_request
from powertune.aws.copies.lifecycle import (
    UPLOAD_LIMIT_BYTES,
    Copy,
    copy_of,
    delete_copies,
    delete_copy,
    find_copies,
    make_copy,
)
from powertune.aws.copies.names import RUN_TAG, SOURCE_TAG, copy_names, is_copy, maker, run_of
from powertune.aws.function_snapshot import FunctionSnapshot
from powertune.aws.lambda_function import LambdaFunction
from powertune.errors import FunctionRefused, PowertuneError
from powertune.model import Architecture, FunctionRef

RUN = "abcd1234"
ARN = "arn:aws:lambda:us-east-1:123456789012:function:fn"
NAME = f"fn-powertune-{RUN}"
WANTED = Wanted(name=NAME, run_id=RUN, architecture=Architecture.ARM64, log_group="/aws/lambda/fn")
FULL: dict[str, Any] = {
    "FunctionName": "fn",
    "FunctionArn": ARN,
    "Runtime": "python3.13",
    "Role": "arn:aws:iam::123456789012:role/r",
    "Handler": "app.handler",
    "CodeSize": 1234,
    "Description": "the function itself",
    "Timeout": 30,
    "MemorySize": 512,
    "LastModified": "2026-09-20T10:00:00.000+0000",
    "CodeSha256": "sha",
    "Version": "$LATEST",
    "VpcConfig": {
        "SubnetIds": ["subnet-1"],
        "SecurityGroupIds": ["sg-1"],
        "VpcId": "vpc-1",
        "Ipv6AllowedForDualStack": False,
    },
    "DeadLetterConfig": {"TargetArn": "arn:aws:sqs:us-east-1:123456789012:q"},
    "Environment": {"Variables": {"A": "1"}},
    "KMSKeyArn": "arn:aws:kms:us-east-1:123456789012:key/k",
    "TracingConfig": {"Mode": "Active"},
    "RevisionId": "r",
    "Layers": [{"Arn": "arn:aws:lambda:us-east-1:123456789012:layer:l:1", "CodeSize": 10}],
    "State": "Active",
    "LastUpdateStatus": "Successful",
    "FileSystemConfigs": [{"Arn": "arn:aws:elasticfilesystem:x", "LocalMountPath": "/mnt/x"}],
    "PackageType": "Zip",
    "Architectures": ["x86_64"],
    "EphemeralStorage": {"Size": 1024},
    "SnapStart": {"ApplyOn": "PublishedVersions", "OptimizationStatus": "Off"},
    "RuntimeVersionConfig": {"RuntimeVersionArn": "arn:aws:lambda:us-east-1::runtime:x"},
    "LoggingConfig": {"LogFormat": "JSON", "ApplicationLogLevel": "ERROR", "LogGroup": "/aws/lambda/fn"},
}


def seen(**configuration: Any) -> FunctionSnapshot:
    return FunctionSnapshot(configuration={**FULL, **configuration}, reserved_concurrency=5, platform=None)


def function_with(fake: FakeLambda, ref: FunctionRef = FunctionRef(name="fn")) -> LambdaFunction:  # noqa: B008
    return LambdaFunction(fake_aws(fake, clock=FakeClock()), ref)


def leave_copy(fake: FakeLambda, name: str = NAME, run_id: str = RUN, source: str = ARN) -> None:
    fake.add(name)
    fake.functions[name].tags = {SOURCE_TAG: source, RUN_TAG: run_id}


def test_a_copy_is_configured_like_the_function() -> None:
    request = copy_request(seen(), {"team": "a", "aws:cloudformation:stack-name": "s"}, {"ZipFile": b"x"}, WANTED)
    assert request == {
        "FunctionName": NAME,
        "Description": f"temporary copy of fn, made by powertune {RUN}",
        "Runtime": "python3.13",
        "Role": FULL["Role"],
        "Handler": "app.handler",
        "Code": {"ZipFile": b"x"},
        "Timeout": 30,
        "MemorySize": 512,
        "PackageType": "Zip",
        "VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"], "Ipv6AllowedForDualStack": False},
        "DeadLetterConfig": FULL["DeadLetterConfig"],
        "Environment": FULL["Environment"],
        "KMSKeyArn": FULL["KMSKeyArn"],
        "TracingConfig": FULL["TracingConfig"],
        "Layers": ["arn:aws:lambda:us-east-1:123456789012:layer:l:1"],
        "FileSystemConfigs": FULL["FileSystemConfigs"],
        "Architectures": ["arm64"],
        "EphemeralStorage": {"Size": 1024},
        "SnapStart": {"ApplyOn": "PublishedVersions"},
        "LoggingConfig": {"LogFormat": "JSON", "ApplicationLogLevel": "ERROR", "LogGroup": "/aws/lambda/fn"},
        "Tags": {"team": "a", SOURCE_TAG: ARN, RUN_TAG: RUN},
    }


def test_what_is_asked_for_is_what_the_api_takes() -> None:
    model = botocore.session.get_session().get_service_model("lambda")
    shape: Any = model.operation_model("CreateFunction").input_shape
    members = set(shape.members)
    image = seen(PackageType="Image", ImageConfigResponse={"ImageConfig": {"Command": ["x"]}})
    for snapshot in (seen(), image):
        assert set(copy_request(snapshot, {}, {}, WANTED)) <= members
    assert copy_request(image, {}, {}, WANTED)["ImageConfig"] == {"Command": ["x"]}


def test_what_is_not_there_is_not_asked_for() -> None:
    bare = {key: FULL[key] for key in ("FunctionName", "FunctionArn", "Role", "MemorySize")}
    network = {"SubnetIds": [], "SecurityGroupIds": [], "VpcId": ""}
    plain = {"VpcConfig": network, "SnapStart": {"ApplyOn": "None"}, "Environment": {"Variables": {}}, "Layers": []}
    snapshot = FunctionSnapshot(configuration={**bare, **plain}, reserved_concurrency=None, platform=None)
    request = copy_request(snapshot, {}, {}, WANTED)
    assert request["LoggingConfig"] == {"LogGroup": "/aws/lambda/fn"}
    assert not {"VpcConfig", "SnapStart", "Environment", "Layers", "ImageConfig"} & set(request)


@pytest.mark.parametrize("part", ["Environment", "ImageConfigResponse"])
def test_a_configuration_that_cannot_be_read_is_not_copied_without_it(part: str) -> None:
    error = {"ErrorCode": "AccessDeniedException", "Message": "Lambda was unable to decrypt"}
    with pytest.raises(FunctionRefused, match=f"would lack its {part}: Lambda was unable to decrypt"):
        copy_request(seen(**{part: {"Error": error}}), {}, {}, WANTED)


@pytest.mark.long
@given(st.dictionaries(st.text(min_size=1, max_size=20), st.text(max_size=5), max_size=60))
def test_tags_leave_room_for_ours(tags: dict[str, str]) -> None:
    made = copy_request(seen(), tags, {}, WANTED)["Tags"]
    assert len(made) <= 50
    assert maker(made, FunctionRef.parse(ARN), "us-east-1") == RUN
    assert not any(name.lower().startswith("aws:") for name in made)


NAMES = st.text("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789-_", min_size=1, max_size=64)


@given(NAMES, st.text("0123456789abcdef", min_size=8, max_size=8))
def test_a_copys_name_fits_and_tells_the_run(name: str, run_id: str) -> None:
    names = copy_names(name, run_id, 2)
    assert len(set(names)) == 2
    for copy in names:
        assert len(copy) <= 64
        assert run_of(copy, name) == run_id
        assert is_copy(copy, {})
        assert copy != name
    assert copy_names(name, run_id, 1) == names[:1]
    assert copy_names(name, run_id, 0) == ()


@pytest.mark.parametrize(
    "name",
    ["fn", "fn-powertune", "fn-powertune-abcd123", "fn-powertune-abcd1234-3", "fn-powertune-ABCD1234", "other"],
)
def test_other_names_are_no_copies(name: str) -> None:
    assert run_of(name, "fn") is None
    assert not is_copy(name, {"team": "a"})
    assert is_copy(name, {SOURCE_TAG: ARN})


@pytest.mark.parametrize(
    ("tags", "run_id"),
    [
        ({SOURCE_TAG: ARN, RUN_TAG: RUN}, RUN),
        ({SOURCE_TAG: ARN}, None),
        ({RUN_TAG: RUN}, None),
        ({SOURCE_TAG: f"{ARN}2", RUN_TAG: RUN}, None),
        ({SOURCE_TAG: ARN.replace("us-east-1", "eu-west-1"), RUN_TAG: RUN}, None),
        ({SOURCE_TAG: "fn", RUN_TAG: RUN}, None),
        ({SOURCE_TAG: "not a function", RUN_TAG: RUN}, None),
    ],
)
def test_tags_tell_the_run_and_the_function(tags: dict[str, str], run_id: str | None) -> None:
    assert maker(tags, FunctionRef(name="fn"), "us-east-1") == run_id
    assert maker(tags, FunctionRef.parse(ARN), "us-east-1") == run_id
    assert maker(tags, FunctionRef.parse(ARN.replace("1234", "9999")), "us-east-1") is None


def make(fake: FakeLambda) -> LambdaFunction:
    original = function_with(fake)
    return make_copy(original, original.read(), WANTED)[0]


def test_the_code_is_the_very_same() -> None:
    fake = make_fake()
    package = make_zip({"app.py": b"the code"})
    fake.packages[fake.functions["fn"].code["Location"]] = package
    fake.functions["fn"].code["SourceKMSKeyArn"] = "arn:key"
    make(fake)
    assert fake.created[0]["Code"] == {"ZipFile": package, "SourceKMSKeyArn": "arn:key"}


def test_large_code_comes_from_its_own_bucket_or_not_at_all() -> None:
    fake = make_fake()
    fake.functions["fn"].configuration["CodeSize"] = UPLOAD_LIMIT_BYTES + 1
    with pytest.raises(FunctionRefused, match="has 52,428,801 bytes, and a copy can be made of 52,428,800") as caught:
        make(fake)
    assert "S3ObjectStorageMode" in str(caught.value.hint)
    kept = {"S3Bucket": "b", "S3Key": "k", "S3ObjectVersion": "v"}
    fake.functions["fn"].code["ResolvedS3Object"] = kept
    make(fake)
    assert fake.created[0]["Code"] == kept
    assert "fetch" not in fake.calls


def test_code_that_aws_does_not_hand_out() -> None:
    fake = make_fake()
    fake.functions["fn"].code = {"Error": {"ErrorCode": "x", "Message": "the key is disabled"}}
    with pytest.raises(FunctionRefused, match="cannot be read: the key is disabled"):
        make(fake)


def test_an_image_is_the_one_that_runs_unless_another_is_given() -> None:
    fake = FakeLambda()
    fake.add("fn", PackageType="Image")
    fake.functions["fn"].code = {"ImageUri": "repo:tag", "ResolvedImageUri": "repo@sha256:1"}
    make(fake)
    assert fake.created[0]["Code"] == {"ImageUri": "repo@sha256:1"}
    del fake.functions[NAME]
    original = function_with(fake)
    other = Wanted(name=NAME, run_id=RUN, architecture=Architecture.ARM64, log_group="/g", image_uri="repo:arm")
    make_copy(original, original.read(), other)
    assert fake.created[1]["Code"] == {"ImageUri": "repo:arm"}


def test_a_copy_whose_creation_was_not_answered_is_taken_if_it_is_ours() -> None:
    fake = make_fake()
    left = [client_error("ServiceException", "oops", 500)]

    def lose(name: str, kwargs: object) -> None:
        if name == "create_function" and left:
            raise left.pop()

    fake.after_call = lose
    assert make(fake).ref.name == NAME
    leave_copy(fake := make_fake(), source=f"{ARN}-other")
    with pytest.raises(FunctionRefused, match="exists already, and was not made by this run"):
        make(fake)


def test_a_copy_is_waited_for() -> None:
    clock = FakeClock()
    fake = FakeLambda(clock=clock, update_s=3.0)
    fake.add("fn")
    original = LambdaFunction(fake_aws(fake, clock=clock), FunctionRef(name="fn"))
    hidden = iter(range(4))

    def hide(name: str, kwargs: dict[str, Any]) -> None:
        if name == "get_function" and kwargs["FunctionName"] == NAME and next(hidden, None) is not None:
            raise client_error("ResourceNotFoundException", "Function not found", 404)

    fake.on_call = hide
    copy, made = make_copy(original, original.read(), WANTED)
    assert not made.updating
    assert copy.ref == FunctionRef(name=NAME)
    assert sum(clock.slept) >= 3.0


def test_a_copy_that_lambda_cannot_make_ready() -> None:
    fake = make_fake()

    def fail(name: str, kwargs: dict[str, Any]) -> None:
        if name == "create_function":
            broken = {"State": "Failed", "StateReason": "no network interface"}
            fake.functions[NAME].configuration |= broken

    fake.after_call = fail
    with pytest.raises(FunctionRefused, match="could not be made ready: no network interface"):
        make(fake)


def test_copies_are_found_by_name_and_tags_over_all_pages() -> None:
    fake = make_fake()
    leave_copy(fake)
    leave_copy(fake, "fn-powertune-00000000-2", "00000000")
    leave_copy(fake, "fn-powertune-11111111", "22222222")
    leave_copy(fake, "fn-powertune-33333333", "33333333", source=f"{ARN}2")
    leave_copy(fake, "unrelated", RUN)
    fake.add("fn-powertune-44444444")
    changed_at = 1789898400.0
    assert find_copies(function_with(fake)) == (
        Copy(name="fn-powertune-00000000-2", run_id="00000000", changed_at=changed_at),
        Copy(name=NAME, run_id=RUN, changed_at=changed_at),
    )


def test_a_copy_that_vanishes_while_it_is_looked_at_is_none() -> None:
    fake = make_fake()
    leave_copy(fake)

    def vanish(name: str, kwargs: object) -> None:
        if name == "list_tags":
            fake.functions.pop(NAME, None)

    fake.on_call = vanish
    assert find_copies(function_with(fake)) == ()


def test_only_what_the_run_has_made_is_deleted() -> None:
    fake = make_fake()
    leave_copy(fake)
    assert delete_copies(function_with(fake), RUN, 2) == ()
    assert sorted(fake.functions) == ["fn"]
    for tags in (
        {},
        {SOURCE_TAG: ARN},
        {SOURCE_TAG: ARN, RUN_TAG: "other123"},
        {SOURCE_TAG: f"{ARN}2", RUN_TAG: RUN},
    ):
        fake.add(NAME)
        fake.functions[NAME].tags = tags
        (note,) = delete_copies(function_with(fake), RUN, 1)
        assert NAME in note
        assert NAME in fake.functions


def test_a_function_that_is_not_named_as_a_copy_can_never_be_deleted_whole() -> None:
    fake = make_fake()
    fake.functions["fn"].tags = {SOURCE_TAG: ARN, RUN_TAG: RUN}
    original = function_with(fake)
    for function, run_id in ((original, RUN), (copy_of(original, NAME), "other123")):
        with pytest.raises(AssertionError, match="is not the name of a copy"):
            delete_copy(function, original.ref, run_id)
    for number in ("", "$LATEST", "fn", "-1", "1a", "²"):
        with pytest.raises(AssertionError, match="is not the number of a version"):
            original.delete_version(number)
    assert fake.calls == []


def test_a_copy_still_under_way_is_waited_for_and_then_deleted() -> None:
    fake = make_fake()
    looks = iter(range(3))

    def appear(name: str, kwargs: dict[str, Any]) -> None:
        if name == "get_function" and NAME not in fake.functions and next(looks, None) is None:
            leave_copy(fake)

    fake.on_call = appear
    assert delete_copies(function_with(fake), RUN, 1, uncertain=True) == ()
    assert sorted(fake.functions) == ["fn"]
    assert delete_copies(function_with(make_fake()), RUN, 1, uncertain=True) == ()


FAULTS: dict[str, Callable[[], Exception]] = {
    "throttled": lambda: client_error("TooManyRequestsException", "Rate exceeded", 429),
    "failed": lambda: client_error("ServiceException", "oops", 500),
    "conflict": lambda: client_error("ResourceConflictException", "An update is in progress for resource", 409),
}


@pytest.mark.parametrize("kind", FAULTS)
def test_finding_and_deleting_survive_a_fault_at_any_call(kind: str) -> None:
    for at in range(20):
        fake = make_fake()
        leave_copy(fake)
        seen_calls = iter(range(1000))

        def fault(name: str, kwargs: object, at: int = at, seen_calls: Any = seen_calls) -> None:
            if next(seen_calls) == at:
                raise FAULTS[kind]()

        fake.on_call = fault
        original = function_with(fake)
        (copy,) = find_copies(original)
        assert delete_copies(original, copy.run_id, 1) == ()
        assert sorted(fake.functions) == ["fn"]


def test_who_may_not_read_tags_is_told_and_deletes_nothing() -> None:
    fake = make_fake()
    leave_copy(fake)

    def deny(name: str, kwargs: object) -> None:
        if name == "list_tags":
            raise client_error("AccessDeniedException", "no", 403)

    fake.on_call = deny
    with pytest.raises(PowertuneError, match="lambda:ListTags"):
        delete_copies(function_with(fake), RUN, 1)
    assert NAME in fake.functions
