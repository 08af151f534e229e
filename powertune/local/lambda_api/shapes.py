"""Checks a request against the model of the Lambda API that botocore ships, and says what is wrong in AWS's words."""

import binascii
import functools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape

from powertune.units import MEMORY_MAX_MB

_MAXIMA = {"MemorySize": MEMORY_MAX_MB, "Timeout": 900, "EphemeralStorageSize": 10240}
"""Newer models have the maxima of functions on instances that AWS manages; these are those of all others."""

_CHECKED_LATER = frozenset({"Runtime"})
"""Enumerations that Lambda refuses with an error of another type than the model's."""

_SEPARATORS = " \\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000"
_NULL = "Member must not be null"


class Unreadable(Exception):
    """A value is not of the type that the API takes; the message is AWS's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """An operation of the API: what it takes, by which path, and what of that in a JSON body."""

    inputs: StructureShape
    path: re.Pattern[str]
    in_body: frozenset[str]

    def member(self, name: str) -> Mapping[str, Any]:
        """What the model demands of one of its members."""
        return self.inputs.members[name].metadata


@functools.cache
def _service() -> ServiceModel:
    return ServiceModel(Loader().load_service_model("lambda", "service-2"), "lambda")


@functools.cache
def operations() -> frozenset[str]:
    """The names of all operations of the Lambda API."""
    return frozenset(_service().operation_names)


@functools.cache
def operation(name: str) -> Operation:
    """One operation of the Lambda API."""
    model = _service().operation_model(name)
    inputs = model.input_shape
    assert inputs is not None, name
    path = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", model.http["requestUri"].split("?")[0])
    # The body of an operation that takes a payload is none of JSON members.
    in_body = () if "payload" in inputs.serialization else inputs.members
    return Operation(
        inputs=inputs,
        path=re.compile(path + "/?$"),
        in_body=frozenset(each for each in in_body if "location" not in inputs.members[each].serialization),
    )


def read(shape: Shape, value: Any) -> Any:
    """A value as the API sees it: members that it does not know, and those that are null, are left out.

    Raises:
        Unreadable: a value has the wrong type.
    """
    if isinstance(shape, StructureShape):
        given = _expect(dict, value, "Start of structure or map found where not expected.")
        known = {name: given[name] for name in shape.members if given.get(name) is not None}
        return {name: read(shape.members[name], item) for name, item in known.items()}
    if isinstance(shape, MapShape):
        given = _expect(dict, value, "Start of structure or map found where not expected.")
        return {str(key): read(shape.value, item) for key, item in given.items() if item is not None}
    if isinstance(shape, ListShape):
        return [read(shape.member, item) for item in _expect(list, value, "Expected list or null")]
    return _SCALARS.get(shape.type_name, _same)(value)


def read_text(shape: Shape, text: str) -> Any:
    """A value that came as the text of a path, a query or a header.

    Raises:
        Unreadable: it is not of the type that the API takes.
    """
    if shape.type_name in ("integer", "long"):
        if not re.fullmatch(r"-?[0-9]{1,18}", text):
            raise Unreadable("STRING_VALUE can not be converted to an Integer")
        return int(text)
    if shape.type_name == "boolean":
        return text.lower() == "true"
    return text


def violations(shape: Shape, value: Any, path: str = "") -> Iterator[str]:
    """What AWS finds wrong with a value, one clause each; none if it is right."""
    if isinstance(shape, StructureShape):
        yield from _of_structure(shape, value, path)
    elif isinstance(shape, ListShape):
        yield from (_clause(shape, f"[{', '.join(map(_text, value))}]", path, each) for each in _broken(shape, value))
        yield from _of_list(shape, value, path)
    elif isinstance(shape, MapShape):
        yield from _of_map(shape, value, path)
    else:
        yield from (_clause(shape, _text(value), path, each) for each in _broken(shape, value))


def _of_structure(shape: StructureShape, value: Mapping[str, Any], path: str) -> Iterator[str]:
    for name, member in shape.members.items():
        where = f"{path}.{_lower(name)}" if path else _lower(name)
        if name in value:
            yield from violations(member, value[name], where)
        elif name in shape.required_members:
            yield f"Value null at '{where}' failed to satisfy constraint: {_NULL}"


def _of_list(shape: ListShape, value: list[Any], path: str) -> Iterator[str]:
    if isinstance(shape.member, StructureShape | ListShape | MapShape):
        for number, item in enumerate(value, 1):
            yield from violations(shape.member, item, f"{path}.{number}.member")
    elif any(_broken(shape.member, item) for item in value):
        constraint = f"Member must satisfy constraint: [{_rules(shape.member)}]"
        yield _clause(shape.member, f"[{', '.join(map(_text, value))}]", path, constraint)


def _of_map(shape: MapShape, value: Mapping[str, Any], path: str) -> Iterator[str]:
    text = "{" + ", ".join(f"{key}={_text(item)}" for key, item in value.items()) + "}"
    if any(_broken(shape.key, key) for key in value):
        yield _clause(shape, text, path, f"Map keys must satisfy constraint: [{_rules(shape.key)}]")
    if isinstance(shape.value, StructureShape | ListShape | MapShape):
        for key, item in value.items():
            yield from violations(shape.value, item, f"{path}.{key}.member")
    elif any(_broken(shape.value, item) for item in value.values()):
        yield _clause(shape, text, path, f"Map value must satisfy constraint: [{_rules(shape.value)}]")


def _broken(shape: Shape, value: Any) -> list[str]:
    return [words for words, kept in _constraints(shape) if not kept(value)]


def _rules(shape: Shape) -> str:
    return ", ".join([*(words for words, _ in _constraints(shape)), _NULL])


@functools.cache
def _constraints(shape: Shape) -> tuple[tuple[str, Callable[[Any], bool]], ...]:
    """What the model demands of a value, each with AWS's words for it."""
    found: list[tuple[str, Callable[[Any], bool]]] = []
    sized, metadata = isinstance(shape, ListShape) or shape.type_name == "string", shape.metadata
    what, measure = ("length", len) if sized else ("value", _same)
    if (highest := metadata.get("max")) is not None:
        limit = min(highest, _MAXIMA.get(shape.name, highest))
        found.append(
            (f"Member must have {what} less than or equal to {limit}", lambda value: measure(value) <= limit)
        )
    if lowest := metadata.get("min"):
        words = f"Member must have {what} greater than or equal to {lowest}"
        found.append((words, lambda value: measure(value) >= lowest))
    elif lowest is not None and not sized:
        found.append((f"Member must have value greater than or equal to {lowest}", lambda value: value >= lowest))
    if (pattern := metadata.get("pattern")) is not None:
        matches = _compiled(pattern).fullmatch
        found.append(
            (f"Member must satisfy regular expression pattern: {pattern}", lambda value: matches(value) is not None)
        )
    if (names := metadata.get("enum")) and shape.name not in _CHECKED_LATER:
        found.append((f"Member must satisfy enum value set: [{', '.join(names)}]", lambda value: value in names))
    return tuple(found)


