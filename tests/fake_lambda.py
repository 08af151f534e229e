"""A Lambda that remembers: functions, versions, aliases, and the environments that invocations run in."""

import base64
import hashlib
import uuid
from email.message import Message
from typing import Any
from urllib.error import HTTPError

from botocore.exceptions import ClientError
from fake_invoke import FakeInvoke
from fake_service import client_error
from fake_triggers import FakeTriggers
from fake_versions import FakeVersions


class FakeLambda(FakeVersions, FakeTriggers, FakeInvoke):
    """A boto3 Lambda client over one in-memory account, with the services that its functions use beside it."""

    def get_function(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("get_function", kwargs)
        with self._lock:
            function = self._function(kwargs)
            configuration = dict(self._at(function, kwargs.get("Qualifier")))
            if self.clock() < function.updated_at + self.update_s and configuration["Version"] == "$LATEST":
                configuration["LastUpdateStatus"] = "InProgress"
        headers = {"x-powertune-embedded": self.platform} if self.platform else {}
        return {
            "Configuration": configuration,
            "Code": dict(function.code),
            "ResponseMetadata": {"HTTPHeaders": headers},
            **({"Tags": dict(function.tags)} if function.tags else {}),
            **({"Concurrency": self._reserved(kwargs)} if self._reserved(kwargs) else {}),
        }

    def _reserved(self, kwargs: dict[str, Any]) -> dict[str, int]:
        reserved = self.reserved.get(self._function(kwargs).configuration["FunctionName"])
        return {} if reserved is None else {"ReservedConcurrentExecutions": reserved}

    def create_function(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("create_function", kwargs)
        with self._lock:
            name = kwargs["FunctionName"]
            if name in self.functions:
                raise client_error("ResourceConflictException", f"Function already exist: {name}", 409)
            self.created.append(kwargs)
            wanted = {key: value for key, value in kwargs.items() if key not in ("Code", "Tags", "FunctionName")}
            wanted["Layers"] = [{"Arn": arn} for arn in kwargs.get("Layers", ())]
            function = self.add(name, **{**wanted, "memory_mb": wanted.pop("MemorySize")})
            function.tags = dict(kwargs.get("Tags", {}))
            function.updated_at = self.clock()
            package = kwargs["Code"].get("ZipFile")
            if package is not None:
                self.packages[function.code["Location"]] = package
        self.after_call("create_function", kwargs)
        return dict(function.configuration)

    def list_tags(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("list_tags", kwargs)
        return {"Tags": dict(self._function({"FunctionName": kwargs["Resource"]}).tags)}

    def list_functions(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("list_functions", kwargs)
        items = [
            {"LastModified": "2026-09-20T10:00:00.000+0000", **configuration}
            for name in sorted(self.functions)
            for configuration in self._listed(name, kwargs.get("FunctionVersion"))
        ]
        return self._page("Functions", items, kwargs)

    def _listed(self, name: str, versions: str | None) -> list[dict[str, Any]]:
        """The function, and with `ALL` its published versions."""
        function = self.functions[name]
        return [function.configuration, *(function.versions.values() if versions == "ALL" else ())]

    def get_layer_version_by_arn(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("get_layer_version_by_arn", kwargs)
        if kwargs["Arn"] not in self.layers:
            raise client_error("ResourceNotFoundException", "The resource you requested does not exist.", 404)
        return self.layers[kwargs["Arn"]]

    def fetch(self, url: str, limit: int) -> bytes:
        """What downloads: an error of the fake's is one of HTTP here."""
        try:
            self._enter("fetch", {"url": url})
            self.after_call("fetch", {"url": url})
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            raise HTTPError(url, max(500, status), "failed", Message(), None) from None
        if url not in self.packages:
            raise HTTPError(url, 403, "forbidden", Message(), None)
        return self.packages[url]

    def get_account_settings(self) -> dict[str, Any]:
        self._enter("get_account_settings", {})
        return {
            "AccountLimit": {
                "TotalCodeSize": self.code_limit,
                "ConcurrentExecutions": self.concurrency,
                "UnreservedConcurrentExecutions": self.concurrency,
            },
            "AccountUsage": {"TotalCodeSize": self.code_used, "FunctionCount": len(self.functions)},
        }

    def update_function_configuration(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("update_function_configuration", kwargs)
        with self._lock:
            function = self._function(kwargs)
            if self.clock() < function.updated_at + self.update_s:
                raise client_error("ResourceConflictException", "An update is in progress for resource", 409)
            if kwargs.get("RevisionId", function.configuration["RevisionId"]) != function.configuration["RevisionId"]:
                raise client_error("PreconditionFailedException", "The RevisionId provided does not match", 412)
            if kwargs["MemorySize"] > self.memory_limit_mb:
                raise client_error(
                    "InvalidParameterValueException",
                    "'MemorySize' value failed to satisfy constraint: Member must have value less than or equal to "
                    f"{self.memory_limit_mb}",
                )
            function.configuration["MemorySize"] = kwargs["MemorySize"]
            function.configuration["RevisionId"] = str(uuid.uuid4())
            function.updated_at = self.clock()
        self.after_call("update_function_configuration", kwargs)
        return dict(function.configuration)

    def update_function_code(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("update_function_code", kwargs)
        with self._lock:
            function = self._function(kwargs)
            if kwargs.get("RevisionId", function.configuration["RevisionId"]) != function.configuration["RevisionId"]:
                raise client_error("PreconditionFailedException", "The RevisionId provided does not match", 412)
            digest = base64.b64encode(hashlib.sha256(kwargs["ZipFile"]).digest()).decode()
            # Without architectures, AWS's default.
            architectures = kwargs.get("Architectures", ["x86_64"])
            changes = {"CodeSha256": digest, "Architectures": architectures, "RevisionId": str(uuid.uuid4())}
            function.configuration |= changes
            self.packages[function.code["Location"]] = kwargs["ZipFile"]
            function.updated_at = self.clock()
        self.after_call("update_function_code", kwargs)
        return dict(function.configuration)

    def delete_function(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("delete_function", kwargs)
        with self._lock:
            function = self._function(kwargs)
            number = kwargs.get("Qualifier")
            if number is None:
                del self.functions[function.configuration["FunctionName"]]
            elif any(number in _versions_of(alias) for alias in function.aliases.values()):
                raise client_error(
                    "ResourceConflictException",
                    "Unable to delete version because the following aliases reference it: [...]",
                    409,
                )
            elif function.versions.pop(number, None) is None:
                raise client_error("ResourceNotFoundException", "Function not found", 404)
        self.after_call("delete_function", kwargs)
        return {}


def _versions_of(alias: dict[str, Any]) -> set[str]:
    """The versions that an alias leads to."""
    return {alias["FunctionVersion"], *(alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights", {})}
