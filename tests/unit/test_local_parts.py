"""Packages, code folders, settings, telemetry and the web layer."""

import io
import stat
import threading
import zipfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fakes import FakeClock, FakeLambda, client_error, fake_aws

from powertune.errors import Unavailable, UsageError
from powertune.local import code_cache, telemetry
from powertune.local.code_cache import BadPackage, CodeCache
from powertune.local.functions import Function
from powertune.local.hosts import is_loopback
from powertune.local.outputs import Line
from powertune.local.package import Deployment, deploy, zip_folder
from powertune.local.runner import Runner
from powertune.local.settings import Settings
from powertune.local.telemetry import Metric, Record, Telemetry
from powertune.local.web import HEADER, Application, refusal, service_of


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


class Proxied(Recorder):
    """A client whose every call is answered by a proxy that cannot get through."""

    def __getattr__(self, name: str) -> Any:
        def call(**options: Any) -> dict[str, Any]:
            self.calls.append((name, options))
            raise client_error("502", "Bad Gateway", 502)

        call.__name__ = name
        return call


def test_a_deployment_that_a_proxy_answers_is_an_error_of_ours(source: Path) -> None:
    clock = FakeClock()
    aws = replace(fake_aws(FakeLambda(), clock=clock), attempts=3)
    wanted = Deployment(source=source, handler="app.handler", name="f", runtime="python3.12", role_arn="r")
    client = Proxied()
    with pytest.raises(Unavailable, match="CreateFunction failed: Bad Gateway") as caught:
        deploy(client, wanted, None, aws.call)
    assert (caught.value.exit_code, caught.value.hint) == (6, "AWS or the network is unavailable; try later")
    assert len(client.calls) == 3


