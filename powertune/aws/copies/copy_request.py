"""What CreateFunction has to be told so that a copy has the same configuration as the function. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from powertune.aws.copies.names import RUN_TAG, SOURCE_TAG
from powertune.aws.function_snapshot import FunctionSnapshot
from powertune.errors import FunctionRefused
from powertune.model import Architecture

#: What GetFunction and CreateFunction say with the same words.
_AS_IT_IS = (
    "Runtime",
    "Role",
    "Handler",
    "Timeout",
    "MemorySize",
    "PackageType",
    "KMSKeyArn",
    "DeadLetterConfig",
    "FileSystemConfigs",
    "EphemeralStorage",
    "TracingConfig",
    "RuntimeConfig",
)
_VPC = ("SubnetIds", "SecurityGroupIds", "Ipv6AllowedForDualStack")
#: Lambda's limit on the tags of a function, ours among them.
_TAGS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A copy: its name, who makes it, and the architecture. `log_group` is the function's, so that none is littered.

    `image_uri` is of a container image for the architecture, where that is not the function's own.
    """

    name: str
    run_id: str
    architecture: Architecture
    log_group: str
    image_uri: str | None = None


def copy_request(
    original: FunctionSnapshot, tags: Mapping[str, str], code: Mapping[str, Any], wanted: Wanted
) -> dict[str, Any]:
    """The arguments of CreateFunction. Event sources, triggers, permissions and concurrency are no part of it.

    Args:
        tags: the function's own: costs are allotted, and access is granted, by them.
        code: the code as CreateFunction takes it.

    Raises:
        FunctionRefused: AWS does not show a part of the configuration.
    """
    configuration = original.configuration
    image = _readable(configuration, "ImageConfigResponse").get("ImageConfig")
    variables = _readable(configuration, "Environment").get("Variables")
    network = configuration.get("VpcConfig") or {}
    snapstart = (configuration.get("SnapStart") or {}).get("ApplyOn", "None")
    layers = [layer["Arn"] for layer in configuration.get("Layers") or ()]
    more: dict[str, Any] = {
        **{name: configuration.get(name) for name in _AS_IT_IS},
        "Environment": {"Variables": dict(variables)} if variables else None,
        "ImageConfig": image,
        "Layers": layers,
        "SnapStart": {"ApplyOn": snapstart} if snapstart != "None" else None,
        "VpcConfig": {name: network[name] for name in _VPC if name in network} if network.get("SubnetIds") else None,
    }
    return {
        **{name: value for name, value in more.items() if value},
        "FunctionName": wanted.name,
        "Description": f"temporary copy of {configuration['FunctionName']}, made by powertune {wanted.run_id}",
        "Code": dict(code),
        "Architectures": [str(wanted.architecture)],
        "LoggingConfig": _logging(configuration.get("LoggingConfig") or {}, wanted.log_group),
        "Tags": _tags(original, tags, wanted),
    }


def _logging(original: Mapping[str, Any], log_group: str) -> dict[str, Any]:
    """As the function logs, but reports are always logged: at SystemLogLevel WARN, those of successes are not."""
    reporting = {"SystemLogLevel": "INFO"} if original.get("SystemLogLevel") == "WARN" else {}
    return {**original, **reporting, "LogGroup": log_group}


def _tags(original: FunctionSnapshot, tags: Mapping[str, str], wanted: Wanted) -> dict[str, str]:
    """The function's tags, without those that AWS has set, as far as ours leave room for them."""
    own = {SOURCE_TAG: original.arn, RUN_TAG: wanted.run_id}
    kept = sorted(name for name in tags if not name.lower().startswith("aws:") and name not in own)
    return {**{name: tags[name] for name in kept[: _TAGS - len(own)]}, **own}


def _readable(configuration: Mapping[str, Any], part: str) -> Mapping[str, Any]:
    """A part of the configuration that AWS leaves out, and says why, for who may not decrypt it."""
    document: Mapping[str, Any] = configuration.get(part) or {}
    if "Error" in document:
        reason = document["Error"].get("Message", "no reason given")
        raise FunctionRefused(
            f"a copy of {configuration['FunctionName']} would lack its {part}: {reason}",
            hint="get permission to use the function's KMS key (`powertune iam run --kms-key ARN`), or measure the "
            "function itself: --in-place, without --arch",
        )
    return document
