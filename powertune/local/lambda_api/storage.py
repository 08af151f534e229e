"""Versions and aliases as AWS keeps them: numbers are never reused, and what an alias needs cannot be deleted."""

import threading
import uuid
from dataclasses import dataclass
from typing import Any, cast

from moto.awslambda.models import LambdaAlias, LambdaFunction, LambdaStorage

from powertune.local.lambda_api.errors import conflict, invalid_value, not_found, precondition_failed
from powertune.local.lambda_api.function import EmbeddedFunction
from powertune.local.lambda_api.rules import check_routing


@dataclass(slots=True)
class _History:
    """What was published of a function: the next number, and what the last one was like."""

    next_number: int = 1
    last_number: int | None = None
    last_fingerprint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preconditions:
    """What a caller expects to be true; None expects nothing."""

    revision_id: str | None = None
    code_sha256: str | None = None

    def check(self, function: EmbeddedFunction) -> None:
        """Compare with a function.

        Raises:
            ControlError: it is not as expected.
        """
        if self.revision_id and self.revision_id != function.revision_id:
            raise precondition_failed("GetFunction/GetAlias")
        if self.code_sha256 and self.code_sha256 != function.code_sha_256:
            raise invalid_value(
                f"CodeSHA256 ({self.code_sha256}) is different from current CodeSHA256 in $LATEST "
                f"({function.code_sha_256}). Please try again with the CodeSHA256 in $LATEST."
            )


class EmbeddedStorage(LambdaStorage):
    """Functions by name, their versions and aliases."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self._histories: dict[str, _History] = {}
        self._changing_aliases = threading.Lock()

    def reserved_by_others(self, name: str | None) -> int:
        """The concurrency that other functions than this one have reserved."""
        return sum(fn.reserved_concurrency or 0 for fn in self.latest() if fn.function_name != name)

    def latest_of(self, name: str) -> EmbeddedFunction:
        """$LATEST of a function.

        Raises:
            ControlError: there is no such function.
        """
        if name not in self._functions:
            raise self.construct_unknown_function_exception(name)
        function: EmbeddedFunction = self._functions[name]["latest"]
        return function

    def put_function(self, fn: LambdaFunction) -> None:
        """A new function, whose versions begin at 1."""
        super().put_function(fn)
        self._histories[fn.function_name] = _History()

    def publish_version(
        self, name_or_arn: str, description: str = "", preconditions: Preconditions | None = None
    ) -> EmbeddedFunction:
        """A new version, or the last one if nothing has changed since and it still exists."""
        latest = cast(EmbeddedFunction, self.get_function_by_name_or_arn_forbid_qualifier(name_or_arn))
        (preconditions or Preconditions()).check(latest)
        name = latest.function_name
        history = self._histories[name]
        fingerprint = latest.fingerprint
        if history.last_number is not None and history.last_fingerprint == fingerprint:
            last = cast(EmbeddedFunction | None, self._get_version(name, str(history.last_number)))
            if last is not None:
                return last
        version = latest.published(history.next_number, description)
        history.last_number, history.last_fingerprint = history.next_number, fingerprint
        history.next_number += 1
        self._functions[name]["versions"].append(version)
        self._arns[version.function_arn] = version
        latest.renew()
        return version

    def all(self) -> list[LambdaFunction]:
        """Every version of every function."""
        return [version for name in list(self._functions) for version in self.list_versions_by_function(name)]

    def latest(self) -> list[LambdaFunction]:
        """$LATEST of every function."""
        return [group["latest"] for group in list(self._functions.values())]

    def del_function(self, name_or_arn: str, qualifier: str | None = None) -> None:
        """Delete a function with all that belongs to it, or one version that no alias refers to."""
        if qualifier is None:
            super().del_function(name_or_arn)
            self._histories.pop(name_or_arn, None)
            return
        if qualifier == "$LATEST":
            raise invalid_value("$LATEST version cannot be deleted without deleting the function.")
        self.latest_of(name_or_arn)
        if not qualifier.isdigit():
            raise invalid_value("Deletion of aliases is not currently supported.")
        references = [
            alias.name
            for alias in self.list_aliases(name_or_arn)
            if qualifier in (alias.function_version, *weights_of(alias))
        ]
        if references:
            raise conflict(
                "Unable to delete version because the following aliases reference it: "
                f"[{', '.join(sorted(references))}]"
            )
        version = self._get_version(name_or_arn, qualifier)
        if version is not None:
            self._functions[name_or_arn]["versions"].remove(version)

    def put_alias(
        self, name: str, function_name: str, function_version: str, description: str, routing_config: Any
    ) -> LambdaAlias:
        """A new alias."""
        self._check_versions(function_name, function_version, routing_config)
        with self._changing_aliases:
            aliases = self._get_function_aliases(function_name)
            if name in aliases:
                raise conflict(f"Alias already exists: {aliases[name].arn}")
            weighted = routing_config if (routing_config or {}).get("AdditionalVersionWeights") else None
            return super().put_alias(name, function_name, function_version, description, cast(str, weighted))

    def change_alias(self, name: str, function_name: str, changes: dict[str, Any]) -> LambdaAlias:
        """Point an alias elsewhere or describe it anew; its revision changes."""
        version, routing = changes.get("FunctionVersion"), changes.get("RoutingConfig")
        with self._changing_aliases:
            alias = self.get_alias(name, function_name)
            if (expected := changes.get("RevisionId")) and expected != alias.revision_id:
                raise precondition_failed("GetFunction/GetAlias")
            self._check_versions(
                function_name, version or alias.function_version, alias.routing_config if routing is None else routing
            )
            alias.update(changes.get("Description"), version, routing)
            if not weights_of(alias):
                alias.routing_config = cast(str, None)  # an empty map takes the weights away, and is not kept
            alias.revision_id = str(uuid.uuid4())
            return alias

    def choose_version(self, name: str, qualifier: str | None, draw: float) -> EmbeddedFunction:
        """The version that an invocation executes: an alias with weights chooses by `draw`, between 0 and 1."""
        if qualifier is not None and (alias := self.find_alias(name, qualifier)) is not None:
            qualifier = alias.function_version
            for version, weight in sorted(weights_of(alias).items()):
                draw -= weight
                if draw < 0:
                    qualifier = version
                    break
        return cast(EmbeddedFunction, self.get_function_by_name_with_qualifier(name, qualifier))

    def find_alias(self, name: str, qualifier: str) -> LambdaAlias | None:
        """An alias of a function; None when it has none by this name."""
        self.latest_of(name)
        return self._get_function_aliases(name).get(qualifier)

    def find_version(self, name: str, number: str) -> EmbeddedFunction | None:
        """A published version of a function; None when there is none by this number."""
        self.latest_of(name)
        return cast(EmbeddedFunction | None, self._get_version(name, number))

    def _check_versions(self, name: str, version: str, routing: Any) -> None:
        latest = self.latest_of(name)
        additional = (routing or {}).get("AdditionalVersionWeights") or {}
        check_routing(version, additional)
        for number in (version, *additional):
            if number != "$LATEST" and self._get_version(name, str(number)) is None:
                raise not_found(f"Function not found: {latest.function_arn}:{number}")


def weights_of(alias: LambdaAlias) -> dict[str, float]:
    """The share of invocations that an alias sends to other versions than its own, by version."""
    routing = cast(dict[str, dict[str, float]], alias.routing_config or {})
    return routing.get("AdditionalVersionWeights") or {}
