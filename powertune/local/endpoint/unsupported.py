"""What the embedded AWS does not support. It answers by this list, and the reference page shows it."""

from collections.abc import Iterable, Mapping


def _all(reason: str, operations: str) -> Iterable[tuple[str, str]]:
    return ((operation, reason) for operation in operations.split())


LAMBDA_OPERATIONS: Mapping[str, str] = dict(
    [
        *_all(
            "signatures of code are not checked",
            "CreateCodeSigningConfig DeleteCodeSigningConfig DeleteFunctionCodeSigningConfig GetCodeSigningConfig "
            "ListCodeSigningConfigs ListFunctionsByCodeSigningConfig PutFunctionCodeSigningConfig "
            "UpdateCodeSigningConfig",
        ),
        *_all(
            "there are no Lambda Managed Instances",
            "CreateCapacityProvider DeleteCapacityProvider GetCapacityProvider GetFunctionScalingConfig "
            "ListCapacityProviders ListFunctionVersionsByCapacityProvider PutFunctionScalingConfig "
            "UpdateCapacityProvider",
        ),
        *_all(
            "there are no durable functions",
            "CheckpointDurableExecution DeleteDurableExecution GetDurableExecution GetDurableExecutionHistory "
            "GetDurableExecutionState ListDurableExecutionsByFunction PauseDurableExecution ResumeDurableExecution "
            "SendDurableExecutionCallbackFailure SendDurableExecutionCallbackHeartbeat "
            "SendDurableExecutionCallbackSuccess StopDurableExecution",
        ),
        *_all("permissions are those of AddPermission", "DeleteResourcePolicy GetResourcePolicy PutResourcePolicy"),
        *_all("responses are not streamed; use Invoke", "InvokeWithResponseStream"),
    ]
)
"""The operations of Lambda that are answered with NotImplementedException, and why."""

KEPT_ONLY: Mapping[str, str] = {
    "PutFunctionEventInvokeConfig": "events that fail are neither tried again nor sent to destinations",
    "PutFunctionRecursionConfig": "recursive loops are not detected",
    "PutRuntimeManagementConfig": "functions run on the runtime of this machine",
}
"""The operations of Lambda whose settings are kept and answered, but change nothing."""
