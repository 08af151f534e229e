"""A folder becomes a deployment package, and a package a function."""

import io
import stat
import zipfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fakes import FakeLambda, client_error, fake_aws

from powertune.errors import Unavailable, UsageError
from powertune.local.package import Deployment, deploy, publish, zip_folder


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "src"
    files = ("app.py", "pkg/mod.py", "pkg/__pycache__/mod.pyc", ".git/config", "node_modules/.cache/x",
             "node_modules/y/index.js", "powertune-run.json", "bin/tool", ".venv/lib.py")  # fmt: skip
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    (folder / "bin/tool").chmod(0o700)
    return folder


def test_package_of_a_folder(source: Path) -> None:
    package = zip_folder(source)
    assert package == zip_folder(source)
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        assert archive.namelist() == ["app.py", "bin/tool", "node_modules/y/index.js", "pkg/mod.py"]
        modes = {info.filename: stat.S_IMODE(info.external_attr >> 16) for info in archive.infolist()}
    assert modes["bin/tool"] == 0o755
    assert modes["app.py"] == 0o644


def test_nothing_to_package(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no files to package"):
        zip_folder(tmp_path)
    with pytest.raises(UsageError, match="there is no folder"):
        zip_folder(tmp_path / "nowhere")


@dataclass
class Recorder:
    """A client that remembers its calls."""

    region: str = "us-east-1"
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    @property
    def meta(self) -> SimpleNamespace:
        return SimpleNamespace(region_name=self.region)

    def __getattr__(self, name: str) -> Any:
        def call(**options: Any) -> dict[str, Any]:
            self.calls.append((name, options))
            return {"FunctionArn": "arn:f"}

        return call


def test_deployment(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = Deployment(
        source=source / "app.py", handler="app.handler", name="f", runtime="python3.12", role_arn="r",
        memory_mb=256, environment={"A": "1"},
    )  # fmt: skip
    client = Recorder()
    assert deploy(client, wanted) == "arn:f"
    name, options = client.calls[0]
    assert name == "create_function"
    assert options["Code"] == {"ZipFile": zip_folder(source)}
    assert options["Environment"] == {"Variables": {"A": "1"}}
    monkeypatch.setattr("powertune.local.package._DIRECT_LIMIT_BYTES", 10)
    with pytest.raises(UsageError, match="more than the API takes directly"):
        deploy(client, wanted)
    for region, constraint in (("us-east-1", {}), ("eu-west-1", {"LocationConstraint": "eu-west-1"})):
        s3 = Recorder(region)
        deploy(client, wanted, s3)
        assert s3.calls[0][1].get("CreateBucketConfiguration", {}) == constraint
        assert client.calls[-1][1]["Code"] == {"S3Bucket": s3.calls[1][1]["Bucket"], "S3Key": "f.zip"}


def test_a_deployment_that_a_proxy_answers_is_an_error_of_ours(source: Path) -> None:
    client = FakeLambda()
    aws = replace(fake_aws(client), attempts=3)

    def cannot_get_through(name: str, kwargs: object) -> None:
        raise client_error("502", "Bad Gateway", 502)

    client.on_call = cannot_get_through
    wanted = Deployment(source=source, handler="app.handler", name="f", runtime="python3.12", role_arn="r")
    with pytest.raises(Unavailable, match="CreateFunction failed: Bad Gateway") as caught:
        deploy(client, wanted, None, aws.call)
    assert (caught.value.exit_code, caught.value.hint) == (6, "AWS or the network is unavailable; try later")
    assert client.calls == ["create_function"] * 3


def test_links_that_lead_back_are_not_followed_for_ever(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("1")
    (tmp_path / "lib").mkdir()
    for number in range(5):
        (tmp_path / f"lib/up{number}").symlink_to("..")
        (tmp_path / f"lib/self{number}").symlink_to(".")
    (tmp_path / "linked").symlink_to("lib")
    (tmp_path / "lib/dep.py").write_text("2")
    (tmp_path / "circle").symlink_to("circle")
    with zipfile.ZipFile(io.BytesIO(zip_folder(tmp_path))) as archive:
        assert archive.namelist() == ["app.py", "lib/dep.py", "linked/dep.py"]


def test_results_of_runs_are_no_part_of_the_code(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("1")
    (tmp_path / "powertune-results").mkdir()
    (tmp_path / "powertune-results/small-abcd1234.json").write_text("{}")
    with zipfile.ZipFile(io.BytesIO(zip_folder(tmp_path))) as archive:
        assert archive.namelist() == ["app.py"]


def test_a_worktree_or_a_submodule_has_the_same_package_as_a_clone(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("1")
    (tmp_path / ".git").write_text("gitdir: ../../.git/worktrees/tree")
    (tmp_path / "module").mkdir()
    (tmp_path / "module/.git").write_text("gitdir: ../.git/modules/module")
    (tmp_path / "module/app.py").write_text("2")
    with zipfile.ZipFile(io.BytesIO(zip_folder(tmp_path))) as archive:
        assert archive.namelist() == ["app.py", "module/app.py"]


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="no file that cannot be read")
def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("1")
    (tmp_path / "strange").symlink_to("/proc/self/mem")
    with pytest.raises(UsageError, match=r"cannot package '.*/strange': "):
        zip_folder(tmp_path)


def test_a_version_gets_code_and_settings_and_each_change_is_waited_for(source: Path) -> None:
    client = Publisher()
    deployment = Deployment(
        source=source, handler="app.old", name="fn", runtime="python3.13", role_arn="arn", memory_mb=512, timeout_s=7
    )
    version = publish(client, deployment, "main@1a2b3c4", wait=lambda: client.calls.append(("wait", {})))
    assert version == "3"
    names = [name for name, _ in client.calls]
    changes = ["update_function_code", "wait", "update_function_configuration", "wait", "publish_version"]
    assert names == changes
    code, settings = client.calls[0][1], client.calls[2][1]
    assert code["ZipFile"] == zip_folder(source)
    assert (settings["Handler"], settings["MemorySize"], settings["Timeout"]) == ("app.old", 512, 7)
    assert settings["Description"] == "main@1a2b3c4"


class Publisher(Recorder):
    """A client whose next version is the third."""

    def publish_version(self, **options: Any) -> dict[str, str]:
        self.calls.append(("publish_version", options))
        return {"Version": "3"}
