"""How large a value may be that goes from state to state."""

from typing import Any

from moto.stepfunctions.parser.asl.utils.encoding import to_json_str

MAX_BYTES = 256 * 1024


def json_bytes(value: Any) -> int:
    """The length of a value as JSON, in bytes."""
    return len(to_json_str(value, separators=(",", ":")).encode())
