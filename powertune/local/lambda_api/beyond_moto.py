"""The operations of Lambda that moto lacks, and an answer in Lambda's protocol to those that are not supported.

`unsupported.py` names the latter, and the settings that are kept but change nothing.
"""

from datetime import UTC, datetime
from typing import Any, cast

from powertune.local.endpoint.unsupported import LAMBDA_OPERATIONS
from powertune.local.lambda_api.errors import ControlError, invalid_value
from powertune.local.lambda_api.event_invoke import EventInvokeConfigs
from powertune.local.lambda_api.function import EmbeddedFunction
from powertune.local.lambda_api.http_api import EmbeddedResponse
from powertune.local.lambda_api.request import Answer, answer, json_answer
from powertune.local.runtime.provisioner import State

_GET_PROVISIONED, _LIST_PROVISIONED = "GetProvisionedConcurrencyConfig", "ListProvisionedConcurrencyConfigs"


class AllOperations(EmbeddedResponse):
    """One request to Lambda, whatever it asks for."""

    def call_action(self) -> Any:
        """Answer, also where the operation is not supported."""
        operation = self._get_action()
        if (reason := LAMBDA_OPERATIONS.get(operation)) is not None:
            message = f"the embedded AWS does not support lambda:{operation}: {reason}"
            # 501, as SDKs try again after 500, 502, 503 and 504.
            return self._refuse(ControlError(501, "NotImplementedException", message))
        return super().call_action()

    def _get_action(self) -> str:
        """The operation; ListProvisionedConcurrencyConfigs has the path of GetProvisionedConcurrencyConfig."""
        action = super()._get_action()
        if action not in (_GET_PROVISIONED, _LIST_PROVISIONED):
            return action
        return _LIST_PROVISIONED if "List=ALL" in self.parsed_url.query else _GET_PROVISIONED

    def put_provisioned_concurrency_config(self) -> Answer:
        """PutProvisionedConcurrencyConfig."""
        name, qualifier = self._provisioned()
        state = self.control.provision(name, qualifier, self.asked["ProvisionedConcurrentExecutions"])
        return json_answer(202, _described(state))

    def get_provisioned_concurrency_config(self) -> Answer:
        """GetProvisionedConcurrencyConfig."""
        return json_answer(200, _described(self.control.provisions.get(*self._provisioned())))

    def list_provisioned_concurrency_configs(self) -> Answer:
        """ListProvisionedConcurrencyConfigs."""
        name = self.unqualified()
        arn = self.control.storage.latest_of(name).function_arn
        listed = [
            {"FunctionArn": f"{arn}:{qualifier}", **_described(state)}
            for qualifier, state in self.control.provisions.all_of(name).items()
        ]
        return self._listed("ProvisionedConcurrencyConfigs", listed, lambda each: str(each["FunctionArn"]))

    def delete_provisioned_concurrency_config(self) -> Answer:
        """DeleteProvisionedConcurrencyConfig."""
        self.control.provisions.delete(*self._provisioned())
        return answer(204, b"", {})

    def get_function_recursion_config(self) -> Answer:
        """GetFunctionRecursionConfig."""
        function = self.control.storage.latest_of(self.unqualified())
        return json_answer(200, {"RecursiveLoop": function.recursive_loop})

    def put_function_recursion_config(self) -> Answer:
        """PutFunctionRecursionConfig."""
        function = self.control.storage.latest_of(self.unqualified())
        function.recursive_loop = self.asked["RecursiveLoop"]
        return json_answer(200, {"RecursiveLoop": function.recursive_loop})

    def get_runtime_management_config(self) -> Answer:
        """GetRuntimeManagementConfig."""
        function = self._version()
        return json_answer(200, {**function.runtime_update, "FunctionArn": self._arn_of(function)})

    def put_runtime_management_config(self) -> Answer:
        """PutRuntimeManagementConfig."""
        function, asked = self._version(), self.asked
        update: dict[str, str] = {"UpdateRuntimeOn": asked["UpdateRuntimeOn"]}
        arn: str | None = asked.get("RuntimeVersionArn")
        if (update["UpdateRuntimeOn"] == "Manual") != (arn is not None):
            raise invalid_value("RuntimeVersionArn is to be given with the update mode Manual, and with no other.")
        function.runtime_update = update if arn is None else {**update, "RuntimeVersionArn": arn}
        return self.get_runtime_management_config()

    def get_function_code_signing_config(self) -> Answer:  # type: ignore[override]
        """GetFunctionCodeSigningConfig: no function has one."""
        self.control.storage.latest_of(self.unqualified())
        return json_answer(200, {})

    def put_function_event_invoke_config(self) -> Answer:  # type: ignore[override]
        """PutFunctionEventInvokeConfig."""
        configs, qualifier = self._event_invoke()
        return json_answer(200, configs.put(qualifier, self.asked))

    def update_function_event_invoke_config(self) -> Answer:  # type: ignore[override]
        """UpdateFunctionEventInvokeConfig."""
        configs, qualifier = self._event_invoke()
        return json_answer(200, configs.update(qualifier, self.asked))

    def get_function_event_invoke_config(self) -> Answer:  # type: ignore[override]
        """GetFunctionEventInvokeConfig."""
        configs, qualifier = self._event_invoke()
        return json_answer(200, configs.get(qualifier))

    def delete_function_event_invoke_config(self) -> Answer:
        """DeleteFunctionEventInvokeConfig."""
        configs, qualifier = self._event_invoke()
        configs.delete(qualifier)
        return answer(204, b"", {})

    def list_function_event_invoke_configs(self) -> Answer:  # type: ignore[override]
        """ListFunctionEventInvokeConfigs."""
        configs, _ = self._event_invoke()
        return self._listed("FunctionEventInvokeConfigs", configs.all(), lambda each: str(each["FunctionArn"]))

    def _provisioned(self) -> tuple[str, str]:
        name, qualifier = self.target()
        return name, str(qualifier)

    def _version(self) -> EmbeddedFunction:
        name, qualifier = self.target()
        return cast(EmbeddedFunction, self.control.storage.get_function_by_name_with_qualifier(name, qualifier))

    def _arn_of(self, function: EmbeddedFunction) -> str:
        arn = str(function.function_arn)
        return f"{arn}:$LATEST" if function.version == "$LATEST" and self.target()[1] else arn

    def _event_invoke(self) -> tuple[EventInvokeConfigs, str]:
        name, qualifier = self.target()
        self.control.storage.get_function_by_name_with_qualifier(name, qualifier)
        return self.control.storage.latest_of(name).event_invoke_configs, qualifier or "$LATEST"


def _described(state: State) -> dict[str, Any]:
    reason = {} if state.reason is None else {"StatusReason": state.reason}
    return {
        "RequestedProvisionedConcurrentExecutions": state.requested,
        "AvailableProvisionedConcurrentExecutions": state.available,
        "AllocatedProvisionedConcurrentExecutions": state.available,
        "Status": str(state.status),
        **reason,
        "LastModified": datetime.fromtimestamp(state.modified_at, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000"),
    }