def zipped(entries: dict[str, tuple[int, str]]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, (mode, text) in entries.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            archive.writestr(info, text)
    return stream.getvalue()


def test_code_is_unpacked_once(tmp_path: Path) -> None:
    cache = CodeCache(tmp_path / "code")
    one = zipped({"a/x": (0o100755, "x"), "link": (stat.S_IFLNK | 0o777, "a/x"), "a/b/": (0o40755, "")})
    two = zipped({"a/x": (0o100600, "y")})
    folder = cache.folder(one)
    assert folder == cache.folder(one)
    assert stat.S_IMODE((folder / "a/x").stat().st_mode) == 0o755
    assert (folder / "link").read_text() == "x"
    merged = cache.folder(one, two)
    assert (merged / "a/x").read_text() == "y"
    assert stat.S_IMODE((merged / "a/x").stat().st_mode) == 0o644


LINK, FILE = stat.S_IFLNK | 0o777, 0o100644

ESCAPES: dict[str, dict[str, tuple[int, str]]] = {
    "a link": {"link": (LINK, "../../etc/passwd")},
    "an absolute link": {"link": (LINK, "/etc/passwd")},
    "a link beside the package": {"../link": (LINK, "app.py")},
    "a file beside the package": {"../pwned.txt": (FILE, "x")},
    "through a folder beside the package": {"a/../../pwned/": (0o40755, "")},
    "chained links": {
        "x/y/z": (LINK, "../.."), "x/y/z/l": (LINK, "../../.."), "l/pwned.txt": (FILE, "x"),
    },
    "a folder through a link": {"l": (LINK, ".."), "l/pwned/": (0o40755, "")},
    "a link that comes to lead out": {"l": (LINK, "a/b/../.."), "a/b": (LINK, ".."), "ok": (FILE, "x")},
}  # fmt: skip


@pytest.mark.parametrize("entries", ESCAPES.values(), ids=ESCAPES.keys())
def test_nothing_leaves_the_package(tmp_path: Path, entries: dict[str, tuple[int, str]]) -> None:
    folder = tmp_path / "a/b/c/package"
    folder.mkdir(parents=True)
    before = sorted(path for path in tmp_path.rglob("*") if not path.is_relative_to(folder))
    with pytest.raises(BadPackage, match="leaves the package"):
        code_cache.unpack(zipped(entries), folder)
    assert sorted(path for path in tmp_path.rglob("*") if not path.is_relative_to(folder)) == before


def test_links_within_the_package(tmp_path: Path) -> None:
    folder = CodeCache(tmp_path / "code").folder(
        zipped({"./": (0o40755, ""), "real/x": (FILE, "1"), "lib": (LINK, "./real"), "top": (LINK, "real/../lib/x")}),
        zipped({"lib/": (0o40755, ""), "lib/y": (FILE, "2"), "real/x": (FILE, "3"), "top": (FILE, "4")}),
    )
    assert ((folder / "real/y").read_text(), (folder / "lib/x").read_text()) == ("2", "3")
    assert (folder / "top").read_text() == "4"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755


def encrypted() -> bytes:
    package = bytearray(zipped({"a": (FILE, "x")}))
    package[6] |= 1
    package[package.index(b"PK\x01\x02") + 8] |= 1
    return bytes(package)


@pytest.mark.parametrize(
    "package",
    [
        b"nonsense",
        encrypted(),
        zipped({"a": (FILE, "x")}).replace(b"x", b"y"),
        zipped({"a": (FILE, "x"), "a/b": (FILE, "x")}),
        zipped({"a/b": (FILE, "x"), "a": (FILE, "x")}),
        zipped({"a": (LINK, "")}),
        zipped({"a": (LINK, "b"), "b": (LINK, "a"), "a/c": (FILE, "x")}),
    ],
    ids=["no ZIP", "encrypted", "checksum", "file as folder", "folder as file", "link to nothing", "circle"],
)
def test_what_cannot_be_unpacked_is_said_every_time_and_leaves_nothing(tmp_path: Path, package: bytes) -> None:
    cache = CodeCache(tmp_path)
    for _ in range(2):
        with pytest.raises(BadPackage, match=r"\w"):
            cache.folder(zipped({"ok": (FILE, "x")}), package)
        assert list(tmp_path.iterdir()) == []


def test_what_is_not_a_zip() -> None:
    with pytest.raises(BadPackage):
        code_cache.check(b"nonsense")


def test_settings_travel() -> None:
    settings = Settings(region="us-gov-west-1", seed=3)
    assert Settings.from_json(settings.to_json()) == settings
    assert settings.role_arn.startswith("arn:aws-us-gov:iam::123456789012:role/")
    assert Settings().partition == "aws"
    assert Settings(region="cn-north-1").partition == "aws-cn"
    for text, words in (("{", "are not JSON"), ("[]", "unknown setting"), ('{"speed": 1}', "unknown setting")):
        with pytest.raises(UsageError, match=words):
            Settings.from_json(text)


class Store:
    """Where logs and metrics end up."""

    def __init__(self) -> None:
        self.logs: list[tuple[str, str]] = []
        self.metrics: list[Metric] = []

    def put_logs(self, account: str, region: str, group: str, stream: str, lines: tuple[Line, ...]) -> None:
        self.logs.extend((stream, line.text) for line in lines)

    def put_metrics(self, account: str, region: str, metrics: tuple[Metric, ...]) -> None:
        self.metrics.extend(metrics)


FUNCTION = Function(
    account="1", region="eu-west-1", name="f", version="3", arn="arn", deployment="d", runtime="python3.12",
    handler="app.handler", memory_mb=128, timeout_s=3, code=b"",
)  # fmt: skip


def record(number: int) -> Record:
    return Record(
        function=FUNCTION, resource="f:live", log_stream="s", lines=(Line(1, f"line {number}"),), started_at=1.0,
        duration_ms=2.0, failed=bool(number % 2),
    )  # fmt: skip


def test_telemetry_waits_for_quiet_but_readers_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telemetry, "_PATIENCE_S", 600.0)
    monkeypatch.setattr(telemetry, "QUEUE_LIMIT", 3)
    store, quiet = Store(), threading.Event()
    recorder = Telemetry(store, lambda: not quiet.is_set())
    recorder.add(record(1))
    recorder.throttled(FUNCTION, "f", 1.0)
    recorder.flush()
    assert store.logs == [("s", "line 1")]
    kinds = {(metric.name, metric.value, metric.dimensions) for metric in store.metrics}
    name = ("FunctionName", "f")
    assert ("Errors", 1.0, (name, ("Resource", "f:live"))) in kinds
    assert ("Throttles", 1.0, (name, ("Resource", "f"))) in kinds
    for number in range(2, 6):
        recorder.add(record(number))
    assert len(store.logs) == 5
    recorder.add(record(6))
    quiet.set()
    recorder.close()
    assert len(store.logs) == 6


def test_service_of_a_request() -> None:
    signed = "AWS4-HMAC-SHA256 Credential=AK/20260101/eu-west-1/dynamodb/aws4_request, SignedHeaders=host"
    assert service_of({"HTTP_AUTHORIZATION": signed}) == "dynamodb"
    assert service_of({"QUERY_STRING": "X-Amz-Credential=AK%2F2026%2Feu-west-1%2Fsqs%2Faws4_request"}) == "sqs"
    assert service_of({}) == "s3"


