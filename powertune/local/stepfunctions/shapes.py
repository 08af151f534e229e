"""Parameters and results of service calls: from the words of a definition to those of botocore, and back."""

import base64
import datetime
from collections.abc import Mapping
from typing import Any

from botocore.response import StreamingBody
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import StateTaskService
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str

_OWN_NAMES = "AttributeValue"
"""DynamoDB's types, as in `{"SS": ["a"]}`, are written as its API writes them."""


def to_request(value: Any, shape: Any, quoted: bool = True) -> Any:
    """A parameter as botocore wants it.

    Args:
        value: JSON. Its fields are in Pascal case, whatever the API's are.
        shape: botocore's.
        quoted: whether text for binary data is written as JSON, as AWS does except inside DynamoDB's items.

    Raises:
        ValueError: the operation has no such parameter.
    """
    kind = shape.type_name
    if kind == "structure" and isinstance(value, Mapping):
        given = {_member(name, shape): inner for name, inner in value.items() if inner is not None}
        return {name: to_request(inner, shape.members[name], quoted) for name, inner in given.items()}
    if kind == "list" and isinstance(value, list):
        return [to_request(each, shape.member, quoted) for each in value]
    if kind == "map" and isinstance(value, Mapping):
        return {name: to_request(inner, shape.value, False) for name, inner in value.items()}
    if kind == "string" and not isinstance(value, str):
        return to_json_str(value, separators=(",", ":"))
    if kind == "blob" and (quoted or not isinstance(value, str)) and not isinstance(value, bytes):
        return to_json_str(value, separators=(",", ":")).encode()
    return value


def _member(name: str, shape: Any) -> str:
    if name in shape.members:
        return name
    found = [each for each in shape.members if each.lower() == name.lower()]
    if not found:
        raise ValueError(f'The field "{name}" is not supported by Step Functions')
    return str(found[0])


def from_response(value: Any, shape: Any) -> Any:
    """A result with fields in Pascal case, as AWS's SDK for Java has them, and with values that JSON knows."""
    kind = shape.type_name if shape is not None else None
    if isinstance(value, Mapping):
        if kind == "structure" and shape.name != _OWN_NAMES:
            cased = {StateTaskService._to_sfn_cased(name): name for name in value if name in shape.members}
            rest = {name: name for name in value if name not in shape.members}
            return {
                told: from_response(value[name], shape.members.get(name)) for told, name in {**cased, **rest}.items()
            }
        inner_shape = shape.value if kind == "map" else None
        return {name: from_response(inner, inner_shape) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [from_response(each, shape.member if kind == "list" else None) for each in value]
    return _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, StreamingBody):
        value = value.read()
    if isinstance(value, bytes | bytearray):
        try:
            return bytes(value).decode()
        except UnicodeDecodeError:
            return base64.b64encode(value).decode()
    return value
