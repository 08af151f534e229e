"""Which provisioned concurrency a function may have, in AWS's words. The provisioner sees to the environments."""

from typing import Any

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import LambdaAlias

from powertune.local.lambda_api.errors import ControlError, conflict, invalid_value, not_found
from powertune.local.lambda_api.function import EmbeddedFunction
from powertune.local.lambda_api.invocations import InvokingBackend
from powertune.local.lambda_api.storage import weights_of
from powertune.local.runtime.provisioner import Provisioner, Scope, Share, State

_LEFT_UNRESERVED = 100


class Provisions:
    """The provisioned concurrency of one region of one account."""

    def __init__(self, backend: InvokingBackend) -> None:
        self._backend = backend

    def put(self, name: str, qualifier: str, count: int) -> State:
        """PutProvisionedConcurrencyConfig."""
        if qualifier == "$LATEST":
            raise _unpublished()
        target = self._target(name, qualifier)
        self._check_conflicts(name, qualifier, target)
        self._check_concurrency(name, qualifier, count)
        return self._provisioner.put(self._scope(name, qualifier), self._shares(name, target, count))

    def get(self, name: str, qualifier: str) -> State:
        """GetProvisionedConcurrencyConfig."""
        self._check_qualifier(name, qualifier)
        if (state := self._provisioner.state(self._scope(name, qualifier))) is None:
            message = "No Provisioned Concurrency Config found for this function"
            raise ControlError(404, "ProvisionedConcurrencyConfigNotFoundException", message)
        return state

    def all_of(self, name: str) -> dict[str, State]:
        """What is configured on a function, by qualifier."""
        self._backend.storage.latest_of(name)
        states = {
            qualifier: self._provisioner.state(self._scope(name, qualifier)) for qualifier in self._counts(name)
        }
        return {qualifier: state for qualifier, state in sorted(states.items()) if state is not None}

    def delete(self, name: str, qualifier: str) -> None:
        """DeleteProvisionedConcurrencyConfig; that there is none is no error."""
        self._check_qualifier(name, qualifier)
        self.forget(name, qualifier)

    def forget(self, name: str, qualifier: str | None) -> None:
        """A function, or a version or alias of it, is gone."""
        mine = (self._backend.account_id, self._backend.region_name, name)
        self._provisioner.remove(
            lambda scope: (scope.account, scope.region, scope.name) == mine and qualifier in (None, scope.qualifier)
        )

    def total(self, name: str) -> int:
        """All that is provisioned for a function."""
        return sum(self._counts(name).values())

    def check_alias(self, name: str, alias: str, changes: dict[str, Any]) -> None:
        """See whether an alias may be pointed elsewhere.

        Raises:
            ControlError: not to where provisioned concurrency cannot be.
        """
        if alias not in (counts := self._counts(name)):
            return
        weights = (changes.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
        versions = {changes.get("FunctionVersion"), *weights}
        if "$LATEST" in versions:
            raise _unpublished()
        if versions & counts.keys():
            raise _provisioned_version()

    def follow_alias(self, name: str, alias: str, changes: dict[str, Any]) -> None:
        """Provision for the versions that an alias points to after a change."""
        if not {"FunctionVersion", "RoutingConfig"} & changes.keys():
            return
        target = self._backend.storage.find_alias(name, alias)
        if target is not None and (count := self._counts(name).get(alias)) is not None:
            self._provisioner.put(self._scope(name, alias), self._shares(name, target, count))

    @property
    def _provisioner(self) -> Provisioner:
        return self._backend.runner.provisioner

    def _scope(self, name: str, qualifier: str) -> Scope:
        account, region = self._backend.account_id, self._backend.region_name
        return Scope(account=account, region=region, name=name, qualifier=qualifier)

    def _counts(self, name: str) -> dict[str, int]:
        mine = (self._backend.account_id, self._backend.region_name, name)
        requested = self._provisioner.requested().items()
        return {scope.qualifier: n for scope, n in requested if (scope.account, scope.region, scope.name) == mine}

    def _check_qualifier(self, name: str, qualifier: str) -> None:
        if qualifier == "$LATEST":
            raise invalid_value("The function resource provided must be an alias or a published version.")
        self._target(name, qualifier)

    def _target(self, name: str, qualifier: str) -> EmbeddedFunction | LambdaAlias:
        """The version or the alias."""
        storage = self._backend.storage
        find = storage.find_version if qualifier.isdigit() else storage.find_alias
        try:
            found: EmbeddedFunction | LambdaAlias | None = find(name, qualifier)
        except UnknownFunctionException:
            found = None
        if found is None:
            region, account = self._backend.region_name, self._backend.account_id
            partition = self._backend.runner.settings.partition
            arn = f"arn:{partition}:lambda:{region}:{account}:function:{name}:{qualifier}"
            raise not_found(f"Function not found: {arn}" if qualifier.isdigit() else f"Cannot find alias arn: {arn}")
        return found

    def _check_conflicts(self, name: str, qualifier: str, target: EmbeddedFunction | LambdaAlias) -> None:
        counts = self._counts(name)
        if isinstance(target, EmbeddedFunction):
            aliases = (self._backend.storage.find_alias(name, each) for each in counts if each != qualifier)
            if any(alias is not None and qualifier in _versions(alias) for alias in aliases):
                raise conflict("Version is pointed by a Provisioned Concurrency alias")
            return
        if "$LATEST" in _versions(target):
            raise _unpublished()
        if any(version in counts for version in _versions(target)):
            raise _provisioned_version()

    def _check_concurrency(self, name: str, qualifier: str, count: int) -> None:
        backend, counts = self._backend, self._counts(name)
        reserved = backend.storage.latest_of(name).reserved_concurrency
        total = self.total(name) - counts.get(qualifier, 0) + count
        if reserved is not None:
            if total > reserved:
                raise invalid_value(
                    "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution "
                    "for function"
                )
            return
        limit = backend.runner.settings.account_concurrency
        if count > limit:
            raise invalid_value(
                "Specified ConcurrentExecutions for function is greater than account's unreserved concurrency "
                f"[{limit}]."
            )
        others = sum(
            self.total(fn.function_name)
            for fn in backend.list_functions()
            if fn.function_name != name and fn.reserved_concurrency is None
        )
        if limit - backend.storage.reserved_by_others(name) - others - total < _LEFT_UNRESERVED:
            raise invalid_value(
                "Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below "
                f"its minimum value of [{_LEFT_UNRESERVED}]."
            )

    def _shares(self, name: str, target: EmbeddedFunction | LambdaAlias, count: int) -> tuple[Share, ...]:
        """How many environments each version gets: of an alias with weights, each other version its weight's part."""
        if isinstance(target, EmbeddedFunction):
            return (Share(function=self._backend.snapshot(target), count=count),)
        counts = {version: round(count * weight) for version, weight in weights_of(target).items()}
        counts = {target.function_version: count - sum(counts.values()), **counts}
        versions = {number: self._backend.storage.find_version(name, number) for number in counts}
        return tuple(
            Share(function=self._backend.snapshot(version), count=counts[number])
            for number, version in versions.items()
            if version is not None
        )


def _versions(alias: LambdaAlias) -> tuple[str, ...]:
    return (str(alias.function_version), *weights_of(alias))


def _unpublished() -> ControlError:
    return invalid_value("Provisioned Concurrency Configs cannot be applied to unpublished function versions.")


def _provisioned_version() -> ControlError:
    return conflict("Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version")
