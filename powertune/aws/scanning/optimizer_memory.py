"""The most memory that functions have used, as Compute Optimizer has seen it: evidence that costs nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from powertune.aws.client import Aws
from powertune.scan.evidence import EvidenceSource, MemoryUse

#: Nobody waits for an endpoint that the region does not have.
_ATTEMPTS = 3
_PAGE = 1_000
#: How many parts an ARN without a qualifier has.
_UNQUALIFIED = 7


def read_optimizer(aws: Aws) -> dict[str, MemoryUse]:
    """What Compute Optimizer says of the functions of a place, by name; of each, its version with most invocations.

    It knows functions of up to 1,792 MB with 50 invocations in two weeks, and leaves out the others. `Memory` is the
    amount of memory that an invocation used, in MB as Lambda reports it. What is larger than the function's size, or
    not there, is no evidence.

    Raises:
        AccessDenied: it may not be asked, or the account has not opted in.
        Unavailable, UsageError: it does not say.
    """
    known: dict[str, tuple[int, MemoryUse]] = {}
    for found in _recommendations(replace(aws, attempts=_ATTEMPTS)):
        name, use = _name(str(found.get("functionArn", ""))), _memory_use(found)
        invocations = int(found.get("numberOfInvocations") or 0)
        if use is not None and (name not in known or invocations > known[name][0]):
            known[name] = invocations, use
    return {name: use for name, (_, use) in known.items()}


def _recommendations(aws: Aws) -> Iterator[Mapping[str, Any]]:
    token: str | None = None
    while True:
        more: dict[str, Any] = {"nextToken": token} if token else {}
        page = aws.call(aws.clients.optimizer.get_lambda_function_recommendations, maxResults=_PAGE, **more)
        yield from page.get("lambdaFunctionRecommendations", ())
        token = page.get("nextToken")
        if not token:
            return


def _name(arn: str) -> str:
    """The name in an ARN that may have a version at its end."""
    return (arn.split(":")[_UNQUALIFIED - 1 : _UNQUALIFIED] or [""])[0]


def _memory_use(found: Mapping[str, Any]) -> MemoryUse | None:
    at_mb = int(found.get("currentMemorySize") or 0)
    used = [
        float(metric.get("value", 0.0))
        for metric in found.get("utilizationMetrics", ())
        if metric.get("name") == "Memory" and metric.get("statistic") == "Maximum"
    ]
    if not used or not 0 < used[0] <= at_mb:
        return None
    options = sorted(found.get("memorySizeRecommendationOptions", ()), key=lambda option: option.get("rank", 0))
    return MemoryUse(
        max_used_mb=used[0],
        at_mb=at_mb,
        source=EvidenceSource.COMPUTE_OPTIMIZER,
        samples=int(found.get("numberOfInvocations") or 0) or None,
        optimizer_mb=int(options[0]["memorySize"]) if options else None,
        optimizer_finding=str(found.get("finding", "")),
    )
