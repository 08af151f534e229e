"""boto3 clients, and the one way to call them: rate-limited, retried by us, and translated into our errors."""

import logging
import os
import random
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import count
from threading import Event
from typing import TYPE_CHECKING, Any, ParamSpec, Self, TypeVar
from urllib.parse import urlsplit

from powertune.aws.download import fetch
from powertune.aws.faults import SIGN_IN, aws_errors, is_network, is_refused, is_transient, raise_translated
from powertune.aws.identity import Identity, Place, SessionIdentity, Unchanging, ends_at, sign_in
from powertune.aws.keepalive import keep_alive
from powertune.aws.proxies import is_local
from powertune.aws.rate_limit import RateLimiter
from powertune.errors import IdentityError, UsageError

if TYPE_CHECKING:
    from boto3.session import Session
    from botocore.config import Config
    from mypy_boto3_cloudwatch.client import CloudWatchClient
    from mypy_boto3_compute_optimizer.client import ComputeOptimizerClient
    from mypy_boto3_lambda.client import LambdaClient
    from mypy_boto3_logs.client import CloudWatchLogsClient
    from mypy_boto3_pricing.client import PricingClient
    from mypy_boto3_s3.client import S3Client

__all__ = ["Aws", "Clients", "Connection", "Place", "Pricing", "connect"]

_log = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

#: Calls that have a quota of their own, large enough for polling (GetFunction: 100 per second), or none.
_UNLIMITED = frozenset(
    {
        "get_function",
        "invoke",
        "filter_log_events",
        "get_metric_data",
        "get_metric_statistics",
        "get_object",
        "get_lambda_function_recommendations",
    }
)
_ATTEMPTS = 9
_FIRST_ATTEMPTS = 3
_BACKOFF_S = 0.25
_BACKOFF_LIMIT_S = 15.0
_CONTROL_TIMEOUT_S = 30
#: A network may lead to Lambda and not to what a run can do without.
_OPTIONAL_CONNECT_S = 5
#: An invocation may also wait for its turn on the embedded AWS, or for the function's cold start.
_INVOKE_MARGIN_S = 60
#: After a quiet time, so many seconds' worth of control-plane calls may go out at once.
_BURST_S = 2.0
#: Whoever undoes goes on through an outage of so long at least, of AWS or of the network.
UNDO_PATIENCE_S = 180.0
#: How often a call is signed anew.
_RENEWALS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Clients:
    """The boto3 clients that measuring takes. None of them retries: `Aws.call` does, knowing what is safe."""

    control: "LambdaClient"
    invoke: "LambdaClient"
    logs: "CloudWatchLogsClient"
    cloudwatch: "CloudWatchClient"
    s3: "S3Client"
    optimizer: "ComputeOptimizerClient"


