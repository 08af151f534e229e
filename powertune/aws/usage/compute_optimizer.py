"""What AWS Compute Optimizer expects of a function at other sizes: where a search may begin."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from powertune.aws.client import Aws
from powertune.errors import AccessDenied, IdentityError, NotFound, PowertuneError, Unavailable, UsageError
from powertune.model import Configuration, FunctionState, Hint

_ORIGIN = "Compute Optimizer"
#: Not opted in, not allowed, not offered in this region: a search begins without it.
_UNANSWERED: tuple[type[PowertuneError], ...] = (AccessDenied, IdentityError, NotFound, Unavailable, UsageError)
#: Nobody waits for an endpoint that the region does not have, or for a stand-in for AWS that answers 500.
_ATTEMPTS = 3


def read_projection(aws: Aws, state: FunctionState) -> tuple[Hint, ...]:
    """The durations that it projects for other sizes, and the average at the current one, each size once.

    It knows only functions of up to 1,792 MB with 50 invocations in two weeks, and those of accounts that have opted
    in. The embedded AWS has none, and is not asked. Never fails for what AWS does not answer.
    """
    if state.platform is not None:
        return ()
    impatient = replace(aws, attempts=_ATTEMPTS)
    try:
        answer = impatient.call(
            aws.clients.optimizer.get_lambda_function_recommendations,
            functionArns=[state.arn],
        )
    except _UNANSWERED:
        return ()
    known: dict[int, float] = {}
    for found in answer.get("lambdaFunctionRecommendations", ()):
        for memory_mb, duration_ms in _durations(found):
            known.setdefault(memory_mb, duration_ms)
    return tuple(
        Hint(
            origin=_ORIGIN,
            configuration=Configuration(memory_mb=memory_mb, architecture=state.architecture),
            duration_ms=duration_ms,
        )
        for memory_mb, duration_ms in sorted(known.items())
    )


def _durations(found: Any) -> Iterator[tuple[int, float]]:
    """Sizes, and the durations in ms that were measured or are expected there."""
    entries = [(found.get("currentMemorySize"), found.get("utilizationMetrics", ()), "Average")]
    for option in found.get("memorySizeRecommendationOptions", ()):
        entries.append((option.get("memorySize"), option.get("projectedUtilizationMetrics", ()), "Expected"))
    for memory_mb, metrics, statistic in entries:
        for metric in metrics:
            duration_ms = metric.get("value", 0.0)
            asked = (metric.get("name"), metric.get("statistic")) == ("Duration", statistic)
            if asked and memory_mb and duration_ms > 0:
                yield int(memory_mb), float(duration_ms)
