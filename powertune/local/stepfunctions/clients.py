"""The boto3 clients of state machines: one per service, region and account, made once and used by all threads."""

import threading
from typing import Any

import boto3
from botocore.config import Config

from powertune.local.endpoint.keys import AccessKey
from powertune.local.settings import ACCOUNT_ID
from powertune.local.stepfunctions.in_process import InProcess

_ONE_ATTEMPT: Any = {"max_attempts": 0, "total_max_attempts": 1}
"""What a state machine retries, it says itself; N tasks asked for is N invocations."""


class Clients:
    """Makes clients that sign with the server's own key, or with one of the account that a role belongs to."""

    def __init__(self, transport: InProcess, key: AccessKey, endpoint_url: str) -> None:
        self._transport, self._key, self._endpoint_url = transport, key, endpoint_url
        self._lock = threading.Lock()
        self._session = boto3.Session(aws_access_key_id=key.key_id, aws_secret_access_key=key.secret)
        self._clients: dict[tuple[str, str, str], Any] = {}
        self._keys: dict[str, AccessKey] = {ACCOUNT_ID: key}

    def __call__(self, region: str, service: str, state_credentials: Any = None) -> Any:
        """A client: the signature is that of moto's `boto_client_for`."""
        role = getattr(state_credentials, "role_arn", None) or ""
        account = role.split(":")[4] if role.count(":") >= 5 else ACCOUNT_ID
        wanted = (service, region, account)
        with self._lock:
            if wanted not in self._clients:
                self._clients[wanted] = self._make(service, region, self._key_of(account, role, region))
            return self._clients[wanted]

    def _make(self, service: str, region: str, key: AccessKey) -> Any:
        make: Any = self._session.client
        client = make(
            service,
            region_name=region,
            endpoint_url=self._endpoint_url,
            aws_access_key_id=key.key_id,
            aws_secret_access_key=key.secret,
            aws_session_token=key.token,
            config=Config(retries=_ONE_ATTEMPT, parameter_validation=False, inject_host_prefix=False, proxies={}),
        )
        self._transport.attach(client)
        return client

    def _key_of(self, account: str, role: str, region: str) -> AccessKey:
        """The key of an account, got by assuming the role, as Step Functions does."""
        if account not in self._keys:
            sts = self._make("sts", region, self._key)
            given = sts.assume_role(RoleArn=role, RoleSessionName="StepFunctions")["Credentials"]
            self._keys[account] = AccessKey(
                key_id=given["AccessKeyId"], secret=given["SecretAccessKey"], token=given["SessionToken"]
            )
        return self._keys[account]
