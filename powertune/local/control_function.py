"""A function in the control plane: moto's, with the configuration that moto drops and revisions that change."""

import copy
import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from moto.awslambda.models import LambdaFunction, LayerVersion
from moto.awslambda.policy import Policy
from moto.awslambda.utils import get_backend

from powertune.local import code_cache
from powertune.local.control_errors import ControlError, bad_package, invalid_field, invalid_value
from powertune.local.functions import Function
from powertune.local.reports import LogFormat
from powertune.units import MEMORY_MAX_MB, MEMORY_MIN_MB

_TIMEOUT_MAX_S = 900

_KEPT = ("LoggingConfig", "DeadLetterConfig", "FileSystemConfigs", "SnapStart")
"""Configuration that moto does not store."""

_NOT_PUBLISHED = ("FunctionArn", "Version", "LastModified", "RevisionId", "State", "LastUpdateStatus")
"""Configuration that makes no difference to PublishVersion."""


def check_limits(spec: Mapping[str, Any], account_memory_limit_mb: int) -> None:
    """See whether memory size and timeout are allowed.

    Raises:
        ControlError: they are not, in AWS's words.
    """
    memory, timeout = spec.get("MemorySize"), spec.get("Timeout")
    if memory is not None:
        if memory < MEMORY_MIN_MB:
            raise invalid_field(
                memory, "memorySize", f"Member must have value greater than or equal to {MEMORY_MIN_MB}"
            )
        if memory > MEMORY_MAX_MB:
            raise invalid_field(memory, "memorySize", f"Member must have value less than or equal to {MEMORY_MAX_MB}")
        if memory > account_memory_limit_mb:
            raise invalid_value(
                "'MemorySize' value failed to satisfy constraint: Member must have value less than or equal to "
                f"{account_memory_limit_mb}"
            )
    if timeout is not None and not 1 <= timeout <= _TIMEOUT_MAX_S:
        bound = "greater than or equal to 1" if timeout < 1 else f"less than or equal to {_TIMEOUT_MAX_S}"
        raise invalid_field(timeout, "timeout", f"Member must have value {bound}")


