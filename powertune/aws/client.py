"""boto3 clients, and the one way to call them: rate-limited, retried by us, and translated into our errors."""

import logging
import random
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn, ParamSpec, Self, TypeVar

from powertune.aws.actions import ACTIONS
from powertune.aws.rate_limit import RateLimiter
from powertune.errors import (
    AccessDenied,
    AlreadyExists,
    Changed,
    FunctionBusy,
    FunctionRefused,
    IdentityError,
    NotFound,
    PowertuneError,
    Unavailable,
    UsageError,
)

if TYPE_CHECKING:
    from boto3.session import Session
    from botocore.config import Config
    from mypy_boto3_cloudwatch.client import CloudWatchClient
    from mypy_boto3_lambda.client import LambdaClient
    from mypy_boto3_logs.client import CloudWatchLogsClient
    from mypy_boto3_pricing.client import PricingClient
    from mypy_boto3_s3.client import S3Client

_log = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

#: Calls that have a quota of their own, large enough for polling (GetFunction: 100 per second), or none.
_UNLIMITED = frozenset({"get_function", "invoke", "filter_log_events", "get_metric_statistics", "get_object"})
_ATTEMPTS = 9
_BACKOFF_S = 0.25
_BACKOFF_LIMIT_S = 15.0
_CONTROL_TIMEOUT_S = 60
#: An invocation may also wait for its turn on the embedded AWS, or for the function's cold start.
_INVOKE_MARGIN_S = 60
#: After a quiet second this many control-plane calls may go out at once.
_BURST = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where to find AWS, as options and environment say; None leaves it to boto3."""

    region: str | None = None
    profile: str | None = None
    endpoint_url: str | None = None
    access_key: str | None = None
    secret_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Clients:
    """The boto3 clients that measuring takes. None of them retries: `Aws.call` does, knowing what is safe."""

    control: "LambdaClient"
    invoke: "LambdaClient"
    logs: "CloudWatchLogsClient"
    cloudwatch: "CloudWatchClient"
    s3: "S3Client"


@dataclass(slots=True)
class Aws:
    """AWS, spoken to politely. Clock, sleep and jitter come in, so that a test takes no time."""

    clients: Clients
    region: str
    rate: float = 5.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = field(default_factory=lambda: random.Random(0).random)  # noqa: S311
    limiter: RateLimiter = field(init=False)

    def __post_init__(self) -> None:
        self.limiter = RateLimiter(self.rate, _BURST, clock=self.clock, sleep=self.sleep)

    def call(self, method: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Call a boto3 client method; waits out throttling, 5xx, timeouts and updates under way.

        Only for calls that may safely be sent twice; `invoke` is not one of them.

        Raises:
            AlreadyExists, Changed: as AWS says, at once.
            AccessDenied, IdentityError, NotFound, UsageError: what AWS refused.
            FunctionBusy: an update of the function did not end.
            Unavailable: AWS kept failing or throttling.
        """
        name = method.__name__
        for attempt in range(_ATTEMPTS):
            if name not in _UNLIMITED:
                self.limiter.acquire()
            try:
                _log.debug("%s", name)
                return method(*args, **kwargs)
            except aws_errors() as error:
                _log.debug("%s: %s", name, error)
                if attempt == _ATTEMPTS - 1 or not _is_transient(error):
                    raise_translated(error, name)
                self.sleep(self.backoff(attempt))
        raise AssertionError("the last attempt returns or raises")

    def backoff(self, attempt: int) -> float:
        """Seconds to wait before the next attempt: exponential, with jitter over its upper half."""
        longest = min(_BACKOFF_LIMIT_S, _BACKOFF_S * float(2**attempt))
        return longest * (0.5 + 0.5 * self.jitter())


@dataclass(frozen=True, slots=True, kw_only=True)
class Pricing:
    """What reading the Price List takes of a boto3 client, through `Aws.call`."""

    aws: Aws
    client: "PricingClient"

    def get_products(self, **request: Any) -> Any:
        """One page of products."""
        return self.aws.call(self.client.get_products, **request)