@dataclass(slots=True)
class Aws:
    """AWS, spoken to politely. Sleep, jitter and the download come in, so that a test takes no time and no network.

    `give_up` is called before each attempt, and may raise to end the patience with a call. `reached` is set once AWS
    has answered; it is shared by all that goes over one connection, so that undoing is always patient. `attempts` is
    how often a call is made, and `patience_s` how long it is made even after that, from its first attempt on.
    `identity` is asked for others when AWS refuses the credentials.
    """

    clients: Clients
    region: str
    limiter: RateLimiter
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random
    fetch: Callable[[str, int], bytes] = fetch
    give_up: Callable[[], None] = lambda: None
    reached: Event = field(default_factory=Event)
    attempts: int = _ATTEMPTS
    patience_s: float = 0.0
    clock: Callable[[], float] = time.monotonic
    identity: Identity = field(default_factory=Unchanging)

    def patient(self) -> "Aws":
        """The same, for undoing: it outlasts an outage of minutes, and cannot be told to give up."""
        return replace(self, patience_s=UNDO_PATIENCE_S, give_up=lambda: None)

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
        began, waited, renewals = self.clock(), 0.0, 0
        for attempt in count():
            self.give_up()
            if name not in _UNLIMITED:
                self.limiter.acquire()
            signer = self.identity.current()
            try:
                _log.debug("%s", name)
                answer = method(*args, **kwargs)
            except aws_errors() as error:
                _log.debug("%s: %s", name, error)
                if renewals < _RENEWALS and is_refused(error) and self.identity.renew(signer):
                    renewals += 1
                    continue
                elapsed = max(waited, self.clock() - began)
                if not is_transient(error) or self._is_last(attempt, elapsed, error):
                    raise_translated(error, name)
                if attempt == _FIRST_ATTEMPTS:
                    _log.warning("%s does not succeed yet, and is tried again: %s", name, error)
                pause = self.backoff(attempt)
                self.sleep(pause)
                waited += pause
            except RuntimeError as error:
                if "expired" not in str(error):
                    raise
                # What botocore raises when the source of credentials hands out ones that have expired.
                raise IdentityError(f"no AWS credentials: {error}".lower(), hint=SIGN_IN) from error
            else:
                self.reached.set()
                return answer
        raise AssertionError("the last attempt returns or raises")

    def _is_last(self, attempt: int, elapsed_s: float, error: Exception) -> bool:
        """Whether to give up. An endpoint that has never answered is probably not there."""
        if is_network(error) and not self.reached.is_set():
            return attempt >= min(self.attempts, _FIRST_ATTEMPTS) - 1
        return attempt >= self.attempts - 1 and elapsed_s >= self.patience_s

    def backoff(self, attempt: int) -> float:
        """Seconds to wait before the next attempt: exponential, with jitter over its upper half."""
        longest = min(_BACKOFF_LIMIT_S, _BACKOFF_S * float(2 ** min(attempt, _ATTEMPTS)))
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

    def __init__(self, session: "Session", region: str, place: Place) -> None:
        self.session = session
        self.region = region
        self._endpoint_url = place.endpoint_url
        self._identity: Identity = (
            Unchanging() if place.access_key else SessionIdentity(session, lambda: sign_in(place))
        )
        self._sockets = ExitStack()
        self._limiters: dict[float, RateLimiter] = {}
        self._reached = Event()

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
        optional = control.merge(Config(connect_timeout=_OPTIONAL_CONNECT_S))
        invoke = Config(
            retries=once,
            read_timeout=function_timeout_s + _INVOKE_MARGIN_S,
            tcp_keepalive=True,
            max_pool_connections=concurrency,
        )
        clients = Clients(
            control=self._client("lambda", control),
            invoke=self._client("lambda", invoke),
            logs=self._client("logs", optional),
            cloudwatch=self._client("cloudwatch", optional),
            s3=self._client("s3", control),
            optimizer=self._client("compute-optimizer", optional),
        )
        if rate not in self._limiters:
            self._limiters[rate] = RateLimiter(rate, _BURST_S * rate, clock=time.monotonic, sleep=time.sleep)
        return Aws(
            clients=clients,
            region=self.region,
            limiter=self._limiters[rate],
            reached=self._reached,
            identity=self._identity,
        )

    @property
    def ends_at(self) -> float | None:
        """When the credentials end, in seconds since the epoch; None if they do not, or it is not known."""
        return None if isinstance(self._identity, Unchanging) else ends_at(self.session, os.environ)

    @property
    def place(self) -> Place:
        """Where this leads, spelled out: what another shell has to be told to get there."""
        profile = self.session.profile_name
        endpoint = self._endpoint_url or os.environ.get("AWS_ENDPOINT_URL_LAMBDA", os.environ.get("AWS_ENDPOINT_URL"))
        return Place(region=self.region, profile=None if profile == "default" else profile, endpoint_url=endpoint)

    def pricing(self) -> "Pricing":
        """The Price List, called with our patience and our errors."""
        from botocore.config import Config

        client = self._client("pricing", Config(retries={"total_max_attempts": 1}))
        return Pricing(aws=self.aws(), client=client)

    def _client(self, service: Any, config: "Config") -> Any:
        from botocore.config import Config

        try:
            client: Any = self.session.client(service, config=config, endpoint_url=self._endpoint_url)
            _ = urlsplit(client.meta.endpoint_url).port  # a port that cannot be is found out here, not at a call
            if is_local(client.meta.endpoint_url):
                client.close()
                direct = config.merge(Config(proxies={}))
                client = self.session.client(service, config=direct, endpoint_url=self._endpoint_url)
        except aws_errors() as error:
            raise_translated(error, f"make a client for {service}")
        except ValueError as error:
            raise UsageError(str(error).lower(), hint="for example --endpoint-url http://127.0.0.1:4566") from None
        if getattr(config, "tcp_keepalive", None):
            keep_alive(client)
        self._sockets.callback(client.close)
        return client


def connect(place: Place) -> Connection:
    """Find an identity and a region.

    Raises:
        IdentityError: no region, an unknown profile, or no credentials.
    """
    from botocore.exceptions import BotoCoreError, ProfileNotFound

    try:
        session = sign_in(place)
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
    return Connection(session, region, place)
