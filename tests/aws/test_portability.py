"""What keeps a function from running on the other architecture is found out and named before anything is changed."""

from typing import Any

import pytest
from fakes import FakeLambda, client_error, elf, fake_aws, make_zip
from runs import make_fake, plan_for

from powertune.aws.copies.portability import check_copies
from powertune.aws.lambda_function import LambdaFunction
from powertune.config import RunOptions
from powertune.errors import FunctionRefused, Unavailable
from powertune.model import Architecture, FunctionRef
from powertune.plan import Plan

BOTH = tuple(Architecture)
LAYER = "arn:aws:lambda:us-east-1:999999999999:layer:theirs:7"
LAYER_ADDRESS = "https://code.example/layer"
AARCH64, X86_64 = 183, 62


def with_code(files: dict[str, bytes], **configuration: Any) -> FakeLambda:
    fake = FakeLambda()
    function = fake.add("fn", **configuration)
    fake.packages[function.code["Location"]] = make_zip(files)
    return fake


def with_layer(files: dict[str, bytes], *declared: str) -> FakeLambda:
    fake = with_code({"app.py": b""}, Layers=[{"Arn": LAYER}])
    fake.layers[LAYER] = {"Content": {"Location": LAYER_ADDRESS}}
    if declared:
        fake.layers[LAYER]["CompatibleArchitectures"] = list(declared)
    fake.packages[LAYER_ADDRESS] = make_zip(files)
    return fake


def check(fake: FakeLambda, **options: Any) -> Plan:
    return plan_for(fake, **{"architectures": BOTH, **options})


def test_an_x86_library_is_refused_by_name() -> None:
    fake = with_code({"app.py": b"import numpy", "numpy/core/_multiarray.so": elf(X86_64)})
    with pytest.raises(FunctionRefused) as caught:
        check(fake)
    assert caught.value.message == (
        "the code of fn has native binaries for x86_64 only, which cannot run on arm64: numpy/core/_multiarray.so"
    )
    assert caught.value.hint
    assert set(fake.calls) & {"create_alias", "create_function", "update_function_configuration"} == set()


def test_a_library_is_not_excused_by_its_namesake_in_another_package() -> None:
    fake = with_code(
        {
            "node_modules/bcrypt/prebuilds/linux-x64/index.node": elf(X86_64),
            "node_modules/bcrypt/prebuilds/linux-arm64/index.node": elf(AARCH64),
            "node_modules/sharp/build/index.node": elf(X86_64),
        }
    )
    with pytest.raises(FunctionRefused, match=r"cannot run on arm64: node_modules/sharp/build/index\.node$"):
        check(fake)


def test_many_libraries_are_counted() -> None:
    with pytest.raises(FunctionRefused, match=r"lib0\.so, lib1\.so, lib2\.so, lib3\.so, lib4\.so and 4 more"):
        check(with_code({f"lib{number}.so": elf(X86_64) for number in range(9)}))


def test_a_bootstrap_is_a_binary_like_any_other() -> None:
    fake = with_code({"bootstrap": elf(AARCH64)}, Runtime="provided.al2023", Architectures=["arm64"])
    with pytest.raises(FunctionRefused, match="for arm64 only, which cannot run on x86_64: bootstrap"):
        check(fake)


def test_scripts_run_anywhere_and_nothing_is_read_for_a_run_without_copies() -> None:
    assert check(with_code({"app.py": b"print()"})).advisories == ()
    plain = with_code({"lib.so": elf(X86_64)})
    check(plain, architectures=None)
    check(plain, architectures=(Architecture.X86_64,))
    assert "fetch" not in plain.calls
    assert check(plain, architectures=None, isolate=True).advisories == ()
    assert "fetch" not in plain.calls


@pytest.mark.parametrize("runtime", ["python3.7", "nodejs10.x", "java8", "provided", "go1.x", "ruby2.5"])
def test_a_runtime_that_arm_does_not_have(runtime: str) -> None:
    with pytest.raises(FunctionRefused, match=f"does not offer {runtime} on arm64"):
        check(with_code({"a": b""}, Runtime=runtime))


def test_a_layer_says_what_it_is_for() -> None:
    with pytest.raises(FunctionRefused, match=f"layer {LAYER} is for x86_64 only"):
        check(with_layer({"python/pure.py": b""}, "x86_64"))
    assert check(with_layer({"python/pure.py": b""}, "x86_64", "arm64")).advisories == ()


def test_a_layer_that_does_not_say_is_looked_into() -> None:
    with pytest.raises(FunctionRefused, match=f"layer {LAYER} has native binaries .*: extensions/agent"):
        check(with_layer({"extensions/agent": elf(X86_64)}))
    assert check(with_layer({"python/pure.py": b""})).advisories == ()


def test_a_layer_is_not_taken_at_its_word() -> None:
    with pytest.raises(FunctionRefused) as caught:
        check(with_layer({"extensions/agent": elf(X86_64)}, "x86_64", "arm64"))
    assert caught.value.message == (
        f"layer {LAYER} (declared for arm64) has native binaries for x86_64 only, "
        "which cannot run on arm64: extensions/agent"
    )
    twins = {"bin/x86_64/agent": elf(X86_64), "bin/arm64/agent": elf(AARCH64)}
    assert check(with_layer(twins, "x86_64", "arm64")).advisories == ()


