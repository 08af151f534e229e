"""State machines: moto's, whose versions keep what they were, and which know whether a version or alias was meant."""

import random
import threading
from dataclasses import dataclass
from typing import Any

from moto.stepfunctions.models import StateMachine

from powertune.local.stepfunctions.errors import error, no_machine

MAX_VERSIONS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What an ARN means: a machine, and what is executed of it, with the version and the alias that led there."""

    machine: Any
    definition: str
    role_arn: str
    version_arn: str | None = None
    alias_arn: str | None = None


_random = random.Random()  # noqa: S311 - routes executions between versions
_lock = threading.Lock()


def target_of(machines: list[StateMachine], arn: str) -> Target:
    """What is meant by the ARN of a machine, a version or an alias.

    Raises:
        AWSError: there is no such thing.
    """
    for machine in machines:
        if arn == machine.arn:
            return Target(machine=machine, definition=machine.definition, role_arn=machine.roleArn)
        if not arn.startswith(f"{machine.arn}:"):
            continue
        qualifier = arn.removeprefix(f"{machine.arn}:")
        if qualifier.isdigit():
            return _version(machine, arn, None)
        if qualifier in machine.aliases:
            return _version(machine, _drawn(machine.aliases[qualifier].routing_configuration), arn)
    raise no_machine(arn)


def _version(machine: Any, version_arn: str, alias_arn: str | None) -> Target:
    version = machine.versions.get(int(version_arn.rpartition(":")[2]))
    if version is None:
        raise no_machine(version_arn)
    return Target(
        machine=machine,
        definition=version.definition,
        role_arn=version.roleArn,
        version_arn=version.arn,
        alias_arn=alias_arn,
    )


def _drawn(routes: list[dict[str, Any]]) -> str:
    """A version, as often as its weight says."""
    with _lock:
        drawn = _random.uniform(0, 100)
    for route in routes:
        drawn -= route["weight"]
        if drawn <= 0:
            return str(route["stateMachineVersionArn"])
    return str(routes[-1]["stateMachineVersionArn"])


def publish(machine: Any, description: str | None) -> Any:
    """A version of what the machine is now; the newest one if it is the same.

    Raises:
        AWSError: there are too many.
    """
    newest = machine.latest_version
    same = newest is not None and newest.version in machine.versions
    if same and (newest.definition, newest.roleArn) == (machine.definition, machine.roleArn):
        return newest
    if len(machine.versions) >= MAX_VERSIONS:
        raise error("ServiceQuotaExceededException", f"A state machine can have {MAX_VERSIONS} versions")
    machine.publish(description)
    return machine.latest_version


def delete_version(machine: Any, version_arn: str) -> None:
    """Delete a version.

    Raises:
        AWSError: an alias still uses it.
    """
    for alias in machine.aliases.values():
        if version_arn in (route["stateMachineVersionArn"] for route in alias.routing_configuration):
            raise error(
                "ConflictException",
                f"Version to be deleted must not be referenced by an alias. Current list of aliases referencing this "
                f"version: [{alias.name}]",
            )
    machine.versions.pop(int(version_arn.rpartition(":")[2]), None)
