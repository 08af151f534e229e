"""AWS::Lambda::Function, and how long to wait for what Lambda does in the background."""

import io
import time
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

from powertune.local.cloudformation.faults import Failure
from powertune.local.cloudformation.kind import Context, Made, Properties, changed_tags, picked
from powertune.local.cloudformation.parameters import text_of

_POLL_S = 0.02
_PATIENCE_S = 60.0

_DEFAULTS: Mapping[str, Any] = {
    "DeadLetterConfig": {"TargetArn": ""},
    "Description": "",
    "Environment": {"Variables": {}},
    "EphemeralStorage": {"Size": 512},
    "FileSystemConfigs": [],
    "ImageConfig": {},
    "KmsKeyArn": "",
    "Layers": [],
    "LoggingConfig": {"LogFormat": "Text"},
    "MemorySize": 128,
    "SnapStart": {"ApplyOn": "None"},
    "Timeout": 3,
    "TracingConfig": {"Mode": "PassThrough"},
}
"""What a property that a template no longer has goes back to."""

_CONFIGURATION = ("Handler", "Role", "Runtime", *_DEFAULTS)
_CODE = ("ImageUri", "S3Bucket", "S3Key", "S3ObjectVersion", "ZipFile")
_INDEX = {"python": "index.py", "nodejs": "index.js"}


class LambdaFunction:
    """AWS::Lambda::Function. VpcConfig has no effect: functions here reach the network of the machine."""

    handles = frozenset(
        {"Architectures", "Code", "FunctionName", "PackageType", "ReservedConcurrentExecutions", "Tags", "VpcConfig"}
    ).union(_CONFIGURATION)

    def create(self, context: Context, properties: Properties) -> Made:
        """CreateFunction, then the reserved concurrency."""
        client = context.client("lambda")
        name = properties.get("FunctionName") or context.name(64)
        config = client.create_function(
            FunctionName=name,
            Code=_code(properties),
            Tags=context.tags(properties),
            **picked(properties, "Architectures", "PackageType"),
            **_configuration(picked(properties, *_CONFIGURATION)),
        )
        made = Made(physical_id=name, attributes={"Arn": config["FunctionArn"], **_SNAP_START})
        context.started(made)
        settle(client, name)
        if "ReservedConcurrentExecutions" in properties:
            _reserve(client, name, properties)
        return made

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:
        """UpdateFunctionConfiguration and UpdateFunctionCode, as far as something differs."""
        client, name = context.client("lambda"), made.physical_id
        config = {key: new.get(key, _DEFAULTS.get(key)) for key in _CONFIGURATION if new.get(key) != old.get(key)}
        if config:
            client.update_function_configuration(FunctionName=name, **_configuration(config))
            settle(client, name)
        if any(new.get(key) != old.get(key) for key in ("Code", "Architectures")):
            client.update_function_code(FunctionName=name, **_code(new), **picked(new, "Architectures"))
            settle(client, name)
        if new.get("ReservedConcurrentExecutions") != old.get("ReservedConcurrentExecutions"):
            _reserve(client, name, new)
        arn = made.attributes["Arn"]
        added, removed = changed_tags(client.list_tags(Resource=arn).get("Tags", {}), context.tags(new))
        if added:
            client.tag_resource(Resource=arn, Tags=added)
        if removed:
            client.untag_resource(Resource=arn, TagKeys=removed)
        return made

    def delete(self, context: Context, made: Made, properties: Properties) -> None:  # noqa: ARG002 - Kind's
        """DeleteFunction."""
        client = context.client("lambda")
        try:
            client.delete_function(FunctionName=made.physical_id)
        except client.exceptions.ResourceNotFoundException:
            return


_SNAP_START = {"SnapStartResponse.ApplyOn": "None", "SnapStartResponse.OptimizationStatus": "Off"}


def settle(client: Any, name: str, clock: Any = time.monotonic, sleep: Any = time.sleep) -> None:
    """Wait until a function takes changes again.

    Raises:
        Failure: it failed, or takes too long.
    """

    def done() -> bool:
        config = client.get_function_configuration(FunctionName=name)
        state, update = config.get("State", "Active"), config.get("LastUpdateStatus", "Successful")
        if "Failed" in (state, update):
            raise Failure(config.get("StateReason") or config.get("LastUpdateStatusReason") or f"{name} failed")
        return bool(state != "Pending" and update != "InProgress")

    _wait(done, f"Function {name}", clock, sleep)


def provisioned(client: Any, name: str, qualifier: str, clock: Any = time.monotonic, sleep: Any = time.sleep) -> None:
    """Wait until the provisioned concurrency of a version or an alias is there.

    Raises:
        Failure: it failed, or takes too long.
    """

    def done() -> bool:
        config = client.get_provisioned_concurrency_config(FunctionName=name, Qualifier=qualifier)
        if config["Status"] == "FAILED":
            reason = config.get("StatusReason") or "FAILED"
            raise Failure(f"Provisioned Concurrency configuration failed to be applied. Reason: {reason}")
        return bool(config["Status"] == "READY")

    _wait(done, f"Provisioned concurrency of {name}:{qualifier}", clock, sleep)


def _wait(done: Callable[[], bool], what: str, clock: Any, sleep: Any) -> None:
    end = clock() + _PATIENCE_S
    while clock() < end:
        if done():
            return
        sleep(_POLL_S)
    raise Failure(f"{what} did not stabilize")


def _reserve(client: Any, name: str, properties: Properties) -> None:
    wanted = properties.get("ReservedConcurrentExecutions")
    if wanted is None:
        client.delete_function_concurrency(FunctionName=name)
    else:
        client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=wanted)


def _configuration(config: Mapping[str, Any]) -> dict[str, Any]:
    """The API's names, and text as the values of variables."""
    given = dict(config)
    if "KmsKeyArn" in given:
        given["KMSKeyArn"] = given.pop("KmsKeyArn")
    if (environment := given.get("Environment")) is not None:
        variables = environment.get("Variables") or {}
        given["Environment"] = {"Variables": {key: text_of(value) for key, value in variables.items()}}
    return {key: value for key, value in given.items() if value is not None}


def _code(properties: Properties) -> dict[str, Any]:
    code = picked(properties["Code"], *_CODE)
    if unknown := set(properties["Code"]) - set(_CODE):
        raise Failure(f"The embedded AWS does not support the property Code.{min(unknown)} of AWS::Lambda::Function")
    if "ZipFile" in code:
        code["ZipFile"] = _inline(str(properties.get("Runtime", "")), code["ZipFile"])
    return code


def _inline(runtime: str, source: str) -> bytes:
    """A package of one file, as CloudFormation makes it of source in the template."""
    name = next((file for prefix, file in _INDEX.items() if runtime.startswith(prefix)), None)
    if name is None:
        raise Failure(f"ZipFile can only be used when Runtime is set to either of nodejs, python; it is {runtime!r}")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
        entry.external_attr = 0o644 << 16
        archive.writestr(entry, source)
    return buffer.getvalue()
