"""What Lambda demands of a function or an alias beyond the shape of each value: how values go together.

Not checked: whether a runtime is deprecated, whether a changed role can be assumed, the networks of a VPC, code
signing, and the rules of event source mappings, of function URLs and of event invoke configurations.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from powertune.local.lambda_api.errors import ControlError, invalid_value, validation_failed
from powertune.local.lambda_api.shapes import operation

_ENVIRONMENT_BYTES = 4096
_NAME_LENGTH = 64
_LAYERS = 5

RESERVED_VARIABLES = frozenset(
    {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_DEFAULT_REGION",
        "AWS_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_LAMBDA_RUNTIME_API",
        "LAMBDA_TASK_ROOT",
        "LAMBDA_RUNTIME_DIR",
    }
)
"""Source: AWS Lambda Developer Guide, "Defined runtime environment variables", reserved ones."""

_NOT_BOTH = "Please do not provide other FunctionCode parameters when providing a ZipFile."


def check_new_name(name: str, qualifier: str | None) -> None:
    """See whether a function may have this name.

    Raises:
        ControlError: it is too long, or names a version or an alias.
    """
    if qualifier is not None:
        pattern = operation("CreateFunction").member("FunctionName")["pattern"]
        raise validation_failed(
            f"Value '{name}:{qualifier}' at 'functionName' failed to satisfy constraint: "
            f"Member must satisfy regular expression pattern: {pattern}"
        )
    if len(name) > _NAME_LENGTH:
        raise invalid_value(
            f"1 validation error detected: Value '{name}' at 'functionName' failed to satisfy constraint: "
            f"Member must have length less than or equal to {_NAME_LENGTH}"
        )


def check_new(spec: Mapping[str, Any]) -> None:
    """See whether a function can be made of this.

    Raises:
        ControlError: the code, the runtime or the handler is missing.
    """
    if spec.get("PackageType", "Zip") == "Zip":
        if not spec.get("Runtime") or not spec.get("Handler"):
            raise invalid_value(
                "Runtime and Handler are mandatory parameters for functions created with deployment packages."
            )
    elif spec.get("Runtime") or spec.get("Handler"):
        raise invalid_value(
            "The Runtime and Handler parameters are not supported for functions created with container images."
        )
    check_code(spec["Code"], spec.get("PackageType", "Zip"))


def check_code(code: Mapping[str, Any], package_type: str) -> None:
    """See whether there is one source of code, and of the function's kind.

    Raises:
        ControlError: there is none, or more than one, or one of the other kind.
    """
    zipped = "ZipFile" in code
    stored = "S3Bucket" in code or "S3Key" in code
    if package_type == "Image":
        if "ImageUri" not in code:
            raise invalid_value("Please provide ImageUri when updating a function with packageType Image.")
    elif "ImageUri" in code:
        raise invalid_value("Please don't provide ImageUri when updating a function with packageType Zip.")
    elif zipped and stored:
        raise invalid_value(_NOT_BOTH)
    elif not zipped and not ("S3Bucket" in code and "S3Key" in code):
        raise invalid_value("Please provide a source for function code.")


def check_settings(spec: Mapping[str, Any], account_memory_limit_mb: int) -> None:
    """See whether the configuration of a function, new or changed, is allowed.

    Raises:
        ControlError: it is not, in AWS's words.
    """
    memory = spec.get("MemorySize")
    if memory is not None and memory > account_memory_limit_mb:
        raise invalid_value(
            "'MemorySize' value failed to satisfy constraint: Member must have value less than or equal to "
            f"{account_memory_limit_mb}"
        )
    if (runtime := spec.get("Runtime")) is not None:
        _check_runtime(runtime)
    _check_environment((spec.get("Environment") or {}).get("Variables") or {})
    _check_layers(spec.get("Layers") or ())


def check_routing(version: str, weights: Mapping[str, float]) -> None:
    """See whether an alias can send a part of its traffic to another version.

    Raises:
        ControlError: there are two others, or it is the same, or the alias is of $LATEST.
    """
    if len(weights) > 1:
        raise invalid_value("Number of items in AdditionalVersionWeights cannot be greater than 1")
    for number in weights:
        if number == version:
            raise invalid_value(
                f"Invalid function version {version}. Function version {version} is already included in routing "
                "configuration."
            )
        if version == "$LATEST":
            raise invalid_value("$LATEST is not supported for an alias pointing to more than 1 version")


def _check_runtime(runtime: str) -> None:
    names = operation("CreateFunction").member("Runtime")["enum"]
    if runtime not in names and runtime != f"python3.{sys.version_info.minor}":
        raise invalid_value(
            f"Value {runtime} at 'runtime' failed to satisfy constraint: "
            f"Member must satisfy enum value set: [{', '.join(names)}] or be a valid ARN"
        )


def _check_environment(variables: Mapping[str, str]) -> None:
    problem = "Lambda was unable to configure your environment variables because the environment variables you have"
    if reserved := sorted(RESERVED_VARIABLES & set(variables)):
        raise invalid_value(
            f"{problem} provided contains reserved keys that are currently not supported for modification. "
            f"Reserved keys used in this request: {', '.join(reserved)}"
        )
    measured = json.dumps(dict(variables), separators=(",", ":"), ensure_ascii=False)
    if variables and len(measured.encode()) > _ENVIRONMENT_BYTES:
        raise invalid_value(f"{problem} provided exceeded the 4KB limit. String measured: {measured}")


def _check_layers(arns: Sequence[str]) -> None:
    if len(arns) > _LAYERS:
        raise invalid_value(f"Cannot reference more than {_LAYERS} layers.")
    seen: dict[str, str] = {}
    for arn in arns:
        if (other := seen.setdefault(arn.rpartition(":")[0], arn)) != arn or arns.count(arn) > 1:
            raise invalid_value(
                "Two different versions of the same layer are not allowed to be referenced in the same function. "
                f"{other} and {arn} are versions of the same layer."
            )


def missing_layer(arn: str) -> ControlError:
    """What Lambda says to a layer version that is not there."""
    return invalid_value(f"Layer version {arn} does not exist.")