def unchecked(environ: dict[str, Any]) -> None:
    """Every request is taken to be signed."""


def test_latency_is_added_to_services_that_functions_use() -> None:
    slept: list[float] = []
    flushed: list[bool] = []
    runner: Any = SimpleNamespace(
        description="d; cores=2", settings=Settings(service_latency_ms=20),
        telemetry=SimpleNamespace(flush=lambda: flushed.append(True)),
    )  # fmt: skip

    def moto(environ: dict[str, Any], start: Any) -> list[bytes]:
        start("200 OK", [])
        return [b"body"]

    times = iter(range(100))
    application = Application(moto, runner, unchecked, clock=lambda: next(times) * 0.005, sleep=slept.append)
    headers: list[Any] = []

    def call(service: str, path: str = "/") -> None:
        credential = f"AWS4 Credential=AK/20260101/eu-west-1/{service}/aws4_request"
        environ = {"PATH_INFO": path, "HTTP_AUTHORIZATION": credential, "HTTP_HOST": "127.0.0.1:5000"}
        assert application(environ, lambda status, given: headers.extend(given)) == [b"body"]

    call("lambda")
    call("logs")
    assert slept == []
    assert flushed == [True]
    call("s3")
    assert slept == [pytest.approx(0.015)]
    call("s3", "/moto-api/data.json")
    assert len(slept) == 1
    assert headers == [(HEADER, "d; cores=2")] * 4
    runner.settings = Settings(service_latency_ms=0)
    call("sqs")
    assert len(slept) == 1


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.0.0.1:5000", "127.8.9.10:1", "[::1]", "[::1]:80", "localhost", "LOCALHOST:5000",
     "bucket.localhost", "my.bucket.s3.localhost:5000"],
)  # fmt: skip
def test_hosts_that_are_this_machine(host: str) -> None:
    assert is_loopback(host)
    assert refusal({"HTTP_HOST": host}) is None
    assert refusal({"HTTP_HOST": host, "HTTP_SEC_FETCH_SITE": "none"}) is None
    for header in ({"HTTP_ORIGIN": "null"}, {"HTTP_ORIGIN": ""}, {"HTTP_SEC_FETCH_SITE": "cross-site"}):
        assert "web pages" in str(refusal({"HTTP_HOST": host, **header}))


@pytest.mark.parametrize(
    "host",
    ["", "evil.example", "evil.example:5000", "127.0.0.1.evil.example", "127.evil.example", "localhost.evil.example",
     "evil-localhost", "127.0.0.1:5000@evil.example", "127.0.0.1,evil.example", "128.0.0.1", "0.0.0.0", "[::2]",
     "[::1", "::1", "127.0.0.1:port", "127.0.0.1\n"],
)  # fmt: skip
def test_hosts_that_are_not(host: str) -> None:
    assert not is_loopback(host)
    assert repr(host) in str(refusal({"HTTP_HOST": host}))
    assert refusal({}) is not None


def test_web_pages_do_not_get_through() -> None:
    def moto(environ: dict[str, Any], start: Any) -> list[bytes]:
        raise AssertionError(environ)

    runner: Any = None
    for path in ("/", "/moto-api/reset", "/_powertune/code/1/us-east-1/00"):
        answers: list[tuple[str, Any]] = []
        environ = {"PATH_INFO": path, "HTTP_HOST": "127.0.0.1", "HTTP_ORIGIN": "https://evil.example"}
        body = Application(moto, runner, unchecked)(
            environ, lambda status, headers, kept=answers: kept.append((status, headers))
        )
        assert b"".join(body) == b"the embedded AWS does not answer web pages\n"
        assert [status for status, _ in answers] == ["403 Forbidden"]
        assert not any(name.lower().startswith("access-control") for name, _ in answers[0][1])


@pytest.mark.parametrize(("cores", "shown"), [(1.5, "1.5"), (2.0, "2"), (0.25, "0.25"), (64.0, "64")])
def test_cores_in_the_header(monkeypatch: pytest.MonkeyPatch, cores: float, shown: str) -> None:
    monkeypatch.setattr("powertune.local.runner.available_cores", lambda _: cores)
    runner = Runner(Settings(containment="duty cycle"), Store(), "http://127.0.0.1:9")
    runner.close()
    assert runner.description.startswith(f"duty cycle; cores={shown}; python=3.")
