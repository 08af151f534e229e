from dataclasses import replace
from typing import Any, ClassVar

import pytest
from botocore.exceptions import (
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
    TokenRetrievalError,
)
from fake_service import FakeService
from fakes import FakeClock, FakeLambda, client_error, fake_aws, fake_clients

from powertune.aws.connection import connect
from powertune.aws.identity import ConnectionOptions
from powertune.aws.price_list import PatientPricing
from powertune.aws.rate_limit import RateLimiter
from powertune.errors import (
    AccessDenied,
    AlreadyExists,
    Changed,
    FunctionBusy,
    IdentityError,
    NotFound,
    PowertuneError,
    Unavailable,
    UsageError,
)


def failing(errors: list[Exception]) -> FakeLambda:
    """A fake that raises these errors, one per call, and then answers."""
    fake = FakeLambda()
    fake.add("fn")

    def on_call(name: str, kwargs: object) -> None:
        if errors:
            raise errors.pop(0)

    fake.on_call = on_call
    return fake


@pytest.mark.parametrize(
    "error",
    [
        client_error("TooManyRequestsException", "Rate exceeded", 429),
        client_error("ThrottlingException"),
        client_error("ServiceException", "oops", 500),
        client_error("", "", 503),
        client_error("ResourceConflictException", "An update is in progress", 409),
        ReadTimeoutError(endpoint_url="https://lambda"),
        EndpointConnectionError(endpoint_url="https://lambda"),
        ConnectTimeoutError(endpoint_url="https://lambda"),
    ],
)
def test_what_passes_is_waited_out(error: Exception) -> None:
    clock = FakeClock()
    errors: list[Exception] = []
    fake = failing(errors)
    aws = fake_aws(fake, clock=clock)
    aws.call(aws.clients.control.get_function, FunctionName="fn")
    errors += [error] * 3
    aws.call(aws.clients.control.get_function, FunctionName="fn")
    assert len(clock.slept) == 3
    assert clock.slept == sorted(clock.slept)


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (client_error("AccessDeniedException", "no", 403), AccessDenied, "lambda:GetFunction"),
        (client_error("Weird", "forbidden", 403), AccessDenied, "forbidden"),
        (client_error("ExpiredTokenException", "expired", 403), IdentityError, "expired"),
        (client_error("UnrecognizedClientException", "bad", 403), IdentityError, "bad"),
        (NoCredentialsError(), IdentityError, "credentials"),
        (TokenRetrievalError(provider="sso", error_msg="gone"), IdentityError, "gone"),
        (client_error("ResourceNotFoundException", "nope", 404), NotFound, "nope"),
        (client_error("PreconditionFailedException", "old", 412), Changed, "old"),
        (client_error("ResourceConflictException", "Alias already exists: x", 409), AlreadyExists, "exists"),
        (client_error("ResourceConflictException", "aliases reference it: x", 409), FunctionBusy, "reference"),
        (client_error("ValidationException", "bad value"), UsageError, "bad value"),
    ],
)
def test_what_stays_is_translated_at_once(error: Exception, kind: type[PowertuneError], words: str) -> None:
    fake = failing([error])
    aws = fake_aws(fake)
    with pytest.raises(kind, match=words) as caught:
        aws.call(aws.clients.control.get_function, FunctionName="fn")
    assert type(caught.value) is kind
    assert caught.value.hint
    assert len(fake.calls) == 1


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (client_error("TooManyRequestsException", "Rate exceeded", 429), Unavailable),
        (client_error("ServiceException", "oops", 500), Unavailable),
        (client_error("ResourceConflictException", "An update is in progress", 409), FunctionBusy),
    ],
)
def test_what_does_not_pass_is_given_up(error: Exception, kind: type[PowertuneError]) -> None:
    aws = fake_aws(failing([error] * 100))
    with pytest.raises(kind):
        aws.call(aws.clients.control.get_function, FunctionName="fn")


def test_an_endpoint_that_has_never_answered_is_given_up_soon() -> None:
    fake = failing([EndpointConnectionError(endpoint_url="x")] * 100)
    aws = fake_aws(fake)
    with pytest.raises(Unavailable):
        aws.call(aws.clients.control.get_function, FunctionName="fn")
    assert len(fake.calls) == 3


