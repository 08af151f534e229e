"""All functions of a place and their published versions, in one sweep of ListFunctions."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from powertune.aws.client import Aws
from powertune.model import Architecture
from powertune.scan.evidence import AccountRegion, Compute, PublishedVersion, ScannedFunction

_LATEST = "$LATEST"


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionInventory:
    """The functions, by name, and the names of those that are replicas of a Lambda@Edge function."""

    functions: tuple[ScannedFunction, ...]
    replicas: frozenset[str] = frozenset()


def read_inventory(aws: Aws, place: AccountRegion, *, now: float) -> FunctionInventory:
    """The functions of a place with their versions, by one call for 50 of either.

    Environment variables are in the answers, and are not kept. A function that is deleted during the sweep may have
    left some of its versions in it; these are dropped.

    Args:
        now: seconds since the epoch; what a function without a readable date is taken to have been changed at, so
            that nothing is concluded from its age.

    Raises:
        AccessDenied, Unavailable, UsageError: the functions cannot be listed, or not all of them.
    """
    found: dict[str, dict[str, Mapping[str, Any]]] = defaultdict(dict)
    for page in _pages(aws):
        for each in page.get("Functions", ()):
            # A function may move to the next page while pages are read.
            found[each["FunctionName"]][each.get("Version", _LATEST)] = _kept(each)
    whole = {name: versions for name, versions in sorted(found.items()) if _LATEST in versions}
    return FunctionInventory(
        functions=tuple(_function(place, versions, now) for versions in whole.values()),
        replicas=frozenset(name for name, versions in whole.items() if versions[_LATEST].get("MasterArn")),
    )


def _pages(aws: Aws) -> Iterator[Mapping[str, Any]]:
    marker: str | None = None
    while True:
        more: dict[str, Any] = {"Marker": marker} if marker else {}
        page = aws.call(aws.clients.control.list_functions, FunctionVersion="ALL", **more)
        yield page
        marker = page.get("NextMarker")
        if not marker:
            return


#: All that is looked at of a configuration. Environment variables, descriptions and roles may hold secrets.
_KEPT = frozenset(
    {
        *("FunctionName", "FunctionArn", "Version", "Runtime", "PackageType", "MemorySize", "Architectures"),
        *("Timeout", "LastModified", "CodeSize", "CodeSha256", "EphemeralStorage", "Layers", "SnapStart"),
        *("VpcConfig", "LoggingConfig", "CapacityProviderConfig", "DurableConfig", "MasterArn"),
        "Handler",
    }
)


def _kept(configuration: Mapping[str, Any]) -> Mapping[str, Any]:
    return {key: value for key, value in configuration.items() if key in _KEPT}


def _function(place: AccountRegion, versions: Mapping[str, Mapping[str, Any]], now: float) -> ScannedFunction:
    latest = versions[_LATEST]
    name = str(latest["FunctionName"])
    logging = latest.get("LoggingConfig") or {}
    log_format = str(logging.get("LogFormat") or "Text")
    return ScannedFunction(
        place=place,
        name=name,
        arn=str(latest["FunctionArn"]).removesuffix(f":{_LATEST}"),
        runtime=str(latest.get("Runtime") or ""),
        package_type=str(latest.get("PackageType") or "Zip"),
        memory_mb=_memory_mb(latest),
        architecture=_architecture(latest),
        timeout_s=int(latest.get("Timeout") or 3),
        modified_at=_modified_at(latest, now),
        code_size_bytes=int(latest.get("CodeSize") or 0),
        code_sha256=str(latest.get("CodeSha256") or ""),
        ephemeral_storage_mb=int((latest.get("EphemeralStorage") or {}).get("Size") or 512),
        layers=tuple(str(layer["Arn"]) for layer in latest.get("Layers") or ()),
        snapstart=_snapstart(latest),
        vpc=bool((latest.get("VpcConfig") or {}).get("VpcId")),
        log_group=str(logging.get("LogGroup") or f"/aws/lambda/{name}"),
        log_format=log_format,
        # Text logs have no levels, whatever is configured.
        system_log_level=logging.get("SystemLogLevel") if log_format == "JSON" else None,
        compute=_compute(latest),
        versions=tuple(_published(versions.values(), now)),
        handler=str(latest.get("Handler") or ""),
    )


def _published(versions: Iterable[Mapping[str, Any]], now: float) -> Iterator[PublishedVersion]:
    """The numbered versions, newest last. What is not numbered, as `$LATEST.PUBLISHED`, is a pointer to one."""
    numbered = [each for each in versions if str(each.get("Version", "")).isdecimal()]
    for each in sorted(numbered, key=lambda each: int(each["Version"])):
        yield PublishedVersion(
            number=str(each["Version"]),
            memory_mb=_memory_mb(each),
            architecture=_architecture(each),
            code_size_bytes=int(each.get("CodeSize") or 0),
            code_sha256=str(each.get("CodeSha256") or ""),
            modified_at=_modified_at(each, now),
            snapstart=_snapstart(each),
        )


def _memory_mb(configuration: Mapping[str, Any]) -> int:
    return int(configuration.get("MemorySize") or 128)


def _architecture(configuration: Mapping[str, Any]) -> Architecture:
    named = configuration.get("Architectures") or ["x86_64"]
    return Architecture.ARM64 if named[0] == Architecture.ARM64.value else Architecture.X86_64


def _snapstart(configuration: Mapping[str, Any]) -> bool:
    """Whether snapshots are kept: of a version once it is published, of the function from its next version on."""
    return (configuration.get("SnapStart") or {}).get("ApplyOn") == "PublishedVersions"


def _compute(configuration: Mapping[str, Any]) -> Compute:
    if configuration.get("CapacityProviderConfig"):
        return Compute.MANAGED_INSTANCES
    return Compute.DURABLE if configuration.get("DurableConfig") else Compute.ON_DEMAND


def _modified_at(configuration: Mapping[str, Any], now: float) -> float:
    """`2026-09-20T10:00:00.000+0000` in seconds since the epoch."""
    try:
        return datetime.fromisoformat(str(configuration.get("LastModified"))).timestamp()
    except ValueError:
        return now