class Connection:
    """An identity in a region, from which clients are made. Closes their sockets when its block ends."""

    def __init__(self, session: "Session", region: str, endpoint_url: str | None) -> None:
        self.session = session
        self.region = region
        self._endpoint_url = endpoint_url
        self._sockets = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._sockets.close()

    def aws(self, *, function_timeout_s: int = 900, concurrency: int = 10, rate: float = 5.0) -> Aws:
        """Clients for one run.

        The invoke client makes one attempt, waits longer than the function may run, and keeps its connections alive.
        """
        from botocore.config import Config

        once: Any = {"total_max_attempts": 1}
        control = Config(retries=once, read_timeout=_CONTROL_TIMEOUT_S, tcp_keepalive=True)
        invoke = Config(
            retries=once,
            read_timeout=function_timeout_s + _INVOKE_MARGIN_S,
            tcp_keepalive=True,
            max_pool_connections=concurrency,
        )
        clients = Clients(
            control=self._client("lambda", control),
            invoke=self._client("lambda", invoke),
            logs=self._client("logs", control),
            cloudwatch=self._client("cloudwatch", control),
            s3=self._client("s3", control),
        )
        return Aws(clients=clients, region=self.region, rate=rate)

    def pricing(self) -> "Pricing":
        """The Price List, called with our patience and our errors."""
        from botocore.config import Config

        client = self._client("pricing", Config(retries={"total_max_attempts": 1}))
        return Pricing(aws=self.aws(), client=client)

    def _client(self, service: Any, config: "Config") -> Any:
        try:
            client = self.session.client(service, config=config, endpoint_url=self._endpoint_url)
        except ValueError as error:
            raise UsageError(str(error).lower(), hint="for example --endpoint-url http://127.0.0.1:4566") from None
        self._sockets.callback(client.close)
        return client


def connect(place: Place) -> Connection:
    """Find an identity and a region.

    Raises:
        IdentityError: no region, an unknown profile, or no credentials.
    """
    import boto3
    from botocore.exceptions import BotoCoreError, ProfileNotFound

    try:
        session = boto3.Session(
            profile_name=place.profile,
            region_name=place.region,
            aws_access_key_id=place.access_key,
            aws_secret_access_key=place.secret_key,
        )
        region = session.region_name
        if region is None:
            raise IdentityError("no AWS region", hint="pass --region, give a full ARN, or set AWS_REGION")
        if session.get_credentials() is None:
            raise IdentityError(
                "no AWS credentials", hint="run `aws configure` or `aws sso login`, or set AWS_PROFILE"
            )
    except ProfileNotFound as error:
        raise IdentityError(str(error).lower(), hint="`aws configure list-profiles` shows the profiles") from None
    except BotoCoreError as error:
        raise_translated(error, "get_credentials")
    return Connection(session, region, place.endpoint_url)


def aws_errors() -> tuple[type[Exception], ...]:
    """What a boto3 call can raise."""
    from botocore.exceptions import BotoCoreError, ClientError

    return (ClientError, BotoCoreError)


_THROTTLED = frozenset(
    {
        "TooManyRequestsException",
        "ThrottlingException",
        "Throttling",
        "ThrottledException",
        "RequestLimitExceeded",
        "LimitExceededException",
        "SlowDown",
    }
)
_EXPIRED = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "RequestExpired",
        "InvalidAccessKeyId",
    }
)
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorized"})
#: What Invoke answers, with a 4xx or 5xx, where a function's configuration keeps it from running.
_CANNOT_RUN = frozenset(
    {
        "EC2AccessDeniedException",
        "EFSIOException",
        "EFSMountConnectivityException",
        "EFSMountFailureException",
        "EFSMountTimeoutException",
        "ENILimitReachedException",
        "InvalidRuntimeException",
        "InvalidSecurityGroupIDException",
        "InvalidSubnetIDException",
        "InvalidZipFileException",
        "KMSAccessDeniedException",
        "KMSDisabledException",
        "KMSInvalidStateException",
        "KMSNotFoundException",
        "RecursiveInvocationException",
        "SnapStartException",
        "SubnetIPAddressLimitReachedException",
    }
)
_ABSENT = frozenset({"ResourceNotFoundException", "NoSuchKey", "NoSuchBucket", "404"})


