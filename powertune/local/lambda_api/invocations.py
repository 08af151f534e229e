"""How functions are invoked: by the API, and by moto's other services."""

import json
import threading
from collections.abc import Callable
from typing import Any, cast

from moto.awslambda.models import LambdaBackend

from powertune.local.functions import Function, split_name
from powertune.local.lambda_api.errors import ControlError, TooManyRequests
from powertune.local.lambda_api.function import EmbeddedFunction
from powertune.local.lambda_api.states import Timing
from powertune.local.lambda_api.storage import EmbeddedStorage
from powertune.local.runtime.attempt import Request
from powertune.local.runtime.code_cache import BadPackage
from powertune.local.runtime.invoker import Outcome, Throttled
from powertune.local.runtime.runner import Runner
from powertune.local.runtime.runtimes import UnknownRuntime
from powertune.local.runtime.world import Closing


class RunnableFunction(EmbeddedFunction):
    """A function that moto's other services, such as SNS, can invoke as they would one of moto's."""

    backend: "InvokingBackend"

    def invoke(self, body: str, request_headers: Any, response_headers: Any) -> bytes:  # noqa: ARG002 - moto's
        """Run it, at the version that this object is."""
        outcome = self.backend.run(self, None, (body or "{}").encode())
        if outcome.failed:
            response_headers["x-amz-function-error"] = "Unhandled"
        return outcome.payload


class InvokingBackend(LambdaBackend):
    """One region of one account, as far as invocations go.

    `runner` and `timing` are set by the server on a subclass.
    """

    runner: Runner
    timing = Timing()

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self._lambdas = EmbeddedStorage(region_name=region_name, account_id=account_id)
        self._lock = threading.RLock()

    @property
    def storage(self) -> EmbeddedStorage:
        """Functions, versions and aliases."""
        return cast(EmbeddedStorage, self._lambdas)

    def resolve(self, name: str, qualifier: str | None) -> EmbeddedFunction:
        """The version that an invocation under this name executes."""
        return self.storage.choose_version(name, qualifier, self.runner.draw())

    def run(
        self, function: EmbeddedFunction, qualifier: str | None, payload: bytes, client_context: str | None = None
    ) -> Outcome:
        """Run a version, which was invoked under a qualifier, as soon as it is active.

        Raises:
            ControlError: it was throttled, cannot be run here, cannot be unpacked, or the server is ending.
        """
        try:
            self._await_active(function)
            return self.runner.invoke(*self.prepare(function, qualifier, payload, client_context))
        except Throttled as throttled:
            raise TooManyRequests(throttled) from throttled
        except UnknownRuntime as error:
            raise ControlError(502, "InvalidRuntimeException", str(error)) from error
        except BadPackage as error:
            message = f"Lambda could not unzip the deployment package: {error}"
            raise ControlError(502, "InvalidZipFileException", message) from error
        except Closing as error:
            raise ControlError(500, "ServiceException", str(error)) from error

    def prepare(
        self, function: EmbeddedFunction, qualifier: str | None, payload: bytes, client_context: str | None = None
    ) -> tuple[Function, Request]:
        """What the runner needs to run a version."""
        name = function.function_name
        latest = self.storage.latest_of(name)
        self._clear_away(latest)
        snapshot = self.snapshot(function.serving)
        suffix = f":{qualifier}" if qualifier else ""
        request = Request(
            payload=payload or b"{}",
            resource=name + suffix,
            arn=latest.function_arn + suffix,
            client_context=client_context,
        )
        return snapshot, request

    def snapshot(self, function: EmbeddedFunction) -> Function:
        """What an environment of a version runs."""
        latest = self.storage.latest_of(function.function_name)
        layers = tuple(self.layers_versions_by_arn(layer["Arn"]) for layer in function.layers)
        return function.snapshot(latest.reserved_concurrency, tuple(layer for layer in layers if layer))

    def invoke(
        self,
        function_name: str,
        qualifier: str | None,
        body: Any,
        headers: Any,  # noqa: ARG002 - moto's
        response_headers: Any,
    ) -> bytes:
        """How moto's other services, such as SQS, invoke."""
        name, given = split_name(function_name)
        qualifier = given or qualifier
        text = body if isinstance(body, str) else json.dumps(body)
        outcome = self.run(self.resolve(name, qualifier), qualifier, text.encode())
        if outcome.failed:
            response_headers["x-amz-function-error"] = "Unhandled"
        return outcome.payload

    def _is_mine(self, function: Function, name: str) -> bool:
        return (function.account, function.region, function.name) == (self.account_id, self.region_name, name)

    def _await_active(self, function: EmbeddedFunction) -> None:
        """Services that invoke a function come back until it is active, which is what waiting stands for here."""
        while (under_way := function.under_way) is not None and under_way.invocation_refused is not None:
            self.runner.wait(under_way.settled_at - self.timing.clock())

    def _clear_away(self, latest: EmbeddedFunction) -> None:
        """End what a change has left behind, once it has ended: code, and environments that run it."""
        if not latest.left_behind():
            return
        with self._lock:
            if not latest.left_behind():
                return
            latest.before = None
            outdated = self._outdated(latest)
        self.runner.retire(outdated)
        self.runner.retire_code(outdated)

    def _outdated(self, latest: EmbeddedFunction) -> Callable[[Function], bool]:
        name, deployment = latest.function_name, latest.deployment
        return lambda fn: self._is_mine(fn, name) and fn.version == "$LATEST" and fn.deployment != deployment
