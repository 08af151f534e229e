"""AWS's schemas of resource types, as cfn-lint ships them: what a property is, and what a change of it takes."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from powertune.local.cloudformation.faults import Failure

_REGION = "us-east-1"
"""The schemas of the other regions hold nothing that this one lacks, as far as the types here are concerned."""

Properties = dict[str, Any]


@lru_cache(maxsize=256)
def schema_of(kind: str) -> dict[str, Any] | None:
    """The schema of a type, or None if AWS has no such type."""
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

    if kind not in _types():
        return None
    schema: dict[str, Any] = PROVIDER_SCHEMA_MANAGER.get_resource_schema(_REGION, kind).schema
    return schema


@lru_cache(maxsize=1)
def _types() -> frozenset[str]:
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

    return frozenset(PROVIDER_SCHEMA_MANAGER.get_resource_types(_REGION))


def recreation(kind: str, name: str) -> str:
    """Whether a change of a property takes a new resource: `Always`, `Conditionally` or `Never`."""
    schema = schema_of(kind) or {}
    for requirement, key in (
        ("Always", "createOnlyProperties"),
        ("Conditionally", "conditionalCreateOnlyProperties"),
    ):
        if any(pointer.split("/")[2] == name for pointer in schema.get(key) or ()):
            return requirement
    return "Never"


def attributes_of(kind: str) -> frozenset[str]:
    """The names that Fn::GetAtt knows."""
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

    return frozenset(PROVIDER_SCHEMA_MANAGER.get_resource_schema(_REGION, kind).get_atts)


def typed(kind: str, logical_id: str, properties: Properties) -> Properties:
    """The properties with the types of the schema: CloudFormation takes "128" for 128, and "true" for true.

    Raises:
        Failure: a property is unknown, missing, or has a value that its type does not take.
    """
    schema = schema_of(kind) or {}
    value = _convert(properties, schema, schema, 0)
    problems = list(_problems(value, schema, schema, "#", 0))
    if problems:
        raise Failure(
            f"Properties validation failed for resource {logical_id} with message:\n[{', '.join(problems)}]"
        )
    result: Properties = value
    return result


def _resolved(schema: Any, root: dict[str, Any]) -> dict[str, Any]:
    while isinstance(schema, dict) and "$ref" in schema:
        node: Any = root
        for part in schema["$ref"].removeprefix("#/").split("/"):
            node = node.get(part, {})
        schema = node
    return schema if isinstance(schema, dict) else {}


def _types_in(schema: dict[str, Any]) -> tuple[str, ...]:
    given = schema.get("type", ())
    return (given,) if isinstance(given, str) else tuple(given)


_DEPTH = 30


def _convert(value: Any, schema: Any, root: dict[str, Any], depth: int) -> Any:
    schema = _resolved(schema, root)
    if depth > _DEPTH:
        return value
    if isinstance(value, dict) and "object" in _types_in(schema) + (("object",) if "properties" in schema else ()):
        members = schema.get("properties") or {}
        patterns = list((schema.get("patternProperties") or {}).values())
        other = patterns[0] if patterns else {}
        return {key: _convert(each, members.get(key, other), root, depth + 1) for key, each in value.items()}
    if isinstance(value, list):
        return [_convert(each, schema.get("items") or {}, root, depth + 1) for each in value]
    return _scalar(value, _types_in(schema))


def _scalar(value: Any, types: tuple[str, ...]) -> Any:
    if isinstance(value, bool):
        return str(value).lower() if "string" in types and "boolean" not in types else value
    if isinstance(value, int | float):
        return str(value) if "string" in types and not {"integer", "number"} & set(types) else value
    if isinstance(value, str) and "string" not in types:
        if "boolean" in types and value.lower() in ("true", "false"):
            return value.lower() == "true"
        for name, read in (("integer", int), ("number", float)):
            if name in types:
                try:
                    return read(value)
                except ValueError:
                    continue
    return value


_PYTHON: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
}
_NAMES = {
    dict: "JSONObject",
    list: "JSONArray",
    str: "String",
    bool: "Boolean",
    int: "Integer",
    float: "Number",
    type(None): "Null",
}


def _problems(value: Any, schema: Any, root: dict[str, Any], place: str, depth: int) -> Iterator[str]:
    schema = _resolved(schema, root)
    types = _types_in(schema)
    if depth > _DEPTH:
        return
    if types and not any(_is(value, name) for name in types):
        wanted = {"object": "JSONObject", "array": "JSONArray"}.get(types[0], types[0].capitalize())
        yield f"{place}: expected type: {wanted}, found: {_NAMES.get(type(value), type(value).__name__)}"
    elif isinstance(value, dict):
        yield from _object_problems(value, schema, root, place, depth)
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _problems(each, schema.get("items") or {}, root, f"{place}/{number}", depth + 1)
    elif "enum" in schema and value not in schema["enum"]:
        yield f"{place}: {value} is not a valid enum value"


def _object_problems(
    value: dict[str, Any], schema: dict[str, Any], root: dict[str, Any], place: str, depth: int
) -> Iterator[str]:
    members = schema.get("properties") or {}
    for key in schema.get("required") or ():
        if key not in value:
            yield f"{place}: required key [{key}] not found"
    closed = schema.get("additionalProperties") is False and not schema.get("patternProperties")
    for key, each in value.items():
        if key in members:
            yield from _problems(each, members[key], root, f"{place}/{key}", depth + 1)
        elif closed:
            yield f"{place}: extraneous key [{key}] is not permitted"


def _is(value: Any, name: str) -> bool:
    if name in ("integer", "number") and isinstance(value, bool):
        return False
    return isinstance(value, _PYTHON.get(name, (object,)))
