"""An identity in a region, from which AWS can be called."""

import os
import time
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from threading import Event, RLock
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from powertune.aws.boto_clients import BotoClients, Role
from powertune.aws.client import Aws
from powertune.aws.error_translation import aws_errors, raise_translated
from powertune.aws.http import is_local
from powertune.aws.identity import (
    ConnectionOptions,
    Identity,
    SessionIdentity,
    Unchanging,
    ends_at,
    sign_in,
    signed_by,
)
from powertune.aws.keepalive import keep_alive
from powertune.aws.rate_limit import RateLimiter
from powertune.errors import IdentityError, UsageError

if TYPE_CHECKING:
    from boto3.session import Session
    from botocore.config import Config
    from botocore.credentials import Credentials

_CONTROL_TIMEOUT_S = 30
#: A network may lead to Lambda and not to what a run can do without.
_OPTIONAL_CONNECT_S = 5
#: An invocation may also wait for its turn on the embedded AWS, or for the function's cold start.
_INVOKE_MARGIN_S = 60
#: After a quiet time, this many seconds' worth of control-plane calls may go out at once.
_BURST_S = 2.0
_SERVICES: dict[Role, Any] = {
    "control": "lambda",
    "invoke": "lambda",
    "logs": "logs",
    "cloudwatch": "cloudwatch",
    "s3": "s3",
    "optimizer": "compute-optimizer",
    "pricing": "pricing",
    "cloudformation": "cloudformation",
    "stepfunctions": "stepfunctions",
    "sts": "sts",
    "billing": "ce",
    "organizations": "organizations",
    "account": "account",
}
_SIGN_IN = "run `aws configure` or `aws sso login`, or set AWS_PROFILE"
_MAKING = RLock()
_OPTIONAL: tuple[Role, ...] = ("logs", "cloudwatch", "optimizer")


class Connection:
    """An identity in a region. Closes the sockets of its clients when its block ends."""

    def __init__(
        self, session: "Session", region: str, place: ConnectionOptions, identity: Identity | None = None
    ) -> None:
        self.session = session
        self.region = region
        self._options = place
        self._endpoint_url = place.endpoint_url
        self._identity: Identity = identity or (
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
        """AWS for one run, through clients of its own.

        The invoke client makes one attempt, waits longer than the function may run, and keeps its connections alive.
        """
        if rate not in self._limiters:
            self._limiters[rate] = RateLimiter(rate, _BURST_S * rate, clock=time.monotonic, sleep=time.sleep)
        return Aws(
            clients=BotoClients(partial(self._make, function_timeout_s, concurrency)),
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
    def endpoint_url(self) -> str | None:
        """The endpoint that was given; None leaves it to boto3."""
        return self._endpoint_url

    @property
    def place(self) -> ConnectionOptions:
        """Where this leads, spelled out: what another shell has to be told to get there."""
        profile = self.session.profile_name
        endpoint = self._endpoint_url or os.environ.get("AWS_ENDPOINT_URL_LAMBDA", os.environ.get("AWS_ENDPOINT_URL"))
        return ConnectionOptions(
            region=self.region, profile=None if profile == "default" else profile, endpoint_url=endpoint
        )

    def signed_by(self, credentials: "Credentials", region: str, identity: Identity | None = None) -> "Connection":
        """The same way to AWS with other credentials, in a region.

        Args:
            credentials: what signs calls.
            region: where they go.
            identity: what renews them when AWS refuses them; without it, nothing ever signs in their place.

        Raises:
            IdentityError, UsageError: AWS's configuration cannot be used.
        """
        options = replace(self._options, region=region)
        try:
            session = signed_by(options, credentials)
        except aws_errors() as error:
            raise_translated(error, "sign in")
        return Connection(session, region, options, identity or Unchanging())

    def in_region(self, region: str) -> "Connection":
        """The same identity in another region: nobody is asked to sign in again.

        Raises:
            IdentityError, UsageError: AWS's configuration cannot be used.
        """
        credentials = self.session.get_credentials()
        if credentials is None:
            raise IdentityError("no AWS credentials", hint=_SIGN_IN)
        return self.signed_by(credentials, region, self._identity)

    def _make(self, function_timeout_s: int, concurrency: int, role: Role) -> Any:
        """Make a client. boto3's sessions, and the models that all of them share, are for one thread at a time."""
        with _MAKING:
            config = _config(role, function_timeout_s, concurrency)
            client = self._client(_SERVICES[role], config)
            keep_alive(client)
            self._sockets.callback(client.close)
            return client

    def _client(self, service: Any, config: "Config") -> Any:
        """A boto3 client, which uses no proxy for an endpoint on this machine.

        Raises:
            UsageError: the endpoint is not a URL, or AWS's configuration cannot be used.
        """
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
        return client


def _config(role: Role, function_timeout_s: int, concurrency: int) -> "Config":
    from botocore.config import Config

    once: Any = {"total_max_attempts": 1}
    if role == "invoke":
        return Config(
            retries=once,
            read_timeout=function_timeout_s + _INVOKE_MARGIN_S,
            tcp_keepalive=True,
            max_pool_connections=concurrency,
        )
    control = Config(retries=once, read_timeout=_CONTROL_TIMEOUT_S, tcp_keepalive=True)
    return control.merge(Config(connect_timeout=_OPTIONAL_CONNECT_S)) if role in _OPTIONAL else control


def connect(place: ConnectionOptions) -> Connection:
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
            raise IdentityError("no AWS credentials", hint=_SIGN_IN)
    except ProfileNotFound as error:
        raise IdentityError(str(error).lower(), hint="`aws configure list-profiles` shows the profiles") from None
    except BotoCoreError as error:
        raise_translated(error, "get_credentials")
    return Connection(session, region, place)
