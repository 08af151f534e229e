"""Lambda's versions and aliases."""

import uuid
from collections.abc import Mapping
from typing import Any

from fake_account import FakeAccount
from fake_service import client_error


class FakeVersions(FakeAccount):
    """Publishes, lists, points at and deletes."""

    def publish_version(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("publish_version", kwargs)
        with self._lock:
            function = self._function(kwargs)
            if kwargs.get("CodeSha256", function.configuration["CodeSha256"]) != function.configuration["CodeSha256"]:
                raise client_error("PreconditionFailedException", "CodeSha256 does not match", 412)
            if kwargs.get("RevisionId", function.configuration["RevisionId"]) != function.configuration["RevisionId"]:
                raise client_error("PreconditionFailedException", "The RevisionId provided does not match", 412)
            last = str(function.published)
            if last not in function.versions or _differ(function.versions[last], function.configuration):
                function.published += 1
                last = str(function.published)
                function.versions[last] = {
                    **function.configuration,
                    "Version": last,
                    "Description": kwargs.get("Description", ""),
                }
            version = dict(function.versions[last])
        self.after_call("publish_version", kwargs)
        return version

    def create_alias(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("create_alias", kwargs)
        with self._lock:
            function = self._function(kwargs)
            if kwargs["Name"] in function.aliases:
                raise client_error("ResourceConflictException", f"Alias already exists: {kwargs['Name']}", 409)
            self._at(function, kwargs["FunctionVersion"])
            alias = {key: kwargs[key] for key in ("Name", "FunctionVersion", "Description")}
            function.aliases[kwargs["Name"]] = {**alias, "RevisionId": str(uuid.uuid4())}
            created = dict(function.aliases[kwargs["Name"]])
        self.after_call("create_alias", kwargs)
        return created

    def update_alias(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("update_alias", kwargs)
        with self._lock:
            alias = self._function(kwargs).aliases.get(kwargs["Name"])
            if alias is None:
                raise client_error("ResourceNotFoundException", f"Cannot find alias arn: {kwargs['Name']}", 404)
            if kwargs.get("RevisionId", alias["RevisionId"]) != alias["RevisionId"]:
                raise client_error("PreconditionFailedException", "The RevisionId provided does not match", 412)
            function = self._function(kwargs)
            for version in (kwargs.get("FunctionVersion"), *_weights(kwargs)):
                self._at(function, version)
            alias |= {
                key: kwargs[key] for key in ("FunctionVersion", "Description", "RoutingConfig") if key in kwargs
            }
            alias["RevisionId"] = str(uuid.uuid4())
            updated = dict(alias)
        self.after_call("update_alias", kwargs)
        return updated

    def get_alias(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("get_alias", kwargs)
        function = self._function(kwargs)
        if kwargs["Name"] not in function.aliases:
            raise client_error("ResourceNotFoundException", "Cannot find alias", 404)
        return dict(function.aliases[kwargs["Name"]])

    def list_aliases(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("list_aliases", kwargs)
        aliases = self._function(kwargs).aliases.values()
        items = sorted((a for a in aliases if a["Name"] not in self.unlisted), key=lambda a: str(a["Name"]))
        return self._page("Aliases", items, kwargs)

    def list_versions_by_function(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("list_versions_by_function", kwargs)
        function = self._function(kwargs)
        versions = [v for number, v in function.versions.items() if number not in self.unlisted]
        return self._page("Versions", [function.configuration, *versions], kwargs)

    def delete_alias(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("delete_alias", kwargs)
        with self._lock:
            self._function(kwargs).aliases.pop(kwargs["Name"], None)
        self.after_call("delete_alias", kwargs)
        return {}


def _weights(document: Mapping[str, Any]) -> Mapping[str, float]:
    routing: Mapping[str, Mapping[str, float]] = document.get("RoutingConfig") or {}
    return routing.get("AdditionalVersionWeights") or {}


#: What a version has for itself, and what AWS changes by itself.
_OWN = ("Version", "Description", "RevisionId", "State", "StateReason", "LastUpdateStatus", "LastModified")


def _differ(version: Mapping[str, Any], configuration: Mapping[str, Any]) -> bool:
    """Whether PublishVersion makes a new version: only if something has changed since the last one."""
    return any(version.get(key) != configuration.get(key) for key in {*version, *configuration} - {*_OWN})
