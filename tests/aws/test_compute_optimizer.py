"""What Compute Optimizer is asked, and what becomes of its answer or its silence."""

from contextlib import closing
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError
from botocore.stub import Stubber
from factories import make_function
from fakes import FakeClock, FakeLambda, client_error, fake_aws, fake_clients

from powertune.aws.usage.compute_optimizer import read_projection
from powertune.model import Architecture, Configuration, Hint

STATE = make_function(memory_mb=1024, architecture=Architecture.ARM64)


def metric(statistic: str, value: float, name: str = "Duration") -> dict[str, Any]:
    return {"name": name, "statistic": statistic, "value": value}


ANSWER = {
    "lambdaFunctionRecommendations": [
        {
            "functionArn": STATE.arn,
            "currentMemorySize": 1024,
            "utilizationMetrics": [
                metric("Maximum", 900.0),
                metric("Average", 80.0),
                metric("Average", 75.0, "Memory"),
            ],
            "memorySizeRecommendationOptions": [
                {
                    "rank": 1,
                    "memorySize": 512,
                    "projectedUtilizationMetrics": [metric("LowerBound", 90.0), metric("Expected", 150.0)],
                },
                {"rank": 2, "memorySize": 256, "projectedUtilizationMetrics": [metric("Expected", 0.0)]},
                {"rank": 3, "memorySize": 1024, "projectedUtilizationMetrics": [metric("Expected", 85.0)]},
            ],
        }
    ]
}


def answering(answer: Any) -> FakeLambda:
    """The fake, with an answer of Compute Optimizer."""
    fake = FakeLambda()
    fake.optimizer.answer = answer
    return fake


def hint(memory_mb: int, duration_ms: float) -> Hint:
    configuration = Configuration(memory_mb=memory_mb, architecture=Architecture.ARM64)
    return Hint(origin="Compute Optimizer", configuration=configuration, duration_ms=duration_ms)


def test_expected_durations_and_the_average_become_hints() -> None:
    fake = answering(ANSWER)
    assert read_projection(fake_aws(fake), STATE) == (hint(512, 150.0), hint(1024, 80.0))
    assert fake.optimizer.asked == [[STATE.arn]]


@pytest.mark.parametrize(
    "answer",
    [
        {"lambdaFunctionRecommendations": []},
        {},
        {"lambdaFunctionRecommendations": [{"finding": "Unavailable"}]},
        {"lambdaFunctionRecommendations": [{"currentMemorySize": 1, "utilizationMetrics": [{"name": "Duration"}]}]},
        client_error("OptInRequiredException", "not registered", 400),
        client_error("AccessDeniedException", "no", 403),
        client_error("InvalidParameterValueException", "no such function", 400),
        client_error("ServiceUnavailableException", "later", 503),
        client_error("UnrecognizedClientException", "no such service here", 403),
    ],
)
def test_without_an_answer_there_are_no_hints(answer: Any) -> None:
    assert read_projection(fake_aws(answering(answer)), STATE) == ()


def test_it_is_asked_as_its_service_model_says() -> None:
    session = boto3.Session("testing", "testing", region_name="us-east-1")
    with closing(session.client("compute-optimizer")) as client:
        aws = replace(fake_aws(FakeLambda()), clients=fake_clients(FakeLambda(), optimizer=client))
        with Stubber(client) as stubber:
            stubber.add_response("get_lambda_function_recommendations", ANSWER, {"functionArns": [STATE.arn]})
            assert read_projection(aws, STATE) == (hint(512, 150.0), hint(1024, 80.0))


@pytest.mark.parametrize(
    "error",
    [
        # As moto answers for a service that it does not have, and LocalStack.
        client_error("500", "<!doctype html>", 500),
        client_error("InternalFailure", "not implemented", 501),
        client_error("ThrottlingException", "Rate exceeded"),
        EndpointConnectionError(endpoint_url="https://compute-optimizer.nowhere"),
        ConnectTimeoutError(endpoint_url="https://compute-optimizer.nowhere"),
    ],
)
def test_nobody_waits_for_it(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    clock = FakeClock()
    fake = answering(error)
    aws = fake_aws(fake, clock=clock)
    aws.reached.set()
    assert read_projection(aws, STATE) == ()
    assert len(fake.optimizer.asked) == 3
    assert sum(clock.slept) < 1
    assert caplog.records == []


def test_the_embedded_aws_is_not_asked() -> None:
    fake = answering(ANSWER)
    assert read_projection(fake_aws(fake), make_function(platform="cgroup v1")) == ()
    assert fake.optimizer.asked == []
