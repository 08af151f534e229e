"""What the application adds to moto's: services, latency, a header, and no answer to web pages."""

from types import SimpleNamespace
from typing import Any

import pytest

from powertune.local.runtime.runner import Runner
from powertune.local.settings import Settings
from powertune.local.web import HEADER, Application, service_of


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


@pytest.mark.long
@pytest.mark.parametrize(("cores", "shown"), [(1.5, "1.5"), (2.0, "2"), (0.25, "0.25"), (64.0, "64")])
def test_cores_in_the_header(monkeypatch: pytest.MonkeyPatch, cores: float, shown: str) -> None:
    monkeypatch.setattr("powertune.local.runtime.runner.available_cores", lambda _: cores)
    nowhere: Any = SimpleNamespace()
    runner = Runner(Settings(containment="duty cycle"), nowhere, "http://127.0.0.1:9")
    runner.close()
    assert runner.description.startswith(f"duty cycle; cores={shown}; python=3.")
