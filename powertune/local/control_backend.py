"""Moto's Lambda backend, with functions that run."""

import json
from collections.abc import Callable
from typing import Any, cast

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import LambdaBackend, LayerVersion

from powertune.local import code_cache
from powertune.local.code_cache import BadPackage
from powertune.local.control_errors import ControlError, TooManyRequests, bad_package, conflict, invalid_value
from powertune.local.control_function import EmbeddedFunction, check_limits
from powertune.local.control_storage import EmbeddedStorage, Preconditions
from powertune.local.environment import Closing
from powertune.local.functions import Function, split_name
from powertune.local.invoker import Outcome, Request, Throttled
from powertune.local.runner import Runner
from powertune.local.runtimes import UnknownRuntime
from powertune.local.settings import own_architecture


class RunnableFunction(EmbeddedFunction):
    """A function that moto's other services, such as SNS, can invoke as they would one of moto's."""

    backend: "EmbeddedBackend"

    def invoke(self, body: str, request_headers: Any, response_headers: Any) -> bytes:  # noqa: ARG002 - moto's
        """Run it, at the version that this object is."""
        outcome = self.backend.run(self, None, (body or "{}").encode())
        if outcome.failed:
            response_headers["x-amz-function-error"] = "Unhandled"
        return outcome.payload


class EmbeddedBackend(LambdaBackend):
    """One region of one account. `runner` is set by the server on a subclass."""

    runner: Runner

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self._lambdas = EmbeddedStorage(region_name=region_name, account_id=account_id)

    @property
    def storage(self) -> EmbeddedStorage:
        """Functions, versions and aliases."""
        return cast(EmbeddedStorage, self._lambdas)

    def create_function(self, spec: dict[str, Any]) -> EmbeddedFunction:
        """A new function, and its version 1 if asked for; returns what was asked for."""
        check_limits(spec, self.runner.settings.account_memory_limit_mb)
        name = split_name(spec["FunctionName"])[0]
        try:
            self.storage.latest_of(name)
        except UnknownFunctionException:
            pass
        else:
            raise conflict(f"Function already exist: {name}")
        # AWS says x86_64 where nothing is said; here, what is created like that has to be able to run.
        spec = {"Architectures": [str(own_architecture())], **spec, "FunctionName": name}
        function = RunnableFunction(self.account_id, spec, self.region_name, "$LATEST")  # type: ignore[abstract]
        function.backend = self
        self.storage.put_function(function)
        return self.publish_version(name) if spec.get("Publish") else function

    def publish_version(
        self, function_name: str, description: str = "", preconditions: Preconditions | None = None
    ) -> EmbeddedFunction:
        """A version of what $LATEST is now."""
        return self.storage.publish_version(function_name, description, preconditions)

    def change_configuration(self, name: str, updates: dict[str, Any]) -> dict[str, Any]:
        """UpdateFunctionConfiguration."""
        function = self.storage.latest_of(name)
        Preconditions(revision_id=updates.get("RevisionId")).check(function)
        check_limits(updates, self.runner.settings.account_memory_limit_mb)
        answer = function.update_configuration(updates)
        self._retire_latest(function)
        return answer

    def change_code(self, name: str, updates: dict[str, Any]) -> dict[str, Any]:
        """UpdateFunctionCode."""
        function = self.storage.latest_of(name)
        Preconditions(revision_id=updates.get("RevisionId")).check(function)
        answer = function.update_function_code(updates)
        if updates.get("DryRun"):
            return answer
        self._retire_latest(function)
        self.runner.retire_code(self._outdated(function))
        return self.publish_version(name).get_configuration() if updates.get("Publish") else answer

    def publish_layer_version(self, spec: dict[str, Any]) -> LayerVersion:
        """PublishLayerVersion, of a layer that a function could use."""
        layer = super().publish_layer_version(spec)
        try:
            code_cache.check(layer.code_bytes)
        except BadPackage as error:
            self.delete_layer_version(layer.name, str(layer.version))
            raise bad_package(error) from error
        return layer

    def delete_function(self, function_name: str, qualifier: str | None = None) -> None:
        """Delete a function or a version, and end its environments."""
        name, given = split_name(function_name)
        qualifier = qualifier or given
        self.storage.del_function(name, qualifier)

        def deleted(function: Function) -> bool:
            return self._is_mine(function, name) and qualifier in (None, function.version)

        self.runner.retire(deleted)
        self.runner.retire_code(deleted)

    def reserve_concurrency(self, function_name: str, reserved_concurrency: Any) -> int:
        """Reserve concurrency, leaving 100 for the others."""
        function, wanted = self.storage.latest_of(function_name), int(reserved_concurrency)
        available = self.runner.settings.account_concurrency - self.reserved_by_others(function_name)
        if wanted > 0 and available - wanted < 100:
            raise invalid_value(
                "Specified ReservedConcurrentExecutions for function decreases account's "
                "UnreservedConcurrentExecution below its minimum value of [100]."
            )
        function.reserved_concurrency = wanted
        return wanted

    def reserved_by_others(self, name: str | None) -> int:
        """The concurrency that other functions than this one have reserved."""
        return sum(fn.reserved_concurrency or 0 for fn in self.list_functions() if fn.function_name != name)

    def resolve(self, name: str, qualifier: str | None) -> EmbeddedFunction:
        """The version that an invocation under this name executes."""
        return self.storage.choose_version(name, qualifier, self.runner.draw())

    def run(
        self, function: EmbeddedFunction, qualifier: str | None, payload: bytes, client_context: str | None = None
    ) -> Outcome:
        """Run a version, which was invoked under a qualifier.

        Raises:
            ControlError: it was throttled, cannot be run here, cannot be unpacked, or the server is ending.
        """
        try:
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
        layers = tuple(self.layers_versions_by_arn(layer["Arn"]) for layer in function.layers)
        snapshot = function.snapshot(latest.reserved_concurrency, tuple(layer for layer in layers if layer))
        suffix = f":{qualifier}" if qualifier else ""
        request = Request(
            payload=payload or b"{}",
            resource=name + suffix,
            arn=latest.function_arn + suffix,
            client_context=client_context,
        )
        return snapshot, request

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

    def _retire_latest(self, latest: EmbeddedFunction) -> None:
        self.runner.retire(self._outdated(latest))

    def _outdated(self, latest: EmbeddedFunction) -> Callable[[Function], bool]:
        name, deployment = latest.function_name, latest.deployment
        return lambda fn: self._is_mine(fn, name) and fn.version == "$LATEST" and fn.deployment != deployment
