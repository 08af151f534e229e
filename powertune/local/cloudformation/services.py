"""The clients by which CloudFormation calls the other services of its server, as the account of a stack."""

import threading
from collections.abc import Callable
from typing import Any

from powertune.local.cloudformation.stack import Place
from powertune.local.endpoint.keys import AccessKey


class Services:
    """Clients by account, region and service: they are made once, and used by all threads."""

    def __init__(self, endpoint_url: str, key: AccessKey) -> None:
        self._endpoint_url, self._key = endpoint_url, key
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str, str], Any] = {}
        self._session: Any = None

    def client(self, place: Place, service: str) -> Any:
        """A client of a service."""
        key = (place.account, place.region, service)
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._make(place, service)
            return self._clients[key]

    def _make(self, place: Place, service: str) -> Any:
        import boto3
        from botocore.config import Config

        # A boto3 session of its own: making clients changes it, and other threads use the default one.
        self._session = self._session or boto3.session.Session()
        client = self._session.client(
            service,
            region_name=place.region,
            endpoint_url=self._endpoint_url,
            aws_access_key_id=self._key.key_id,
            aws_secret_access_key=self._key.secret,
            config=Config(
                retries={"total_max_attempts": 1}, max_pool_connections=50, read_timeout=60, proxies={},
                s3={"addressing_style": "path"},
            ),
        )  # fmt: skip
        client.meta.events.register("before-sign", _as_account(place.account))
        return client


def _as_account(account: str) -> Callable[..., None]:
    """Moto takes the account from this header before it looks at the key."""

    def add(request: Any, **_: Any) -> None:
        request.headers["x-moto-account-id"] = account

    return add
