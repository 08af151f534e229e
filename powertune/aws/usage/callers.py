"""Who uses a function and its account besides a run: what invokes $LATEST, and how much concurrency is in use."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from powertune.aws.function_snapshot import FunctionSnapshot
from powertune.aws.lambda_function import LambdaFunction
from powertune.aws.usage.function_policy import lets_invoke, principal_of, resources_of, statements_of
from powertune.aws.usage.metrics import LambdaMetric, read_metrics
from powertune.errors import AccessDenied, NotFound, PowertuneError, Unavailable, UsageError
from powertune.model import FunctionState, Production
from powertune.units import plural

#: What is in use at a peak, and what invokes a function, shows within two weeks, or not at all.
_HISTORY = timedelta(days=14)
_PERIOD = timedelta(days=1)
#: Aliases of runs: the journal points at $LATEST.
_OURS = "powertune-"
#: A mapping in these states takes nothing from its source.
_IDLE = ("Disabled", "Deleting")
#: How many names to give of one kind.
_MOST_NAMES = 3

#: What keeps a question from being answered. None of it keeps a function from being tuned.
_UNANSWERED = (AccessDenied, Unavailable, UsageError)


def read_production(
    function: LambdaFunction,
    latest: FunctionSnapshot,
    state: FunctionState,
    settings: Mapping[str, Any],
    *,
    now: float,
) -> Production:
    """Ask who invokes $LATEST, or may at any moment, and what is in use at the peak of two weeks.

    Event source mappings, a function URL, and those whom the function's policy allows to invoke it use $LATEST if
    they have the function's bare name; so do aliases that point at it, and whoever calls the Invoke API, which only
    CloudWatch shows. Runs invoke aliases of their own, and so do not show.

    The embedded AWS has no production, and is not asked. Never fails for what AWS does not answer.

    Args:
        latest: $LATEST.
        settings: what GetAccountSettings has answered.
        now: seconds since the epoch.
    """
    stored = _stored(latest, settings)
    if state.platform is not None:
        return Production(**stored)
    used_by: list[str] = []
    unanswered: list[str] = []
    for what, ask in _QUESTIONS.items():
        try:
            used_by.extend(ask(function))
        except _UNANSWERED as error:
            unanswered.append(_why(what, error))
    try:
        seen = _seen(function, state, datetime.fromtimestamp(now, UTC))
    except _UNANSWERED as error:
        unanswered.append(_why("invocations", error))
        return Production(
            latest_used_by=tuple(used_by),
            unanswered=tuple(unanswered),
            invocations_unknown=True,
            function_peak=None,
            unreserved_peak=None,
            **stored,
        )
    count = round(sum(seen["latest"]) + sum(seen["named_latest"]))
    if count:
        used_by.append(f"{plural(count, 'invocation')} in the last {_HISTORY.days} days")
    return Production(
        latest_used_by=tuple(used_by),
        unanswered=tuple(unanswered),
        **_peaks(seen),
        **stored,
    )


def read_peaks(function: LambdaFunction, state: FunctionState, *, now: float) -> Production:
    """What is in use at the peak of two weeks, for who only invokes; whoever else uses the function does not matter.

    The embedded AWS has no production, and is not asked. Never fails for what AWS does not answer.

    Args:
        now: seconds since the epoch.
    """
    if state.platform is not None:
        return Production()
    try:
        seen = _seen(function, state, datetime.fromtimestamp(now, UTC))
    except _UNANSWERED:
        return Production(function_peak=None, unreserved_peak=None)
    return Production(**_peaks(seen))


def _peaks(seen: Mapping[str, list[float]]) -> dict[str, Any]:
    """The most concurrent invocations, of the function and of all that has no reserved concurrency."""
    return {
        "function_peak": round(max(seen["function"], default=0)),
        # A region without the one metric may have the other, of which the unreserved concurrency is a part.
        "unreserved_peak": round(max(seen["unreserved"] or seen["region"], default=0)),
    }


def _stored(latest: FunctionSnapshot, settings: Mapping[str, Any]) -> dict[str, Any]:
    """What a version takes of the code storage: nothing if it is an image, or stays in the owner's bucket."""
    limit = settings["AccountLimit"].get("TotalCodeSize")
    used = settings.get("AccountUsage", {}).get("TotalCodeSize")
    stored_elsewhere = latest.package_type != "Zip" or "ResolvedS3Object" in latest.code
    return {
        "code_size_bytes": 0 if stored_elsewhere else int(latest.configuration.get("CodeSize", 0)),
        "code_free_bytes": None if limit is None or used is None else int(limit) - int(used),
    }


