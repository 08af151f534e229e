"""ListMetrics: which metrics there are, in the order in which they came to exist.

Not here: metrics of linked accounts.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from powertune.local.metrics import tokens
from powertune.local.metrics.model import MetricKey, invalid_value
from powertune.local.metrics.periods import DAY, HOUR
from powertune.local.metrics.store import MetricStore

PAGE = 500
_LISTED_S, _RECENT_S = 14 * DAY, 3 * HOUR
_FILTERS = ("Namespace", "MetricName", "Dimensions", "RecentlyActive")


def list_metrics(store: MetricStore, given: Mapping[str, Any], now: float) -> dict[str, Any]:
    """The output of ListMetrics.

    Raises:
        Refused: the request is not allowed.
    """
    recent = given.get("RecentlyActive")
    if recent not in (None, "PT3H"):
        raise invalid_value(f"The value {recent} for parameter RecentlyActive is invalid.")
    identity = [given.get(name) for name in _FILTERS]
    position: tuple[int, ...] | None = (0,)
    if (token := given.get("NextToken")) is not None:
        position = tokens.unseal(identity, token)
    if position is None or len(position) != 1:
        raise invalid_value("Request parameter NextToken is invalid")
    since = int(now - (_RECENT_S if recent else _LISTED_S))
    known = store.metrics(since=since, namespace=given.get("Namespace"), after=position[0])
    name, dimensions = given.get("MetricName"), given.get("Dimensions") or ()
    page: list[tuple[int, MetricKey]] = []
    for number, key in known:
        if (name is None or key.name == name) and _has(key, dimensions):
            if len(page) == PAGE:
                return {"Metrics": _shown(page), "NextToken": tokens.seal(identity, (page[-1][0],))}
            page.append((number, key))
    return {"Metrics": _shown(page)}


def _has(key: MetricKey, wanted: Sequence[Mapping[str, str]]) -> bool:
    return all(
        any(name == each["Name"] and each.get("Value") in (None, value) for name, value in key.dimensions)
        for each in wanted
    )


def _shown(page: Sequence[tuple[int, MetricKey]]) -> list[dict[str, Any]]:
    return [
        {
            "Namespace": key.namespace,
            "MetricName": key.name,
            "Dimensions": [{"Name": name, "Value": value} for name, value in key.dimensions],
        }
        for _, key in page
    ]
