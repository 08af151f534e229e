"""Installs the Lambda that runs into moto, in this process."""

import os
from types import SimpleNamespace
from typing import Any

from powertune.local.keys import AccessKey
from powertune.local.runner import Runner
from powertune.local.settings import ACCOUNT_ID, ROLE_NAME, Settings


def install(runner: Runner, settings: Settings, port: int) -> None:
    """Let moto use our Lambda, execute state machines, and know the ready-made role."""
    from moto.awslambda import urls
    from moto.awslambda.models import lambda_backends
    from moto.core.config import default_user_config

    from powertune.local.control_backend import EmbeddedBackend
    from powertune.local.control_responses import EmbeddedResponse

    # Moto's interpreter of state machines finds its own server by this variable.
    os.environ["MOTO_PORT"] = str(port)
    _sign_state_machines(runner.keys.owner)
    default_user_config["stepfunctions"] = {"execute_state_machine": True}
    # Moto finds the service's URLs beside the module that a backend's class says it is from.
    namespace = {"runner": runner, "__module__": lambda_backends.backend.__module__}
    lambda_backends.backend = type("InstalledBackend", (EmbeddedBackend,), namespace)
    lambda_backends.clear()
    patterns = [pattern.replace(r"[\w_:%-]+", "[^/]+") for pattern in urls.url_paths]
    patterns.append(r"{0}/(?P<api_version>[^/]+)/account-settings/?$")
    urls.url_paths.clear()
    urls.url_paths.update(dict.fromkeys(patterns, EmbeddedResponse.dispatch))
    _create_role(settings)


def _sign_state_machines(key: AccessKey) -> None:
    """Let moto's interpreter of state machines sign with a key that the server accepts, in place of a made-up one."""
    import boto3
    import moto.stepfunctions.parser.asl.utils.boto_client as boto_client

    def client(**options: Any) -> Any:
        make: Any = boto3.client
        return make(**{**options, "aws_access_key_id": key.key_id, "aws_secret_access_key": key.secret})

    vars(boto_client)["boto3"] = SimpleNamespace(client=client)


def find_code(account: str, region: str, digest: str) -> bytes | None:
    """The deployment package, or the layer, that a Location names."""
    from moto.awslambda.models import lambda_backends

    backend: Any = lambda_backends[account][region]
    layers = [layer for each in backend._layers._layers.values() for layer in each.layer_versions.values()]
    for holder in (*backend.list_functions("ALL"), *layers):
        if getattr(holder, "code_digest", None) == digest:
            code: bytes = holder.code_bytes
            return code
    return None


def _create_role(settings: Settings) -> None:
    from moto.iam.models import iam_backends

    backend: Any = iam_backends[ACCOUNT_ID][settings.partition]
    if ROLE_NAME in (role.name for role in backend.get_roles()):
        return
    backend.create_role(
        role_name=ROLE_NAME,
        assume_role_policy_document="{}",
        path="/",
        permissions_boundary=None,
        description="The execution role of functions in the embedded AWS",
        tags=[],
        max_session_duration=None,
    )