def _why(what: str, error: PowertuneError) -> str:
    return f"{what} ({'access denied' if isinstance(error, AccessDenied) else error.message})"


def _seen(function: LambdaFunction, state: FunctionState, now: datetime) -> dict[str, list[float]]:
    """Invocations of the bare name, and peaks of concurrency."""
    name = ("FunctionName", state.name)
    metrics = {
        "latest": LambdaMetric(name="Invocations", statistic="Sum", dimensions=(name, ("Resource", state.name))),
        "named_latest": LambdaMetric(
            name="Invocations", statistic="Sum", dimensions=(name, ("Resource", f"{state.name}:$LATEST"))
        ),
        "function": LambdaMetric(name="ConcurrentExecutions", statistic="Maximum", dimensions=(name,)),
        "unreserved": LambdaMetric(name="UnreservedConcurrentExecutions", statistic="Maximum"),
        "region": LambdaMetric(name="ConcurrentExecutions", statistic="Maximum"),
    }
    return read_metrics(function.aws, metrics, start=now - _HISTORY, end=now, period=_PERIOD)


def _by_mappings(function: LambdaFunction) -> list[str]:
    """The sources that Lambda polls for $LATEST. Whether a bare name lists those of aliases too, their ARNs say."""
    control, aws = function.aws.clients.control, function.aws
    sources: list[str] = []
    marker: str | None = None
    while True:
        more: dict[str, Any] = {"Marker": marker} if marker else {}
        page = aws.call(control.list_event_source_mappings, FunctionName=function.ref.unqualified, **more)
        for mapping in page["EventSourceMappings"]:
            if _is_latest(str(mapping["FunctionArn"])) and mapping.get("State") not in _IDLE:
                sources.append(str(mapping.get("EventSourceArn", "a self-managed source")))
        marker = page.get("NextMarker")
        if not marker:
            return _named("event source mapping of", sources)


def _by_url(function: LambdaFunction) -> list[str]:
    aws = function.aws
    try:
        aws.call(aws.clients.control.get_function_url_config, FunctionName=function.ref.unqualified)
    except NotFound:
        return []
    return ["function URL"]


def _by_policy(function: LambdaFunction) -> list[str]:
    """Who the policy of the bare name allows to invoke it: triggers and other accounts."""
    aws = function.aws
    try:
        answer = aws.call(aws.clients.control.get_policy, FunctionName=function.ref.unqualified)
    except NotFound:
        return []
    allowing = (each for each in statements_of(answer) if lets_invoke(each))
    return _named("policy for", [principal_of(each) for each in allowing if any(map(_is_latest, resources_of(each)))])


def _by_aliases(function: LambdaFunction) -> list[str]:
    aliases = function.aliases()
    names = [name for name in sorted(aliases) if "$LATEST" in aliases[name].versions and not name.startswith(_OURS)]
    return _named("alias", names)


_QUESTIONS: Mapping[str, Callable[[LambdaFunction], list[str]]] = {
    "event source mappings": _by_mappings,
    "function URL": _by_url,
    "policy": _by_policy,
    "aliases": _by_aliases,
}


def _is_latest(arn: str) -> bool:
    """Whether the ARN of a function has no qualifier, or that of $LATEST."""
    return arn.split(":")[7:] in ([], ["$LATEST"])


def _named(kind: str, names: list[str]) -> list[str]:
    """One line for all of a kind."""
    unique = sorted(set(names))
    more = len(unique) - _MOST_NAMES
    text = f"{kind} {', '.join(unique[:_MOST_NAMES])}" + (f" and {more} more" if more > 0 else "")
    return [text] if unique else []
