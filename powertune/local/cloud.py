"""Installs the Lambda that runs into moto, in this process."""

import itertools
from typing import Any

from powertune.local.runtime.runner import Runner
from powertune.local.settings import ACCOUNT_ID, ROLE_NAME, Settings


def install(runner: Runner, settings: Settings) -> None:
    """Let moto use our Lambda, and know the ready-made role."""
    from moto.awslambda import urls
    from moto.awslambda.models import lambda_backends

    from powertune.local.events import targets
    from powertune.local.lambda_api.backend import EmbeddedBackend
    from powertune.local.lambda_api.beyond_moto import AllOperations
    from powertune.local.lambda_api.states import Timing
    from powertune.local.logs.installed import install_logs
    from powertune.local.metrics import backend as metrics

    # Moto finds the service's URLs beside the module that a backend's class says it is from.
    timing = Timing(latencies=settings.latencies)
    namespace = {"runner": runner, "timing": timing, "__module__": lambda_backends.backend.__module__}
    lambda_backends.backend = type("InstalledBackend", (EmbeddedBackend,), namespace)
    lambda_backends.clear()
    # Which operation a request is for, the model says; what is for none is refused in Lambda's words, too.
    urls.url_paths.clear()
    urls.url_paths.update(dict.fromkeys((r"{0}/$", r"{0}/(?P<route>[\s\S]+)"), AllOperations.dispatch))
    install_logs()
    metrics.install()
    targets.install()
    _create_role(settings)


def load_managed_policies() -> None:
    """Let IAM know AWS's own policies, which roles of templates attach. They take a while, so it waits for use."""
    from moto.core.config import default_user_config
    from moto.iam.models import iam_backends

    default_user_config["iam"] = {"load_aws_managed_policies": True}
    backends: Any = iam_backends
    for account in tuple(backends.values()):
        for backend in tuple(account.values()):
            backend.aws_managed_policies = backend._init_aws_policies()
            backend.managed_policies.update(backend._init_managed_policies())


def find_code(account: str, region: str, digest: str) -> bytes | None:
    """The deployment package, or the layer, that a Location names."""
    from moto.awslambda.models import lambda_backends

    backend: Any = lambda_backends[account][region]
    # Copies, as others may publish meanwhile.
    layers = [list(each.layer_versions.values()) for each in list(backend._layers._layers.values())]
    for holder in itertools.chain(backend.list_functions("ALL"), *layers):
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
