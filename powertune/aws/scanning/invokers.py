"""What is set up to invoke functions that nobody has invoked, and whether they are replicated for Lambda@Edge."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from powertune.aws.client import Aws
from powertune.aws.scanning.inquiry import Inquiry
from powertune.aws.usage.function_policy import PolicyStatement, lets_invoke, principal_of, statements_of
from powertune.errors import NotFound
from powertune.scan.evidence import ScannedFunction
from powertune.scan.rule import Need

#: Lambda@Edge lets this service read a version, to replicate it; functions at the edge are those of this region.
_REPLICATOR = "replicator.lambda.amazonaws.com"
_EDGE_REGION = "us-east-1"
#: A mapping in these states takes nothing from its source.
_IDLE = ("Disabled", "Deleting")
#: Where the name is in the ARN of a function.
_NAME = 6
#: The policy of the function, and its URL.
_CALLS = 2
#: CloudFront may still use an older version than the newest one: this many are asked about, the newest first.
_EDGE_VERSIONS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Invokers:
    """Who may invoke a function, in words, and whether it is replicated for Lambda@Edge."""

    triggers: tuple[str, ...]
    edge: bool


def read_invokers(inquiry: Inquiry, idle: Sequence[ScannedFunction]) -> dict[str, Invokers]:
    """The triggers of each of these functions, by name; those that were not asked about leave gaps.

    Event source mappings are listed once for the whole place. The policy and the URL are asked for by function, of
    those first that have not been changed for longest.
    """
    if not idle:
        return {}
    mappings = inquiry.ask(Need.TRIGGERS, lambda: _mappings(inquiry.aws))
    if mappings is None:
        return {}
    oldest_first = sorted(idle, key=lambda function: (function.modified_at, function.name))
    return inquiry.each(
        Need.TRIGGERS,
        oldest_first,
        lambda function: _invokers(inquiry.aws, function, mappings.get(function.name, ())),
        calls=lambda function: _CALLS + len(_edge_versions(function)),
    )


def _mappings(aws: Aws) -> dict[str, tuple[str, ...]]:
    """The sources that Lambda polls, by the names of the functions."""
    sources: dict[str, list[str]] = defaultdict(list)
    marker: str | None = None
    while True:
        more: dict[str, Any] = {"Marker": marker} if marker else {}
        page = aws.call(aws.clients.control.list_event_source_mappings, **more)
        for mapping in page.get("EventSourceMappings", ()):
            parts = str(mapping.get("FunctionArn", "")).split(":")
            if len(parts) > _NAME and mapping.get("State") not in _IDLE:
                sources[parts[_NAME]].append(str(mapping.get("EventSourceArn") or "a self-managed source"))
        marker = page.get("NextMarker")
        if not marker:
            return {name: tuple(sorted(set(each))) for name, each in sources.items()}


def _invokers(aws: Aws, function: ScannedFunction, sources: Sequence[str]) -> Invokers:
    statements = _policy(aws, function.name)
    principals = sorted({principal_of(each) for each in statements if lets_invoke(each)})
    return Invokers(
        triggers=(
            *(f"an event source mapping of {source}" for source in sources),
            *(f"a policy for {principal}" for principal in principals),
            *_url(aws, function),
        ),
        edge=_at_edge(aws, function, statements),
    )


def _policy(aws: Aws, name: str, **qualifier: str) -> tuple[PolicyStatement, ...]:
    try:
        return statements_of(aws.call(aws.clients.control.get_policy, FunctionName=name, **qualifier))
    except NotFound:
        return ()


def _url(aws: Aws, function: ScannedFunction) -> Iterator[str]:
    try:
        aws.call(aws.clients.control.get_function_url_config, FunctionName=function.name)
    except NotFound:
        return
    yield "a function URL"


def _at_edge(aws: Aws, function: ScannedFunction, statements: Sequence[PolicyStatement]) -> bool:
    """Whether Lambda@Edge may replicate it, which is allowed of a published version."""
    if any(_replicates(each) for each in statements):
        return True
    return any(
        _replicates(each)
        for number in _edge_versions(function)
        for each in _policy(aws, function.name, Qualifier=number)
    )


def _edge_versions(function: ScannedFunction) -> tuple[str, ...]:
    """The versions that may be replicated and are asked about, the newest first."""
    if function.place.region != _EDGE_REGION:
        return ()
    return tuple(version.number for version in function.versions[: -_EDGE_VERSIONS - 1 : -1])


def _replicates(statement: Mapping[str, Any]) -> bool:
    return _REPLICATOR in principal_of(statement)