@pytest.mark.parametrize("declared", [(), ("x86_64", "arm64")])
@pytest.mark.parametrize("address", [LAYER_ADDRESS, "s3://nowhere"])
def test_a_layer_that_cannot_be_downloaded_is_said(declared: tuple[str, ...], address: str) -> None:
    fake = with_layer({}, *declared)
    fake.layers[LAYER]["Content"]["Location"] = address
    del fake.packages[LAYER_ADDRESS]
    (advisory,) = check(fake).advisories
    assert advisory.code == "not-inspected"
    assert f"layer {LAYER} was not inspected" in advisory.message
    assert "arm64" in advisory.next_step


def test_a_layer_that_may_not_be_read_is_said() -> None:
    fake = with_code({"app.py": b""}, Layers=[{"Arn": LAYER}])

    def deny(name: str, kwargs: object) -> None:
        if name == "get_layer_version_by_arn":
            raise client_error("AccessDeniedException", "no", 403)

    fake.on_call = deny
    (advisory,) = check(fake).advisories
    assert advisory.code == "not-inspected"
    assert LAYER in advisory.message
    assert "lambda:GetLayerVersion" in advisory.message


def test_a_layer_that_is_gone() -> None:
    with pytest.raises(FunctionRefused, match=f"layer {LAYER} no longer exists"):
        check(with_code({"app.py": b""}, Layers=[{"Arn": LAYER}]))


def test_what_cannot_be_read_is_said() -> None:
    fake = make_fake()
    fake.packages[fake.functions["fn"].code["Location"]] = make_zip({"broken.jar": b"no archive"})
    (advisory,) = check(fake).advisories
    assert "broken.jar could not be read" in advisory.message


def test_code_that_cannot_be_downloaded() -> None:
    fake = make_fake()
    fake.packages.clear()
    with pytest.raises(Unavailable, match=r"downloading the code of fn from code\.example failed: HTTP status 403"):
        check(fake)


def test_an_image_needs_another_for_the_other_architecture() -> None:
    fake = FakeLambda()
    function = fake.add("fn", PackageType="Image", Runtime="")
    function.code = {"ImageUri": "repo:x86"}
    with pytest.raises(FunctionRefused, match="takes no image of several architectures") as caught:
        check(fake)
    assert "--image-uri-arm64" in str(caught.value.hint)
    plan = check(fake, image_uri_arm64="repo:arm", image_uri_x86_64="repo:ignored")
    assert plan.image_uris == ((Architecture.ARM64, "repo:arm"),)
    assert check(fake, architectures=None, isolate=True).copies == (Architecture.X86_64,)
    function.configuration["Architectures"] = ["arm64"]
    with pytest.raises(FunctionRefused) as caught:
        check(fake, image_uri_arm64="repo:arm")
    assert "--image-uri-x86-64" in str(caught.value.hint)


def test_code_too_large_to_send_is_refused_before_anything_is_changed() -> None:
    fake = make_fake()
    fake.functions["fn"].configuration["CodeSize"] = 60_000_000
    with pytest.raises(FunctionRefused, match="60,000,000 bytes"):
        check(fake, architectures=None, isolate=True)


def test_a_plan_without_copies_asks_nothing() -> None:
    fake = make_fake()
    plan = plan_for(fake)
    fake.calls.clear()
    assert check_copies(LambdaFunction(fake_aws(fake), FunctionRef(name="fn")), plan) == ()
    assert fake.calls == []
    assert RunOptions().architectures is None


def test_a_copy_that_nobody_asked_for_and_that_cannot_be_made_leads_to_the_other_way_out() -> None:
    fake = make_fake()
    fake.urls = {("fn", None): "NONE"}
    fake.functions["fn"].configuration["CodeSize"] = 60_000_000
    with pytest.raises(FunctionRefused, match=r"on a copy, as .* in use: function URL; but .* 60,000,000") as caught:
        check(fake, architectures=None)
    assert "--in-place" in str(caught.value.hint)
    with pytest.raises(FunctionRefused) as caught:
        check(fake, architectures=None, isolate=True)
    assert "--in-place" not in str(caught.value.hint)


def test_an_environment_that_aws_hides_is_found_before_anything_is_changed() -> None:
    fake = make_fake()
    hidden = {"Error": {"ErrorCode": "AccessDeniedException", "Message": "Lambda was unable to decrypt"}}
    fake.functions["fn"].configuration["Environment"] = hidden
    with pytest.raises(FunctionRefused, match="would lack its Environment: Lambda was unable to decrypt") as caught:
        check(fake, architectures=None, isolate=True)
    assert "--kms-key" in str(caught.value.hint)
    assert fake.created == []
    assert check(fake, architectures=None).copies == ()


def test_a_copy_in_a_vpc_is_advised_of() -> None:
    fake = make_fake()
    fake.functions["fn"].configuration["VpcConfig"] = {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
    (advisory,) = check(fake, architectures=None, isolate=True).advisories
    assert advisory.code == "copy-in-vpc"
    assert "powertune iam run --isolate --vpc" in advisory.next_step
    assert check(fake, architectures=None).advisories == ()
