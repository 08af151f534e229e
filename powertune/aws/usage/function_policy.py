"""What the resource policy of a function allows, and whom."""

import json
from collections.abc import Mapping
from typing import Any

from powertune.errors import UsageError

PolicyStatement = Mapping[str, Any]


def statements_of(answer: Mapping[str, Any]) -> tuple[PolicyStatement, ...]:
    """The statements in what GetPolicy has answered.

    Raises:
        UsageError: it is no policy.
    """
    try:
        return tuple(dict(each) for each in json.loads(answer["Policy"])["Statement"])
    except (ValueError, KeyError, TypeError):
        raise UsageError(
            "the policy of the function is not readable", hint="look at it with lambda:GetPolicy"
        ) from None


def lets_invoke(statement: PolicyStatement) -> bool:
    """Whether it allows to invoke the function, under any of its qualifiers."""
    actions = _several(statement.get("Action", []))
    invoking = any(action == "*" or action.lower().startswith(("lambda:invoke", "lambda:*")) for action in actions)
    return statement.get("Effect") == "Allow" and invoking


def resources_of(statement: PolicyStatement) -> tuple[str, ...]:
    """The ARNs that it is about."""
    return _several(statement.get("Resource", ""))


def principal_of(statement: PolicyStatement) -> str:
    """Who it is about: `s3.amazonaws.com`, the ARN of a role, or `*`."""
    principal = statement.get("Principal", "*")
    if isinstance(principal, Mapping):
        principal = next(iter(principal.values()), "*")
    return ", ".join(map(str, principal)) if isinstance(principal, list) else str(principal)


def _several(value: Any) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else (str(value),)
