"""The fields of a Map state that moto's grammar does not know, or whose values it ignores."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from powertune.local.stepfunctions.templates import Template

_TOLERANCES = ("ToleratedFailureCount", "ToleratedFailurePercentage")
FIELDS = frozenset(
    {"ItemReader", "ItemBatcher", "ResultWriter", *_TOLERANCES, *(f"{name}Path" for name in _TOLERANCES)}
)
_READER_RESOURCES = ("s3:getObject", "s3:listObjectsV2")
_WRITER_RESOURCES = ("s3:putObject",)
_INPUT_TYPES = ("CSV", "JSON", "JSONL", "MANIFEST")
_WRITER_CONFIG = {"OutputType": ("JSON", "JSONL"), "Transformation": ("NONE", "COMPACT", "FLATTEN")}


@dataclass(frozen=True, slots=True, kw_only=True)
class MapSettings:
    """How a Distributed Map gets its items and what it does with results. None where the definition says nothing."""

    reader: Template | None = None
    batcher: Template | None = None
    writer: Template | None = None
    tolerance: Template | None = None
    express: bool = False

    @classmethod
    def of(
        cls, fields: Mapping[str, Any], compile_template: Callable[[Mapping[str, Any]], Template]
    ) -> "MapSettings":
        """Read the fields.

        Raises:
            ValueError: a field says what no Map state can do.
        """
        reader, writer = fields.get("ItemReader"), fields.get("ResultWriter")
        for name in ("ItemReader", "ItemBatcher", "ResultWriter"):
            _check_object(name, fields.get(name))
        if reader is not None:
            _check_resource("ItemReader", reader, _READER_RESOURCES)
            _check_config(reader, "ReaderConfig", {"InputType": _INPUT_TYPES})
        if writer is not None and "Resource" in writer:
            _check_resource("ResultWriter", writer, _WRITER_RESOURCES)
        elif writer is not None and "WriterConfig" not in writer:
            raise ValueError("ResultWriter needs a Resource, a WriterConfig, or both")
        _check_config(writer or {}, "WriterConfig", _WRITER_CONFIG)
        tolerance = {name: value for name, value in fields.items() if name.startswith("Tolerated")}
        for name, value in tolerance.items():
            if not isinstance(value, str if name.endswith("Path") else int | float | str):
                raise ValueError(f"{name} is not what it can be: {value!r}")
        wanted = {
            "reader": reader,
            "batcher": fields.get("ItemBatcher"),
            "writer": writer,
            "tolerance": tolerance or None,
        }
        given = {name: value for name, value in wanted.items() if value is not None}
        made: dict[str, Any] = {name: compile_template(_paths(value)) for name, value in given.items()}
        return cls(**made)


def _check_object(field: str, value: Any) -> None:
    if value is not None and not isinstance(value, Mapping):
        raise ValueError(f"{field} must be an object")


def _check_config(field: Mapping[str, Any], name: str, known: Mapping[str, tuple[str, ...]]) -> None:
    """Check the options of which AWS knows some values only."""
    config = field.get(name)
    _check_object(name, config)
    for option, values in known.items():
        value = (config or {}).get(option)
        if value is not None and value not in values:
            raise ValueError(f"{option} {value!r} is not supported, only {', '.join(values)}")


def _check_resource(field: str, value: Mapping[str, Any], known: tuple[str, ...]) -> None:
    resource = str(value.get("Resource", ""))
    if not resource.startswith("arn:") or not resource.endswith(tuple(f":states:::{each}" for each in known)):
        raise ValueError(f"The resource {resource!r} of {field} is not supported, only {', '.join(known)}")


def _paths(value: Mapping[str, Any]) -> dict[str, Any]:
    """The object with `MaxItemsPath` as a payload template has it: `MaxItems.$`."""
    named = {}
    for name, inner in value.items():
        inner = _paths(inner) if name == "ReaderConfig" and isinstance(inner, Mapping) else inner
        named[f"{name.removesuffix('Path')}.$" if name.endswith("Path") else name] = inner
    return named
