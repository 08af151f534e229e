"""Real files, damaged: what the parsers are fed, and a guard against those that do not come back."""

import json
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from hypothesis import strategies as st

#: Numbers that are legal JSON, and that a program may choke on.
NUMBERS = (
    "0",
    "-0.0",
    "-1",
    "1",
    "1.5",
    "127",
    "128",
    "32769",
    "1000000000",
    str(2**31),
    str(2**63),
    str(2**64),
    "1e-320",
    "5e-324",
    "1e-9",
    "1e16",
    "1e300",
    "1e308",
    "1.7976931348623157e308",
    "1e999",
    "-1e999",
    "9" * 400,
    "1" + "0" * 5000,
    "0." + "0" * 400 + "1",
    "NaN",
    "Infinity",
    "-Infinity",
)
#: Texts that steer terminals, hide, cannot be encoded, or are long.
TEXTS = (
    "",
    " ",
    "\ud800",
    "a\udcffb",
    "\x00",
    "\x1b[2J\x1b]0;title\x07",
    "\x9b31m",
    "\u202egnp.exe",
    "\u2028next",
    "\n\r\t",
    "[bold red]{0}%s${x}",
    "x" * 10_000,
    "9" * 5000,
    "NaN",
    "inf",
    "1e-400",
    "\u0661\u0662\u0668",
    "\U0001f600",
)
#: Everything that a value may be replaced by, as JSON.
EXTREMES = (
    *NUMBERS,
    *(json.dumps(text) for text in TEXTS),
    "null",
    "true",
    "false",
    "[]",
    "{}",
    "[null]",
    "[[1]]",
    '{"a": 1}',
    "[" * 2_000 + "]" * 2_000,
    "[" + "0," * 2_000 + "0]",
)
_MARK = "\ue000%d\ue000"
_MARKED = re.compile('"\\\\ue000(\\d+)\\\\ue000"')
_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")


@contextmanager
def within(seconds: int) -> Iterator[None]:
    """A safety net, not a measurement: a parser that hangs fails its test instead of hanging the suite."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise AssertionError(f"still busy after {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def places(document: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The path of everything in a JSON document, but for the document itself; of a long list, the ends."""
    items: Iterator[tuple[str | int, Any]] = iter(())
    if isinstance(document, dict):
        items = iter(document.items())
    elif isinstance(document, list):
        items = ((index, document[index]) for index in sorted({*range(len(document))[:1], *range(len(document))[-1:], *range(len(document))[len(document)//2:][:1]}))
    for key, item in items:
        yield (*path, key)
        yield from places(item, (*path, key))


def mutated_json(text: str) -> st.SearchStrategy[str]:
    """The document with one to three of its values replaced, removed or repeated."""
    every = list(places(json.loads(text)))

    @st.composite
    def mutated(draw: st.DrawFn) -> str:
        return _with_changes(draw, json.loads(text), every)

    return mutated()


def _alike(value: Any) -> tuple[str, ...]:
    """What may take a value's place: mostly of its own kind, as the rest is refused at once."""
    if isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, bool) or value is None:
        return EXTREMES
    kind = tuple(map(json.dumps, TEXTS)) if isinstance(value, str) else NUMBERS
    return (*kind, *kind, *EXTREMES)


def _with_changes(draw: st.DrawFn, document: Any, every: list[tuple[str | int, ...]]) -> str:
    texts: list[str] = []
    for _ in range(draw(st.sampled_from((1, 1, 1, 2, 3)))):
        path = draw(st.sampled_from(every))
        try:
            parent = document
            for key in path[:-1]:
                parent = parent[key]
            _change(draw, parent, path[-1], texts)
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change has taken the place away
    return _MARKED.sub(lambda match: texts[int(match[1])], json.dumps(document))


def _change(draw: st.DrawFn, parent: Any, key: str | int, texts: list[str]) -> None:
    change = draw(st.sampled_from(("replace", "replace", "replace", "drop", "repeat", "wrap", "spread")))
    value = parent[key]
    if change == "drop":
        del parent[key]
    elif change == "repeat":
        if isinstance(parent, list):
            parent.append(value)
        else:
            parent[f"{key}{draw(st.sampled_from(('', ' ', '2')))}"] = value
    elif change == "wrap":
        parent[key] = [value]
    else:
        texts.append(draw(st.sampled_from(_alike(value))))
        mark = _MARK % (len(texts) - 1)
        whole_column = change == "spread" and isinstance(value, list)
        parent[key] = [mark] * len(value) if whole_column else mark


def mutated_bytes(data: bytes) -> st.SearchStrategy[bytes]:
    """The file with one to four pieces flipped, cut, repeated or inserted, or numbers replaced."""

    @st.composite
    def mutated(draw: st.DrawFn) -> bytes:
        return _damaged(draw, data)

    return mutated()


def _damaged(draw: st.DrawFn, data: bytes) -> bytes:
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, max(0, len(data) - 1)))
        end = min(len(data), start + draw(st.sampled_from((1, 1, 2, 8, 64, 1000))))
        match draw(st.sampled_from(("flip", "cut", "end", "repeat", "insert", "number"))):
            case "flip":
                data = data[:start] + bytes(byte ^ draw(st.integers(1, 255)) for byte in data[start : start + 1]) + data[start + 1 :]
            case "cut":
                data = data[:start] + data[end:]
            case "end":
                data = data[:end]
            case "repeat":
                data = data[:end] + data[start:end] * draw(st.integers(1, 3)) + data[end:]
            case "insert":
                data = data[:start] + draw(st.sampled_from(_PIECES)) + data[start:]
            case "number":
                numbers = list(_NUMBER.finditer(data, start)) or list(_NUMBER.finditer(data))
                if numbers:
                    data = data[: numbers[0].start()] + draw(st.sampled_from(_PIECES)) + data[numbers[0].end() :]
    return data


_PIECES = (
    *(number.encode() for number in NUMBERS),
    b"\x00",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"\\ud800",
    b"\x1b[2J",
    b'"',
    b"{",
    b"]",
    b",",
    b"[" * 20_000,
    b"\n",
    "\u202e".encode(),
)


def mutated_text(text: str) -> st.SearchStrategy[str]:
    """The same of a text; what is not UTF-8 becomes a lone surrogate, as Python reads the command line."""
    return mutated_bytes(text.encode()).map(lambda data: data.decode(errors="surrogateescape"))
