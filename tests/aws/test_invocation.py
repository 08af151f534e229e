import io
from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError, ReadTimeoutError
from fakes import FakeClock, FakeLambda, answer, client_error, fake_aws, report_text

from powertune.aws.invocation import Sent, invoke_once
from powertune.errors import AccessDenied, FunctionRefused, Unavailable
from powertune.model import Status


def send(fake: FakeLambda, **options: Any) -> Sent:
    return invoke_once(fake_aws(fake), function="fn", qualifier=None, payload=b"{}", **options)


def answering(*answers: dict[str, Any] | Exception) -> FakeLambda:
    fake = FakeLambda()
    fake.add("fn")
    left = list(answers)

    def say(call: dict[str, Any]) -> dict[str, Any]:
        item = left.pop(0)
        if isinstance(item, Exception):
            raise item
        return item

    fake.answer = say
    return fake


def test_a_cold_then_a_warm_invocation() -> None:
    fake = FakeLambda()
    fake.add("fn", memory_mb=256)
    cold, warm = send(fake).invocation, send(fake, lane=3).invocation
    assert (cold.init_ms, cold.billed_ms, cold.memory_mb) == (150.0, 250, 256)
    assert (warm.init_ms, warm.billed_ms, warm.lane, warm.status) == (None, 100, 3, Status.OK)
    assert warm.executed_version == "$LATEST"


def test_throttling_did_not_execute_and_is_sent_again() -> None:
    throttle = client_error("TooManyRequestsException", "Rate Exceeded.", 429)
    fake = answering(throttle, throttle, answer("id-00000001", report_text("id-00000001")))
    counted: list[int] = []
    sent = send(fake, throttled=lambda: counted.append(1))
    assert sent.invocation.status is Status.OK
    assert len(counted) == 2


def test_a_refused_connection_did_not_execute_either() -> None:
    fake = answering(EndpointConnectionError(endpoint_url="x"), answer("id-00000001", report_text("id-00000001")))
    assert send(fake).invocation.status is Status.OK


@pytest.mark.parametrize(
    "error",
    [
        ReadTimeoutError(endpoint_url="x"),
        ConnectionClosedError(endpoint_url="x"),
        client_error("ServiceException", "oops", 500),
    ],
)
def test_a_lost_answer_is_a_missing_sample_and_is_not_sent_again(error: Exception) -> None:
    fake = answering(error)
    lost = send(fake).invocation
    assert (lost.status, lost.duration_ms, lost.billed_ms) == (Status.MISSING, None, None)
    assert lost.error_type
    assert len(fake.invoked) == 1


def test_endless_throttling_and_refusals() -> None:
    clock = FakeClock()
    fake = answering(*[client_error("TooManyRequestsException", "Rate Exceeded.", 429)] * 100)
    with pytest.raises(Unavailable, match="lambda:InvokeFunction is throttled"):
        invoke_once(fake_aws(fake, clock=clock), function="fn", qualifier=None, payload=b"{}")
    assert sum(clock.slept) > 60
    with pytest.raises(AccessDenied, match="lambda:InvokeFunction"):
        send(answering(client_error("AccessDeniedException", "no", 403)))


@pytest.mark.parametrize(
    ("payload", "suffix", "status", "kind"),
    [
        (b'{"errorType":"ValueError","errorMessage":"x"}', "", Status.ERROR, "ValueError"),
        (b'{"errorMessage":"x Task timed out after 3.00 seconds"}', "", Status.TIMEOUT, None),
        (b'{"errorType":"Sandbox.Timedout"}', "Status: timeout\t", Status.TIMEOUT, "Sandbox.Timedout"),
        (b'{"errorType":"Runtime.ExitError"}', "", Status.CRASH, "Runtime.ExitError"),
        (
            b'{"errorType":"Runtime.ExitError"}',
            "Status: error\tError Type: Runtime.OutOfMemory\t",
            Status.OUT_OF_MEMORY,
            "Runtime.OutOfMemory",
        ),
        (b'{"errorType":"Runtime.OutOfMemory"}', "", Status.OUT_OF_MEMORY, "Runtime.OutOfMemory"),
        (b"not json", "", Status.ERROR, None),
        (b"[1]", "", Status.ERROR, None),
        (b'{"errorType":7}', "", Status.ERROR, None),
    ],
)
def test_a_failure_is_a_result(payload: bytes, suffix: str, status: Status, kind: str | None) -> None:
    text = report_text("id-00000001", status=suffix)
    sent = send(answering(answer("id-00000001", text, payload=payload, error="Unhandled")))
    assert (sent.invocation.status, sent.invocation.error_type) == (status, kind)
    assert sent.invocation.duration_ms == 12.34
    assert sent.output == payload


@pytest.mark.parametrize("log_result", [None, "", "%%%", "aGVsbG8="])
def test_without_a_report_nothing_is_known_and_nothing_is_zero(log_result: str | None) -> None:
    bare = answer("id-00000001", None)
    if log_result is not None:
        bare["LogResult"] = log_result
    sent = send(answering(bare), tail=False)
    assert (sent.invocation.status, sent.invocation.duration_ms) == (Status.MISSING, None)
    assert sent.invocation.request_id == "id-00000001"


def test_a_configuration_that_keeps_the_function_from_running_is_said_and_not_counted() -> None:
    with pytest.raises(FunctionRefused, match="npm install"):
        send(answering(client_error("InvalidRuntimeException", "npm install -g aws-lambda-ric", 502)))


def test_a_body_that_breaks_off_loses_the_output_and_keeps_the_report() -> None:
    class Broken(io.BytesIO):
        def read(self, *args: object) -> bytes:
            raise ConnectionClosedError(endpoint_url="x")

    broken = answer("id-00000001", report_text("id-00000001"))
    broken["Payload"] = Broken()
    sent = send(answering(broken))
    assert (sent.output, sent.invocation.status, sent.invocation.duration_ms) == (None, Status.OK, 12.34)


@pytest.mark.parametrize(
    ("header", "waited_ms"), [("1.5", 1.5), ("0", None), ("-2", None), ("nan", None), ("x", None)]
)
def test_the_embedded_aws_tells_that_others_were_in_the_way(header: str, waited_ms: float | None) -> None:
    disturbed = answer("r", report_text("r"))
    disturbed["ResponseMetadata"]["HTTPHeaders"]["x-powertune-waited-ms"] = header
    assert send(answering(disturbed)).invocation.waited_ms == waited_ms
