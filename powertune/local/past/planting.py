"""Puts a past into an account: AWS refuses metrics in its own namespaces, and of before the last two weeks."""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from powertune.local.past.recommendations import Recommendations

PAST_PATH = "/_powertune/past"
"""A POST of a document as `EmbeddedAWS.plant` says changes the past of an account in a region."""

_PARTS = frozenset({"account", "region", "metrics", "functions", "log_groups", "recommendations"})


class Past:
    """Changes what accounts remember."""

    def __init__(self, recommendations: Recommendations) -> None:
        self._recommendations = recommendations

    def answer(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Change the past as a document says: the WSGI application of a path."""
        try:
            self._plant(json.loads(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))))
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            return _answer(start_response, "400 Bad Request", {"message": f"{type(error).__name__}: {error}"})
        return _answer(start_response, "200 OK", {})

    def _plant(self, given: Mapping[str, Any]) -> None:
        if unknown := set(given) - _PARTS:
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
        account, region = str(given["account"]), str(given["region"])
        _add_metrics(account, region, given.get("metrics", ()))
        for name, modified_at in given.get("functions", {}).items():
            _age_function(account, region, name, float(modified_at))
        for name, group in given.get("log_groups", {}).items():
            _fill_log_group(account, region, name, group)
        if "recommendations" in given:
            self._recommendations.add(account, region, given["recommendations"])


def _add_metrics(account: str, region: str, metrics: Iterable[Mapping[str, Any]]) -> None:
    from powertune.local.metrics.backend import backend_of
    from powertune.local.metrics.model import MetricKey, Sample

    store = backend_of(account, region).metrics
    for each in metrics:
        key, unit = MetricKey.of(each["namespace"], each["name"], each["dimensions"]), each.get("unit", "None")
        samples = [Sample.single(int(at), float(value), unit, float(count)) for at, value, count in each["values"]]
        for at in {sample.at for sample in samples}:
            store.clear(key, at)
        store.add((key, sample) for sample in samples)


def _age_function(account: str, region: str, name: str, modified_at: float) -> None:
    """As if the function, its versions and its provisioned concurrency had been changed last at that time."""
    from moto.awslambda.models import lambda_backends

    from powertune.local.runtime.provisioner import Scope

    backend: Any = lambda_backends[account][region]
    text = datetime.fromtimestamp(modified_at, UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    # Of $LATEST, moto lists a copy.
    every = (*backend.storage.latest(), *backend.storage.all())
    versions = [each for each in every if each.function_name == name]
    if not versions:
        raise KeyError(name)
    for version in versions:
        version.last_modified = text
    for qualifier in backend.provisions.all_of(name):
        scope = Scope(account=account, region=region, name=name, qualifier=qualifier)
        backend.runner.provisioner.backdate(scope, modified_at)


def _fill_log_group(account: str, region: str, name: str, group: Mapping[str, float]) -> None:
    from moto.logs.models import logs_backends

    found: Any = logs_backends[account][region].groups[name]
    found.creation_time = datetime.fromtimestamp(group["created_at"], UTC).replace(tzinfo=None)  # as moto has it
    found.stored_before = int(group["stored_bytes"])


def _answer(start_response: Callable[..., Any], status: str, document: dict[str, Any]) -> Iterable[bytes]:
    body = json.dumps(document).encode()
    start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]
