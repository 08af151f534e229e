"""Reads the text of a template: JSON, or YAML with the short forms of functions."""

import json
from typing import Any

import yaml

from powertune.local.cloudformation.faults import Refused, invalid

_PLAIN = {"!Ref": "Ref", "!Condition": "Condition"}


class _Loader(yaml.SafeLoader):
    """YAML without dates: `Version: 2012-10-17` is text to CloudFormation."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _short_form(loader: yaml.SafeLoader, tag: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    else:
        raise AssertionError(f"YAML has no node like {node!r}")
    if tag == "!GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {_PLAIN.get(tag, f"Fn::{tag[1:]}"): value}


_Loader.add_multi_constructor("!", lambda loader, suffix, node: _short_form(loader, f"!{suffix}", node))


def read_template(text: str) -> dict[str, Any]:
    """The template as a document.

    Raises:
        Refused: it is neither JSON nor YAML, or no mapping.
    """
    document = _read_json(text) if text.lstrip().startswith("{") else _read_yaml(text)
    if not isinstance(document, dict):
        raise invalid("Template format error: unsupported structure.")
    return document


def _read_json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        try:
            # Flow style with short forms looks like JSON.
            return _read_yaml(text)
        except Refused:
            place = f"(line {getattr(error, 'lineno', 1)}, column {getattr(error, 'colno', 1)})"
            raise invalid(f"Template format error: JSON not well-formed. {place}") from error


def _read_yaml(text: str) -> Any:
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a subclass of the safe loader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise invalid(f"Template format error: YAML not well-formed.{place}") from error
    except (TypeError, ValueError, RecursionError) as error:
        raise invalid("Template format error: YAML not well-formed.") from error
