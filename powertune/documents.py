"""One codec for documents: a schema header and frozen dataclasses to and from JSON, strict, with the place in errors.

A kind of document is a dataclass that derives from `Document`. Its fields are dataclasses, tuples, enums, numbers and
texts, and are decoded as their annotations say (msgspec, strict mode): nothing is converted but a whole number to a
float. Keys that are not known are ignored, so that a later version may add some.
"""

import json
import math
import re
import reprlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import msgspec

from powertune.errors import UsageError
from powertune.figures import SMALLEST, range_of
from powertune.units import shortened

#: A part of a document that is decoded later, by `read_part`.
Raw = msgspec.Raw

_T = TypeVar("_T")
#: What the decoder raises: not JSON, not of its type, not UTF-8, nested too deeply.
_REFUSED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_PROBLEM = re.compile(r"(?P<problem>.*?)(?: - at `\$(?P<place>.*)`)?", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(?P<name>.*)`")
_STEP = re.compile(r"\.(?P<key>\w+)|\[(?P<index>\d+)\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """A kind of document, as `powertune/run` and 1; what people call it, and what to do if it cannot be read.

    `mistaken` says of other kinds of document, as what is given instead, what is wrong and what to do.
    """

    kind: str
    version: int
    called: str
    remedy: str
    mistaken: tuple[tuple[str, str, str], ...] = ()

    @property
    def header(self) -> str:
        """What the document's `schema` holds."""
        return f"{self.kind}/{self.version}"

    def refused(self, message: str) -> UsageError:
        """The error about a document that is of another kind, or unreadable."""
        return UsageError(message, hint=self.remedy)

    def damaged(self, how: str) -> UsageError:
        """The error about a document of this kind that does not hold what it should."""
        return self.refused(f"{self.called} is damaged: {how}")

    def wrong(self, place: str, value: object, problem: str = "") -> UsageError:
        """The error about one value: `measurements[3].invocations.duration_ms[0] cannot be -1.0`."""
        return self.damaged(f"{place} cannot be {reprlib.repr(value)}{problem and f': {problem}'}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What every document begins with."""

    schema: str = ""


_D = TypeVar("_D", bound=Document)


def read(data: bytes, kind: type[_D], schema: Schema) -> _D:
    """Decode a document.

    Raises:
        UsageError: it is not JSON, of another schema or version, or a field is missing or not what it may be.
    """
    try:
        document = msgspec.json.decode(data, type=kind, dec_hook=_from_text)
    except _REFUSED:
        parsed = _parsed(data, schema)
        _check_header(parsed.get("schema") if isinstance(parsed, dict) else None, schema)
        document = _decoded_again(parsed, kind, schema, "")
    _check_header(document.schema, schema)
    _check_figures(document, schema, "")
    return document


def read_part(data: Raw, kind: type[_T], schema: Schema, place: str) -> _T:
    """Decode a part of a document that was left raw. Its figures are for the caller to check.

    Raises:
        UsageError: a field is missing, or not what it may be.
    """
    try:
        part = msgspec.json.decode(data, type=kind, dec_hook=_from_text)
    except _REFUSED:
        part = _decoded_again(_parsed(bytes(data), schema), kind, schema, place)
    return part


def write(document: Mapping[str, Any]) -> bytes:
    """The document as UTF-8 JSON: objects and lists of them line by line, and everything else on one line.

    Its values are what a document may hold, or mappings and lists of that.

    Raises:
        ValueError: a figure is NaN or infinite, which JSON cannot hold.
    """
    return b"".join(_lines(_plain(document), b"\n")) + b"\n"


def _from_text(kind: type[Any], value: Any) -> Any:
    """The hook of the decoder for types that it does not know, which is to raise this error for all others."""
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise NotImplementedError(kind)


def _to_text(value: Any) -> str:
    """The hook of the encoder, which is to raise this error for all others."""
    if isinstance(value, Path):
        return str(value)
    raise NotImplementedError(type(value))


def _parsed(data: bytes, schema: Schema) -> Any:
    """What a refused document holds, or why it is no document at all."""

    def refuse(name: str) -> NoReturn:
        raise schema.refused(f"{schema.called} holds {name}, which is no measurement")

    def finite(text: str) -> float:
        value = float(text)
        return value if math.isfinite(value) else refuse(str(value))

    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise schema.refused(f"not a {schema.called}: it is not UTF-8 text") from error
    try:
        return json.loads(text, parse_constant=refuse, parse_float=finite)
    except (ValueError, RecursionError) as error:
        stripped = text.strip()
        if stripped.startswith("{") and not stripped.endswith("}"):
            raise schema.refused(f"{schema.called} is cut off") from error
        raise schema.refused(f"not a {schema.called}: not JSON ({error})") from error


def _check_header(header: object, schema: Schema) -> None:
    if header == schema.header:
        return
    kind, _, version = str(header).rpartition("/")
    if kind == schema.kind and version.isdigit():
        raise UsageError(f"{schema.called} {header!r} was written by a newer powertune", hint="upgrade powertune")
    for other, message, hint in schema.mistaken:
        if kind == other:
            raise UsageError(message, hint=hint)
    raise schema.refused(f'not a {schema.called}: it has no "schema" of powertune')


def _decoded_again(parsed: Any, kind: type[_T], schema: Schema, place: str) -> _T:
    """Decode what the decoder has refused, to tell where and why; texts with half of a surrogate pair lose it."""
    try:
        text = json.dumps(parsed, ensure_ascii=False).encode(errors="replace")
        again = msgspec.json.decode(text, type=kind, dec_hook=_from_text)
    except msgspec.ValidationError as error:
        raise _explained(error, parsed, schema, place) from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise schema.refused(f"not a {schema.called}: not JSON ({error})") from error
    return again


def _explained(error: msgspec.ValidationError, parsed: Any, schema: Schema, place: str) -> UsageError:
    match = _PROBLEM.fullmatch(str(error))
    problem, within = (match["problem"], match["place"] or "") if match else (str(error), "")
    where = f"{place}{within}".removeprefix(".")
    if missing := _MISSING.fullmatch(problem):
        return schema.damaged(f"{where}{where and ': '}{missing['name']!r} is missing")
    for step in _STEP.finditer(within):
        if parsed is not None:
            parsed = parsed.get(step["key"]) if step["key"] else parsed[int(step["index"])]
    # The decoder repeats a whole text that is none of an enum's.
    return schema.wrong(where, parsed, shortened(problem[:1].lower() + problem[1:].replace("`", "")))


def _check_figures(value: Any, schema: Schema, place: str) -> None:
    """Refuse what no figure can be, in dataclasses and tuples of them, by the names of their fields.

    Raises:
        UsageError: a figure is out of its range.
    """
    name = place.rpartition(".")[2].partition("[")[0]
    match value:
        case bool() | str() | None:
            return
        case int() | float():
            low, high = range_of(name)
            # A moment may be as near to the epoch as it likes, and what may be negative as near to 0: nothing is
            # divided by them.
            if not low <= value <= high or (0 < value < SMALLEST and low >= 0 and not name.endswith("_at")):
                raise schema.wrong(place, value)
        case tuple():
            for index, item in enumerate(value):
                _check_figures(item, schema, f"{place}[{index}]")
        case _ if is_dataclass(value):
            for f in fields(value):
                _check_figures(getattr(value, f.name), schema, f"{place}.{f.name}".removeprefix("."))


def _plain(value: Any) -> Any:
    """Dataclasses as objects, tuples that hold some as lists. What is on one line stays a tuple."""
    if is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list) or (isinstance(value, tuple) and value and is_dataclass(value[0])):
        return [_plain(item) for item in value]
    return value


def _lines(value: Any, indent: bytes) -> Iterator[bytes]:
    """Objects, and lists of them, line by line; everything else on one line."""
    inner = indent + b" "
    if isinstance(value, dict):
        items = [(_line(key) + b": ", item) for key, item in value.items()]
        opening, closing = b"{", b"}"
    elif isinstance(value, list) and value:
        items = [(b"", item) for item in value]
        opening, closing = b"[", b"]"
    else:
        yield _line(value)
        return
    for position, (key, item) in enumerate(items):
        yield (opening if position == 0 else b",") + inner + key
        yield from _lines(item, inner)
    yield indent + closing


def _line(value: Any) -> bytes:
    try:
        line = msgspec.json.encode(value, enc_hook=_to_text)
    except UnicodeEncodeError:  # half of a surrogate pair, which only an escape can hold
        return json.dumps(value, allow_nan=False, separators=(",", ":"), default=_to_text).encode()
    # The encoder writes null for NaN; where there are more of them than values are missing, one of these is a figure.
    items = value if isinstance(value, tuple) else (value,)
    if line.count(b"null") > items.count(None) and any(isinstance(i, float) and not math.isfinite(i) for i in items):
        raise ValueError("NaN and infinity are not JSON compliant")
    return line
