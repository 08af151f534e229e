import json
from typing import Any

import pytest
from fakes import FakeLambda, answer, report_text
from runs import make_fake, plan_for, tune

from powertune.aws.invocation import with_allowed
from powertune.model import Invocation, Invocations, Population, Status

ALLOWED = ("NotFound",)


def failed(status: Status, error_type: str | None, duration_ms: float | None = 10.0) -> Invocation:
    return Invocation(
        started_at=1.0, duration_ms=duration_ms, billed_ms=10, status=status, error_type=error_type, lane=0
    )


@pytest.mark.parametrize(
    ("status", "error_type", "allowed", "counts"),
    [
        (Status.ERROR, "NotFound", ("NotFound",), True),
        (Status.ERROR, "Throttled", ("NotFound",), False),
        (Status.ERROR, None, ("NotFound",), False),
        (Status.CRASH, "Runtime.ExitError", ("Runtime.ExitError",), True),
        (Status.OUT_OF_MEMORY, "Runtime.ExitError", ("Runtime.ExitError",), False),
        (Status.OUT_OF_MEMORY, "Runtime.ExitError", ("Runtime.OutOfMemory",), True),
        (Status.TIMEOUT, "NotFound", ("NotFound",), False),
        (Status.TIMEOUT, None, ("Sandbox.Timedout",), True),
        (Status.TIMEOUT, None, ("Sandbox.Timeout",), True),
        (Status.MISSING, "NotFound", ("NotFound",), False),
    ],
)
def test_only_what_is_named_counts_as_a_sample(
    status: Status, error_type: str | None, allowed: tuple[str, ...], *, counts: bool
) -> None:
    found = with_allowed(failed(status, error_type), allowed)
    assert found.status is (Status.OK if counts else status)
    assert found.error_type == error_type


def test_the_answer_knows_a_type_that_the_report_does_not() -> None:
    assert with_allowed(failed(Status.CRASH, "Runtime.Unknown"), ALLOWED, "NotFound").status is Status.OK


def test_without_a_report_the_sample_is_missing() -> None:
    assert with_allowed(failed(Status.ERROR, "NotFound", None), ALLOWED).status is Status.MISSING


def failing(kind: str, *, tail: bool = True) -> FakeLambda:
    """A function that fails every time with an error of that type."""
    fake = make_fake()

    def fail(call: dict[str, Any]) -> dict[str, Any]:
        init = 99.0 if call["cold"] else None
        text = report_text(call["request_id"], memory=call["configuration"]["MemorySize"], init=init, billed=200)
        fake.logs.write(call, text)
        body = json.dumps({"errorType": kind, "errorMessage": "no"}).encode()
        return answer(
            call["request_id"],
            text if tail else None,
            payload=body,
            error="Unhandled",
            version=call["configuration"]["Version"],
        )

    fake.answer = fail
    return fake


@pytest.mark.parametrize("tail", [True, False])
def test_a_run_takes_allowed_errors_for_samples(*, tail: bool) -> None:
    fake = failing("NotFound", tail=tail)
    run = tune(fake, plan_for(fake, allowed_errors=ALLOWED))
    assert run.design.allowed_errors == ALLOWED
    for measurement in run.measurements:
        assert measurement.infeasible is None
        assert measurement.invocations.count(Population.WARM) >= 4
        assert measurement.invocations.count(Population.FAILED) == 0
        assert {*measurement.invocations.column("error_type")} == {"NotFound"}
    assert "function-error" not in {advisory.code for advisory in run.advisories}


def test_other_errors_fail_as_ever() -> None:
    fake = failing("Throttled")
    run = tune(fake, plan_for(fake, allowed_errors=ALLOWED))
    assert run.measurements[0].infeasible
    assert "function-error" in {advisory.code for advisory in run.advisories}


def test_the_sample_after_an_allowed_crash_is_set_aside() -> None:
    crash = with_allowed(failed(Status.CRASH, "Runtime.ExitError"), ("Runtime.ExitError",))
    well = Invocation(started_at=1.0, duration_ms=10.0, billed_ms=10, environment=None)
    first = Invocation(started_at=1.0, duration_ms=10.0, billed_ms=10, init_ms=5.0)
    found = Invocations.of([first, well, crash, well, well]).populations
    assert [str(each) for each in found] == ["cold", "warm", "warm", "set_aside", "warm"]
    error = with_allowed(failed(Status.ERROR, "NotFound"), ALLOWED)
    found = Invocations.of([first, well, error, well]).populations
    assert [str(each) for each in found] == ["cold", "warm", "warm", "warm"]
