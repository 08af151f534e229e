"""A function in the control plane: moto's, with the configuration that moto drops and revisions that change."""

import copy
import json
import uuid
from collections.abc import Sequence
from typing import Any

from moto.awslambda.models import LambdaFunction, LayerVersion
from moto.awslambda.policy import Policy
from moto.awslambda.utils import get_backend

from powertune.local.functions import Function, LogFormat
from powertune.local.lambda_api.errors import ControlError, bad_package, invalid_value, translated
from powertune.local.lambda_api.event_invoke import EventInvokeConfigs
from powertune.local.lambda_api.states import SETTLED, STATE_FIELDS, Progress, Stage, Timing
from powertune.local.runtime import code_cache

_KEPT = ("LoggingConfig", "DeadLetterConfig", "FileSystemConfigs", "SnapStart")
"""Configuration that moto does not store."""

_NOT_PUBLISHED = ("FunctionArn", "Version", "LastModified", "RevisionId", *STATE_FIELDS)
"""Configuration that makes no difference to PublishVersion."""


class EmbeddedFunction(LambdaFunction):
    """$LATEST of a function, or a published version of it.

    While $LATEST is changed, invocations still run what it was before.
    """

    timing = Timing()
    progress: Progress | None = None
    before: "EmbeddedFunction | None" = None

    def __init__(self, account_id: str, spec: dict[str, Any], region: str, version: str) -> None:
        try:
            super().__init__(account_id, spec, region, version)
        except ValueError as error:
            raise translated(error) from error
        self._check_code()
        self.kept = {name: copy.deepcopy(spec[name]) for name in _KEPT if spec.get(name)}
        self.recursive_loop = "Terminate"
        self.runtime_update = {"UpdateRuntimeOn": "Auto"}
        self.event_invoke_configs = EventInvokeConfigs(self.function_arn)
        self.changed()

    @property
    def revision_id(self) -> str:
        """What a caller has to know to change the function only if nobody else has."""
        under_way = self.under_way
        return self._revision_id if under_way is None else under_way.revision_id

    @property
    def under_way(self) -> Progress | None:
        """The creation, or the change, that has not ended yet."""
        progress = self.progress
        return progress if progress is not None and self.timing.clock() < progress.settled_at else None

    @property
    def settled_at(self) -> float | None:
        """When what is under way ends, in seconds of the clock; None when nothing is."""
        under_way = self.under_way
        return None if under_way is None else under_way.settled_at

    @property
    def serving(self) -> "EmbeddedFunction":
        """What invocations run: this, or what it was before a change that is under way."""
        return self if self.under_way is None else self.before or self

    def left_behind(self) -> bool:
        """Whether what this was before a change is still kept, although the change has ended."""
        return self.before is not None and self.under_way is None

    def begin(self, stage: Stage, settled_at: float, before: "EmbeddedFunction | None" = None) -> None:
        """Show as under way until a time of the clock."""
        # In this order: whoever looks in between shall not take the change for done.
        self.before = before
        self.progress = Progress(stage=stage, settled_at=settled_at, revision_id=str(uuid.uuid4()))

    def changed(self) -> None:
        """The code or configuration is another now: a new revision, and new environments."""
        self.renew()
        self.deployment = str(uuid.uuid4())

    def renew(self) -> None:
        """A new revision of the same function."""
        self._revision_id = str(uuid.uuid4())

    def get_configuration(self, on_create: bool = False) -> dict[str, Any]:
        """The configuration as the API shows it."""
        config: dict[str, Any] = super().get_configuration(on_create)
        under_way = self.under_way
        config["RevisionId"] = self._revision_id if under_way is None else under_way.revision_id
        del config["State"]
        config.pop("LastUpdateStatus", None)
        config |= SETTLED if under_way is None else under_way.shown
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
            raise translated(error) from error
        finally:
            if not self.code_sha_256:
                self.code_bytes, self.code_size, self.code_sha_256, self.code_digest = before
        if updated_spec.get("Architectures"):
            self.architectures = list(updated_spec["Architectures"])
        self._touch()
        return self.get_configuration()

    def copied(self) -> "EmbeddedFunction":
        """The same, out of the reach of later changes."""
        twin = copy.copy(self)
        for name, value in vars(self).items():
            if isinstance(value, dict | list):
                setattr(twin, name, copy.deepcopy(value))
        twin.before = None
        return twin

    def published(self, number: int, description: str | None) -> "EmbeddedFunction":
        """A version of what this is now: active as soon as this is settled, and the snapshot, if wanted, is taken."""
        version = self.copied()
        settled_at = self.settled_at
        if self.kept.get("SnapStart", {}).get("ApplyOn") == "PublishedVersions":
            version.begin(Stage.SNAPSHOT, self.timing.end(Stage.SNAPSHOT, settled_at))
        elif settled_at is not None:
            version.begin(Stage.CREATING, settled_at)
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
            ephemeral_storage_mb=int(self.ephemeral_storage or 512),
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
