"""What EventBridge sends to a target: the event, a part of it, a fixed text, or what a template makes of it.

Rules: EventBridge User Guide, "Amazon EventBridge input transformation".
"""

import datetime
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

_OWN_FIELDS = ("ingestion-time", "replay-name")
"""What moto notes in an event for itself."""

_STEP = re.compile(r"\.(?P<name>[\w/-]+)|\[(?P<index>\d+)\]|(?P<all>\.\*|\[\*\])")
_TOKEN = re.compile(r"""\\.|"|<(?P<name>[^<>"\s]+)>""", re.DOTALL)


def text_for(target: Mapping[str, Any], event: Mapping[str, Any], rule_name: str, rule_arn: str) -> str:
    """The text for a target.

    Args:
        target: as PutTargets got it.
        event: as moto hands it to rules, with times in seconds since the epoch.
        rule_name: of the target's rule.
        rule_arn: of the target's rule.

    Raises:
        LookupError: InputPath leads nowhere.
        ValueError: a path is none.
    """
    told = {name: value for name, value in event.items() if name not in _OWN_FIELDS}
    told["time"] = _time(told.get("time"))
    if "Input" in target:
        return str(target["Input"])
    if "InputPath" in target:
        return json.dumps(value_at(told, str(target["InputPath"])))
    transformer = target.get("InputTransformer")
    if not transformer:
        return json.dumps(told)
    variables = {
        "aws.events.rule-name": rule_name,
        "aws.events.rule-arn": rule_arn,
        "aws.events.event.ingestion-time": _time(event.get("ingestion-time", event.get("time"))),
        "aws.events.event": {name: value for name, value in told.items() if name != "detail"},
        "aws.events.event.json": told,
    }
    for name, path in (transformer.get("InputPathsMap") or {}).items():
        try:
            variables[name] = value_at(told, path)
        except LookupError:
            continue
    return filled(transformer["InputTemplate"], variables)


def value_at(document: Any, path: str) -> Any:
    """What a path leads to: names, indices and `*`, which gives a list.

    Raises:
        LookupError: nothing is there.
        ValueError: the path is none.
    """
    found, many, position = [document], False, 1
    if not path.startswith("$"):
        raise ValueError(f"{path!r} is no path: it begins with $")
    while position < len(path):
        step = _STEP.match(path, position)
        if step is None:
            raise ValueError(f"EventBridge does not know the path {path!r}")
        found = [inner for value in found for inner in _inside(value, step)]
        many = many or step["all"] is not None
        position = step.end()
    if many:
        return found
    if not found:
        raise LookupError(f"nothing is at {path}")
    return found[0]


def _inside(value: Any, step: re.Match[str]) -> Iterator[Any]:
    if step["all"] is not None:
        yield from value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    elif step["index"] is not None:
        if isinstance(value, list) and int(step["index"]) < len(value):
            yield value[int(step["index"])]
    elif isinstance(value, Mapping) and step["name"] in value:
        yield value[step["name"]]


def filled(template: str, variables: Mapping[str, Any]) -> str:
    """A template with values for `<name>`. Outside of quotes a value is JSON, inside of them it is text.

    What has no value is empty.
    """
    quoted = False

    def replace(token: re.Match[str]) -> str:
        nonlocal quoted
        name = token["name"]
        if name is None:
            quoted = quoted != (token[0] == '"')
            return token[0]
        value = variables.get(name, "")
        if not quoted:
            return json.dumps(value)
        return json.dumps(value if isinstance(value, str) else json.dumps(value))[1:-1]

    return _TOKEN.sub(replace, template)


def _time(value: Any) -> str:
    """As EventBridge writes times: `2019-02-26T19:42:21Z`."""
    if isinstance(value, int | float):
        return datetime.datetime.fromtimestamp(value, tz=datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return str(value)