def _compiled(pattern: str) -> re.Pattern[str]:
    r"""A pattern of Java's. Python has no classes such as `\p{L}`; `\w` is letters, digits and the underscore."""
    if r"\p{" not in pattern:
        return re.compile(pattern, re.ASCII)
    for name, ours in (("L", r"\w"), ("N", r"\w"), ("Z", _SEPARATORS)):
        pattern = pattern.replace(rf"\p{{{name}}}", ours)
    return re.compile(pattern)


def _clause(shape: Shape, text: str, path: str, constraint: str) -> str:
    shown = "Value" if shape.metadata.get("sensitive") else f"Value '{text}'"
    return f"{shown} at '{path}' failed to satisfy constraint: {constraint}"


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]


def _same(value: Any) -> Any:
    return value


def _expect(kind: type, value: Any, message: str) -> Any:
    if not isinstance(value, kind):
        raise Unreadable(message)
    return value


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise Unreadable(f"{_token(value)} can not be converted to a String")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Unreadable("STRING_VALUE can not be converted to a String") from None
    return value


def _integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 1 << 63:
        raise Unreadable(f"{_token(value)} can not be converted to an Integer")
    return value


def _double(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e300 or value != value:
        raise Unreadable(f"{_token(value)} can not be converted to a Double")
    return float(value)


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Unreadable(f"{_token(value)} can not be converted to a Boolean")
    return value


def _blob(value: Any) -> str:
    text = _string(value)
    try:
        binascii.a2b_base64(text)
    except ValueError:
        raise Unreadable("STRING_VALUE can not be converted to a Blob") from None
    return text


def _token(value: Any) -> str:
    """What the parser that AWS uses calls a value."""
    if isinstance(value, bool):
        return f"{value}_VALUE".upper()
    names = {str: "STRING_VALUE", int: "NUMBER_VALUE", float: "DECIMAL_VALUE", list: "START_ARRAY"}
    return names.get(type(value), "START_OBJECT")


_SCALARS: dict[str, Callable[[Any], Any]] = {
    "string": _string,
    "integer": _integer,
    "long": _integer,
    "double": _double,
    "boolean": _boolean,
    "blob": _blob,
}
