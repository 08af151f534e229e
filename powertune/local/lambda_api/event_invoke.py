"""How a function's events are treated, as PutFunctionEventInvokeConfig and its siblings keep it."""

import time
from collections.abc import Mapping
from typing import Any

from powertune.local.lambda_api.errors import invalid_value, not_found

_KEPT = ("MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig")


class EventInvokeConfigs:
    """The settings of one function, by version or alias."""

    def __init__(self, function_arn: str) -> None:
        self._arn = function_arn
        self._configs: dict[str, dict[str, Any]] = {}

    def put(self, qualifier: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Replace what is set."""
        self._configs[qualifier] = self._made(qualifier, asked)
        return self.get(qualifier)

    def update(self, qualifier: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Change a part of what is set."""
        before = self.get(qualifier)
        self._configs[qualifier] = {**before, **self._made(qualifier, asked, before)}
        return self.get(qualifier)

    def get(self, qualifier: str) -> dict[str, Any]:
        """What is set.

        Raises:
            ControlError: nothing is.
        """
        if qualifier not in self._configs:
            raise not_found(f"The function {self._arn}:{qualifier} doesn't have an EventInvokeConfig")
        return self._configs[qualifier]

    def delete(self, qualifier: str) -> None:
        """Forget what is set."""
        self.get(qualifier)
        del self._configs[qualifier]

    def all(self) -> list[dict[str, Any]]:
        """All that is set, by qualifier."""
        return [config for _, config in sorted(self._configs.items())]

    def _made(
        self, qualifier: str, asked: Mapping[str, Any], before: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        given = {name: asked[name] for name in _KEPT if asked.get(name) is not None}
        if not given:
            raise invalid_value("You must specify at least one of error handling or destination setting.")
        destinations = given.get("DestinationConfig") or (before or {}).get("DestinationConfig", {})
        return {
            "LastModified": int(time.time()),
            "FunctionArn": f"{self._arn}:{qualifier}",
            **given,
            "DestinationConfig": {"OnSuccess": {}, "OnFailure": {}, **destinations},
        }