def test_patience_can_be_ended_from_outside() -> None:
    fake = failing([client_error("ServiceException", "oops", 500)] * 100)
    aws = fake_aws(fake)

    def give_up() -> None:
        if len(fake.calls) == 2:
            raise FunctionBusy("undoing")

    aws.give_up = give_up
    with pytest.raises(FunctionBusy, match="undoing"):
        aws.call(aws.clients.control.get_function, FunctionName="fn")


def test_another_code_than_ours_is_a_change_by_somebody_else() -> None:
    words = "CodeSHA256 (a) is different from current CodeSHA256 in $LATEST (b)."
    aws = fake_aws(failing([client_error("InvalidParameterValueException", words)]))
    with pytest.raises(Changed):
        aws.call(aws.clients.control.get_function, FunctionName="fn")


def test_changes_pass_the_rate_limiter_and_polling_does_not() -> None:
    clock = FakeClock()
    fake = FakeLambda()
    fake.add("fn")
    aws = fake_aws(fake, clock=clock, rate=5.0)
    for _ in range(50):
        aws.call(aws.clients.control.get_function, FunctionName="fn")
    assert clock.slept == []
    for _ in range(20):
        aws.call(aws.clients.control.list_aliases, FunctionName="fn")
    assert sum(clock.slept) == pytest.approx((20 - 10) / 5.0)


def test_the_rate_limiter_refills_to_its_burst_and_no_further() -> None:
    clock = FakeClock()
    limiter = RateLimiter(2.0, 3, clock=clock, sleep=clock.sleep)
    clock.now += 1000
    for _ in range(5):
        limiter.acquire()
    assert clock.slept == pytest.approx([0.5, 0.5])


@pytest.fixture
def no_aws(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", f"{tmp_path}/config")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", f"{tmp_path}/credentials")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.mark.usefixtures("no_aws")
@pytest.mark.parametrize(
    ("place", "words"),
    [
        (ConnectionOptions(profile="nobody"), "profile"),
        (ConnectionOptions(), "no AWS region"),
        (ConnectionOptions(region="us-east-1"), "no AWS credentials"),
    ],
)
def test_no_identity(place: ConnectionOptions, words: str) -> None:
    with pytest.raises(IdentityError, match=words):
        connect(place)


@pytest.mark.long
@pytest.mark.usefixtures("no_aws")
def test_the_invoke_client_makes_one_attempt_and_outwaits_the_function(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    connection = connect(ConnectionOptions(region="eu-west-1", endpoint_url="http://127.0.0.1:1"))
    config: Any = connection.aws(function_timeout_s=300, concurrency=77).clients.invoke.meta.config
    assert config.retries["total_max_attempts"] == 1
    assert config.read_timeout > 300
    assert config.tcp_keepalive is True
    assert config.max_pool_connections == 77
    assert connection.region == "eu-west-1"
    # Whoever undoes is as patient, and as polite, as whoever changed.
    assert connection.aws().reached is connection.aws().reached
    assert connection.aws().limiter is connection.aws().limiter
    assert connection.place == ConnectionOptions(region="eu-west-1", endpoint_url="http://127.0.0.1:1")
    connection.__exit__()


@pytest.mark.long
@pytest.mark.usefixtures("no_aws")
def test_an_endpoint_that_is_not_a_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with pytest.raises(UsageError, match="nonsense"):
        _ = connect(ConnectionOptions(region="eu-west-1", endpoint_url="nonsense")).aws().clients.control


def test_the_price_list_is_read_with_the_same_patience() -> None:
    class Products(FakeService):
        service = "pricing"
        pages: ClassVar[list[Any]] = [client_error("ThrottlingException"), {"PriceList": []}]

        def get_products(self, **request: Any) -> Any:
            page = self.pages.pop(0)
            if isinstance(page, Exception):
                raise page
            return page

    client = Products(lambda service, name, kwargs: None)
    fake = FakeLambda()
    aws = replace(fake_aws(fake), clients=fake_clients(fake, pricing=client))
    assert PatientPricing(aws=aws).get_products() == {"PriceList": []}