class EmbeddedFunction(LambdaFunction):
    """$LATEST of a function, or a published version of it."""

    def __init__(self, account_id: str, spec: dict[str, Any], region: str, version: str) -> None:
        try:
            super().__init__(account_id, spec, region, version)
        except ValueError as error:
            raise _translated(error) from error
        self._check_code()
        self.kept = {name: copy.deepcopy(spec[name]) for name in _KEPT if spec.get(name)}
        self.changed()

    def changed(self) -> None:
        """The code or configuration is another now: a new revision, and new environments."""
        self.revision_id = str(uuid.uuid4())
        self.deployment = str(uuid.uuid4())

    def get_configuration(self, on_create: bool = False) -> dict[str, Any]:
        """The configuration as the API shows it."""
        config: dict[str, Any] = super().get_configuration(on_create)
        config["RevisionId"] = self.revision_id
        config["LoggingConfig"] = self._logging()
        config["SnapStart"] = {"ApplyOn": "None", **self.kept.get("SnapStart", {}), "OptimizationStatus": "Off"}
        for name in ("DeadLetterConfig", "FileSystemConfigs"):
            if name in self.kept:
                config[name] = self.kept[name]
        return copy.deepcopy({name: value for name, value in config.items() if value is not None})

    def get_code(self) -> dict[str, Any]:
        """What GetFunction answers; the location of the code is filled in by who knows the server's address."""
        answer: dict[str, Any] = super().get_code()
        answer.pop("Concurrency", None)
        return answer

    @property
    def fingerprint(self) -> str:
        """All that makes a version: the same as at the last publication means that there is nothing to publish."""
        config = self.get_configuration()
        return json.dumps(
            {name: value for name, value in config.items() if name not in _NOT_PUBLISHED}, sort_keys=True
        )

    def update_configuration(self, config_updates: dict[str, Any]) -> dict[str, Any]:
        """Change the configuration, also where moto would not."""
        updates = dict(config_updates)
        if self.package_type == "Zip" and updates.get("Layers"):
            self._check_size(updates["Layers"])
        if (environment := updates.pop("Environment", None)) is not None:
            self.environment_vars = dict(environment.get("Variables") or {})
        for name in _KEPT:
            if name in updates:
                self.kept[name] = copy.deepcopy(updates.pop(name))
        if "EphemeralStorage" in updates:
            self.ephemeral_storage = updates.pop("EphemeralStorage")["Size"]
        if "TracingConfig" in updates:
            self.tracing_config = dict(updates.pop("TracingConfig"))
        if "KMSKeyArn" in updates:
            self.kms_key_arn = updates.pop("KMSKeyArn") or None
        super().update_configuration(updates)
        self._touch()
        return self.get_configuration()

    def update_function_code(self, updated_spec: dict[str, Any]) -> dict[str, Any]:
        """Change the code, and the architecture that it is for."""
        if updated_spec.get("DryRun"):
            return self.get_configuration()
        before = (self.code_bytes, self.code_size, self.code_sha_256, self.code_digest)
        try:
            super().update_function_code(updated_spec)
            self._check_code()
        except ValueError as error:
            raise _translated(error) from error
        finally:
            if not self.code_sha_256:
                self.code_bytes, self.code_size, self.code_sha_256, self.code_digest = before
        if updated_spec.get("Architectures"):
            self.architectures = list(updated_spec["Architectures"])
        self._touch()
        return self.get_configuration()

    def published(self, number: int, description: str | None) -> "EmbeddedFunction":
        """A version of what this is now, which later changes do not reach."""
        version = copy.copy(self)
        for name, value in vars(self).items():
            if isinstance(value, dict | list):
                setattr(version, name, copy.deepcopy(value))
        version.policy = Policy(version)
        version.set_version(number)
        version.changed()
        if description:
            version.description = description
        return version

    def snapshot(self, reserved_concurrency: int | None, layers: tuple[LayerVersion, ...]) -> Function:
        """What is executed when this version is invoked."""
        logging = self._logging()
        is_json = logging["LogFormat"] == "JSON"
        return Function(
            account=self.account_id,
            region=self.region,
            name=self.function_name,
            version=str(self.version),
            arn=self.function_arn,
            deployment=self.deployment,
            runtime=self.run_time or "",
            handler=self.handler or "",
            memory_mb=int(self.memory_size),
            timeout_s=int(self.timeout),
            code=getattr(self, "code_bytes", b""),
            layers=tuple(layer.code_bytes for layer in layers),
            variables=dict(self.environment_vars),
            log_group=logging["LogGroup"],
            log_format=LogFormat(json=is_json, system_level=logging.get("SystemLogLevel", "INFO")),
            application_log_level=logging.get("ApplicationLogLevel"),
            reserved_concurrency=reserved_concurrency,
            package_type=self.package_type,
            architecture=self.architectures[0],
        )

    def _logging(self) -> dict[str, str]:
        given = self.kept.get("LoggingConfig", {})
        levels = {"ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO"} if given.get("LogFormat") == "JSON" else {}
        return {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{self.function_name}", **levels, **given}

    def _touch(self) -> None:
        from moto.core.utils import iso_8601_datetime_with_nanoseconds

        self.last_modified = iso_8601_datetime_with_nanoseconds()
        self.changed()

    def _check_code(self) -> None:
        if self.package_type != "Zip":
            return
        try:
            code_cache.check(self.code_bytes)
            self._check_size([layer["Arn"] for layer in self.layers])
        except code_cache.BadPackage as error:
            self.code_sha_256 = ""
            raise bad_package(error) from error
        except ControlError:
            self.code_sha_256 = ""
            raise

    def _check_size(self, layer_arns: Sequence[str]) -> None:
        """See whether the code and these layers together are small enough.

        Raises:
            ControlError: they are not.
        """
        backend = get_backend(self.account_id, self.region)
        layers = [layer for arn in layer_arns if (layer := backend.layers_versions_by_arn(arn)) is not None]
        packages = [getattr(self, "code_bytes", b""), *(layer.code_bytes for layer in layers)]
        size = sum(code_cache.unpacked_size(package) for package in packages if package)
        if size > code_cache.LIMIT_BYTES:
            raise invalid_value(
                "Function code combined with layers exceeds the maximum allowed size of "
                f"{code_cache.LIMIT_BYTES} bytes. The actual size is {size} bytes."
            )


def _translated(error: ValueError) -> Exception:
    """Moto raises some errors as a ValueError of an error code and a message, which clients would see as a 500."""
    if len(error.args) == 2 and error.args[0] == "InvalidParameterValueException":
        return invalid_value(str(error.args[1]))
    return error
