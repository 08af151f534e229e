"""Moto's Lambda backend, with functions that run."""

import contextlib
import math
from collections.abc import Iterator, Mapping
from typing import Any, cast

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import FunctionUrlConfig, LambdaAlias, LayerVersion

from powertune.local.functions import Function, split_name
from powertune.local.lambda_api.errors import bad_package, conflict, invalid_value
from powertune.local.lambda_api.function import EmbeddedFunction
from powertune.local.lambda_api.invocations import InvokingBackend, RunnableFunction
from powertune.local.lambda_api.provisioned import Provisions
from powertune.local.lambda_api.rules import check_code, check_new, check_settings, missing_layer
from powertune.local.lambda_api.states import Stage
from powertune.local.lambda_api.storage import Preconditions
from powertune.local.runtime import code_cache
from powertune.local.runtime.code_cache import BadPackage
from powertune.local.runtime.provisioner import State
from powertune.local.settings import own_architecture


class EmbeddedBackend(InvokingBackend):
    """One region of one account: functions, and what is configured on them.

    The operations of the API answer 409 while a function is not settled.
    """

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.provisions = Provisions(self)

    def create_function(self, spec: dict[str, Any]) -> EmbeddedFunction:
        """A new function, and its version 1 if asked for; returns what was asked for."""
        check_new(spec)
        self._check_settings(spec)
        name = split_name(spec["FunctionName"])[0]
        self._check_free(name)
        # AWS says x86_64 where nothing is said; here, what is created like that has to be able to run.
        spec = {"Architectures": [str(own_architecture())], **spec, "FunctionName": name}
        function = RunnableFunction(self.account_id, spec, self.region_name, "$LATEST")  # type: ignore[abstract]
        function.backend, function.timing = self, self.timing
        with self._lock:
            self._check_free(name)
            function.begin(Stage.CREATING, self.timing.end(Stage.CREATING))
            self.storage.put_function(function)
            return self.publish_version(name) if spec.get("Publish") else function

    def publish_version(
        self, function_name: str, description: str = "", preconditions: Preconditions | None = None
    ) -> EmbeddedFunction:
        """A version of what $LATEST is now, or will be once it is settled."""
        with self._lock:
            return self.storage.publish_version(function_name, description, preconditions)

    def change_configuration(self, name: str, updates: dict[str, Any]) -> dict[str, Any]:
        """UpdateFunctionConfiguration."""
        self._check_settings(updates)
        with self._changing(name, updates) as function:
            function.update_configuration(updates)
        return function.get_configuration()

    def change_code(self, name: str, updates: dict[str, Any]) -> dict[str, Any]:
        """UpdateFunctionCode."""
        if updates.get("DryRun"):
            return self.storage.latest_of(name).get_configuration()
        with self._changing(name, updates) as function:
            check_code(updates, function.package_type)
            function.update_function_code(updates)
        return (self.publish_version(name) if updates.get("Publish") else function).get_configuration()

    def look(self, name: str, qualifier: str | None) -> EmbeddedFunction:
        """A function, a version, or what an alias points at, to be shown."""
        function = self.storage.get_function_by_name_with_qualifier(name, qualifier)
        self._clear_away(self.storage.latest_of(name))
        return cast(EmbeddedFunction, function)

    def check_settled(self, name: str) -> None:
        """See whether a function can be changed or published now.

        Raises:
            ControlError: it is being created or changed.
        """
        function = self.storage.latest_of(name)
        if (under_way := function.under_way) is not None:
            raise under_way.change_refused(function.function_arn)

    def check_invocable(self, function: EmbeddedFunction) -> None:
        """See whether a version can be invoked now.

        Raises:
            ControlError: it is being created.
        """
        under_way = function.under_way
        if under_way is not None and (refusal := under_way.invocation_refused) is not None:
            raise refusal

    def update_function_url_config(self, name_or_arn: str, config: dict[str, Any]) -> FunctionUrlConfig:
        """UpdateFunctionUrlConfig, of a function that has a URL."""
        self.get_function_url_config(name_or_arn)
        return super().update_function_url_config(name_or_arn, config)

    def publish_layer_version(self, spec: dict[str, Any]) -> LayerVersion:
        """PublishLayerVersion, of a layer that a function could use."""
        check_code(spec["Content"], "Zip")
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
        with self._lock:
            self.storage.del_function(name, qualifier)
            self.provisions.forget(name, qualifier)

        def deleted(function: Function) -> bool:
            return self._is_mine(function, name) and qualifier in (None, function.version)

        self.runner.retire(deleted)
        self.runner.retire_code(deleted)

    def reserve_concurrency(self, function_name: str, reserved_concurrency: Any) -> int:
        """Reserve concurrency, leaving 100 for the others."""
        with self._lock:
            return self._reserve(function_name, int(reserved_concurrency))

    def _reserve(self, function_name: str, wanted: int) -> int:
        function = self.storage.latest_of(function_name)
        available = self.runner.settings.account_concurrency - self.storage.reserved_by_others(function_name)
        if wanted > 0 and available - wanted < 100:
            raise invalid_value(
                "Specified ReservedConcurrentExecutions for function decreases account's "
                "UnreservedConcurrentExecution below its minimum value of [100]."
            )
        if wanted < (provisioned := self.provisions.total(function_name)):
            raise invalid_value(
                f" ReservedConcurrentExecutions  {wanted} should not be lower than function's total provisioned "
                f"concurrency [{provisioned}]."
            )
        function.reserved_concurrency = wanted
        return wanted

    def change_alias(self, name: str, function_name: str, changes: dict[str, Any]) -> LambdaAlias:
        """UpdateAlias, with what is provisioned for the alias."""
        with self._lock:
            self.provisions.check_alias(function_name, name, changes)
            alias = self.storage.change_alias(name, function_name, changes)
            self.provisions.follow_alias(function_name, name, changes)
            return alias

    def provision(self, name: str, qualifier: str, count: int) -> State:
        """PutProvisionedConcurrencyConfig, which neither a deletion nor another reservation comes between."""
        with self._lock:
            return self.provisions.put(name, qualifier, count)

    def delete_alias(self, name: str, function_name: str) -> None:
        """DeleteAlias, with what is provisioned for the alias."""
        with self._lock:
            super().delete_alias(name, function_name)
            self.provisions.forget(function_name, name)

    @contextlib.contextmanager
    def _changing(self, name: str, updates: Mapping[str, Any]) -> Iterator[EmbeddedFunction]:
        """Change $LATEST, which is what it was before until the change has ended, or has failed."""
        with self._lock:
            self.check_settled(name)
            function = self.storage.latest_of(name)
            Preconditions(revision_id=updates.get("RevisionId")).check(function)
            self._clear_away(function)
            before = function.copied()
            function.begin(Stage.UPDATING, math.inf, before)
            changed = False
            try:
                yield function
                changed = True
            finally:
                if not changed:
                    vars(function).update(vars(before))
            function.begin(Stage.UPDATING, self.timing.end(Stage.UPDATING), before)

    def _check_free(self, name: str) -> None:
        with contextlib.suppress(UnknownFunctionException):
            self.storage.latest_of(name)
            raise conflict(f"Function already exist: {name}")

    def _check_settings(self, spec: Mapping[str, Any]) -> None:
        check_settings(spec, self.runner.settings.account_memory_limit_mb)
        for arn in spec.get("Layers") or ():
            if f":{self.region_name}:" not in arn:
                raise invalid_value(
                    "Layers are not in the same region as the function. "
                    f"Layers are expected to be in region {self.region_name}."
                )
            if self.layers_versions_by_arn(arn) is None:
                raise missing_layer(arn)