def code_of(error: Exception) -> str:
    """The error code that AWS sent, or the name of botocore's own error."""
    return str(_error_part(error).get("Code", "")) or type(error).__name__


def is_throttled(error: Exception) -> bool:
    """Whether AWS refused to do it now, and did not do it."""
    return status_of(error) == 429 or code_of(error) in _THROTTLED


def _error_part(error: Exception) -> dict[str, Any]:
    response = getattr(error, "response", None)
    return response.get("Error", {}) if isinstance(response, dict) else {}


def status_of(error: Exception) -> int:
    """The HTTP status that AWS answered with; 0 if there was no answer."""
    response = getattr(error, "response", None)
    metadata = response.get("ResponseMetadata", {}) if isinstance(response, dict) else {}
    return int(metadata.get("HTTPStatusCode", 0))


def _is_transient(error: Exception) -> bool:
    if is_throttled(error) or status_of(error) >= 500 or is_network(error):
        return True
    message = str(_error_part(error).get("Message", "")).lower()
    lasting = "already exist" in message or "reference it" in message
    return code_of(error) == "ResourceConflictException" and not lasting


def is_network(error: Exception) -> bool:
    """Whether the answer did not come: the call may or may not have been carried out."""
    from botocore.exceptions import ConnectionError as NoConnection
    from botocore.exceptions import HTTPClientError

    return isinstance(error, NoConnection | HTTPClientError)


def _already_exists(error: Exception) -> bool:
    return "already exist" in str(_error_part(error).get("Message", "")).lower()


def raise_translated(error: Exception, method: str) -> NoReturn:
    """Raise what a boto3 error means to a person."""
    raise translate(error, method) from error


def translate(error: Exception, method: str) -> PowertuneError:
    """What a boto3 error means to a person, naming the IAM action."""
    action = ACTIONS[method].name if method in ACTIONS else method
    code = code_of(error)
    message = str(_error_part(error).get("Message", "") or error)
    if code in _EXPIRED or code in ("TokenRetrievalError", "UnauthorizedSSOTokenError", "SSOTokenLoadError"):
        return IdentityError(
            f"AWS does not accept the credentials: {message}", hint="sign in again (`aws sso login`, `aws configure`)"
        )
    if code in ("NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError"):
        return IdentityError(f"no AWS credentials: {message}", hint="run `aws configure` or `aws sso login`")
    if code in _DENIED or status_of(error) == 403:
        return AccessDenied(f"not allowed to call {action}: {message}", hint="`powertune iam run` prints the policy")
    if code in _ABSENT:
        return NotFound(f"{action}: {message}", hint="check the name, the region and the account")
    if code == "PreconditionFailedException":
        return Changed(f"{action}: {message}", hint="somebody else is deploying the function; run again afterwards")
    if code == "ResourceConflictException":
        kind = AlreadyExists if _already_exists(error) else FunctionBusy
        return kind(f"{action}: {message}", hint="wait until the update of the function has ended")
    if is_throttled(error):
        return Unavailable(f"{action} is throttled: {message}", hint="lower --rate or --concurrency, or try later")
    if method == "invoke" and code in _CANNOT_RUN:
        return FunctionRefused(f"the function cannot run: {message}", hint="mend its configuration, then tune it")
    if status_of(error) >= 500 or is_network(error):
        return Unavailable(f"{action} failed: {message}", hint="AWS or the network is unavailable; try later")
    return UsageError(f"{action}: {message}", hint="AWS refused the request as it stands")
