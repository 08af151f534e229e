"""A function as GetFunction shows it at one moment, and by what its deployments are told apart."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

#: What changes without anybody deploying, or is what a run itself changes. Everything else makes the fingerprint.
_VOLATILE = frozenset(
    {
        "Description",
        "ConfigSha256",
        "FunctionArn",
        "LastModified",
        "LastUpdateStatus",
        "LastUpdateStatusReason",
        "LastUpdateStatusReasonCode",
        "MemorySize",
        "RevisionId",
        "RuntimeVersionConfig",
        "SnapStart",
        "State",
        "StateReason",
        "StateReasonCode",
        "Version",
    }
)

#: What AWS fills in: the VPC of the subnets, and words about what it could not read. Nobody deploys them.
_FILLED_IN = frozenset({"VpcId", "Error"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A published version, and the description by which a run knows its own."""

    number: str
    memory_mb: int
    description: str

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Version":
        """A version as AWS describes it."""
        return cls(
            number=str(document["Version"]),
            memory_mb=int(document["MemorySize"]),
            description=document.get("Description", ""),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """An alias. `revision` changes with each update; `weights` are versions that get a share of the traffic."""

    version: str
    description: str
    revision: str
    weights: tuple[tuple[str, float], ...] = ()

    @property
    def shifted(self) -> tuple[str, ...]:
        """The versions that get a share of the traffic."""
        return tuple(version for version, _ in self.weights)

    @property
    def versions(self) -> tuple[str, ...]:
        """The versions that it points at: one, or two while traffic is shifted."""
        return (self.version, *self.shifted)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Alias":
        """An alias as AWS describes it."""
        return cls(
            version=str(document["FunctionVersion"]),
            description=document.get("Description", ""),
            revision=document.get("RevisionId", ""),
            weights=tuple((document.get("RoutingConfig") or {}).get("AdditionalVersionWeights", {}).items()),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionSnapshot:
    """$LATEST, or a version. `configuration` and `code` are AWS's own documents.

    `tags` are empty, too, for who may not read them.
    """

    configuration: Mapping[str, Any]
    reserved_concurrency: int | None
    platform: str | None
    code: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> "FunctionSnapshot":
        """What GetFunction has answered."""
        return cls(
            configuration=answer["Configuration"],
            reserved_concurrency=answer.get("Concurrency", {}).get("ReservedConcurrentExecutions"),
            platform=answer["ResponseMetadata"]["HTTPHeaders"].get("x-powertune-embedded"),
            code=answer.get("Code", {}),
            tags=answer.get("Tags", {}),
        )

    @property
    def arn(self) -> str:
        """The ARN that it was read by: with the qualifier, if there was one."""
        return str(self.configuration["FunctionArn"])

    @property
    def memory_mb(self) -> int:
        """The memory size now."""
        return int(self.configuration["MemorySize"])

    @property
    def architecture(self) -> str:
        """The architecture now."""
        return str((self.configuration.get("Architectures") or ["x86_64"])[0])

    def fingerprint_on(self, architecture: str) -> str:
        """What the fingerprint would be on another architecture."""
        if architecture == self.architecture:
            return self.fingerprint
        return replace(self, configuration={**self.configuration, "Architectures": [architecture]}).fingerprint

    def is_like(self, other: "FunctionSnapshot") -> bool:
        """Whether they have the same code, settings and memory size, on whatever architecture."""
        same = self.fingerprint_on(other.architecture) == other.fingerprint
        return same and self.memory_mb == other.memory_mb

    @property
    def package_type(self) -> str:
        """`Zip`, or `Image`."""
        return str(self.configuration.get("PackageType", "Zip"))

    @property
    def updating(self) -> bool:
        """Whether an update, or the creation, is still under way."""
        return (
            self.configuration.get("LastUpdateStatus") == "InProgress" or self.configuration.get("State") == "Pending"
        )

    @property
    def failure(self) -> str | None:
        """Why Lambda could not make it ready; None if it could."""
        if self.configuration.get("State", "Active") != "Failed":
            return None
        return str(self.configuration.get("StateReason", "no reason given"))

    @property
    def snapstart(self) -> str:
        """When Lambda takes snapshots of it: `PublishedVersions`, or `None`."""
        return str((self.configuration.get("SnapStart") or {}).get("ApplyOn", "None"))

    @property
    def guard(self) -> dict[str, Any]:
        """The argument that makes AWS refuse a change of anything that is no longer this."""
        revision = self.configuration.get("RevisionId")
        return {"RevisionId": revision} if revision else {}

    @property
    def code_sha256(self) -> str:
        """The digest of the code, as AWS names it."""
        return str(self.configuration.get("CodeSha256", ""))

    @property
    def fingerprint(self) -> str:
        """A digest of the code and of everything configured, except the memory size and what AWS changes itself.

        A setting that is empty or off is the same as one that is absent: AWS may answer with either.
        """
        lasting = {name: value for name, value in self.configuration.items() if name not in _VOLATILE}
        return hashlib.sha256(json.dumps(_plain(lasting), sort_keys=True, default=str).encode()).hexdigest()[:16]


def _plain(value: Any) -> Any:
    """A setting without what AWS fills in by itself; None if nothing is left."""
    if isinstance(value, Mapping):
        known = {name: _plain(item) for name, item in value.items() if name not in _FILLED_IN}
        return {name: item for name, item in known.items() if item is not None} or None
    if isinstance(value, list | tuple):
        return [item for item in map(_plain, value) if item is not None] or None
    return None if value is False or value == "" else value
