"""Real files, damaged: what the parsers are fed, and a guard against those that do not come back."""

import json
import os
import re
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from random import Random
from types import FrameType
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

#: Files that a parser is fed: many in CI, always the same ones; fewer, but others each time, elsewhere.
CASES = 2_000 if os.environ.get("CI") else 200
many = settings(max_examples=CASES, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])

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
    "[" * 20_000 + "]" * 20_000,
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
    elif isinstance(document, list) and document:
        ends = sorted({0, len(document) // 2, len(document) - 1})
        items = ((index, document[index]) for index in ends)
    for key, item in items:
        yield (*path, key)
        yield from places(item, (*path, key))


#: One number for each case is far faster than a number for each choice, and a damaged file needs no shrinking.
seeds = st.integers(0, 2**64)


def mutated_json(text: str) -> st.SearchStrategy[str]:
    """The document with one to three of its values replaced, removed or repeated."""
    every = list(places(json.loads(text)))
    return seeds.map(lambda seed: _with_changes(Random(seed), json.loads(text), every))


def mutated_bytes(data: bytes) -> st.SearchStrategy[bytes]:
    """The file with one to four pieces flipped, cut, repeated or inserted, or numbers replaced."""
    return seeds.map(lambda seed: _damaged(Random(seed), data))


def mutated_text(text: str) -> st.SearchStrategy[str]:
    """The same of a text; what is not UTF-8 becomes a lone surrogate, as Python reads the command line."""
    return seeds.map(lambda seed: damaged_text(Random(seed), text))


def damaged_text(chance: Random, text: str) -> str:
    """One such text."""
    return _damaged(chance, text.encode()).decode(errors="surrogateescape")


def _alike(value: Any) -> tuple[str, ...]:
    """What may take a value's place: mostly of its own kind, as the rest is refused at once."""
    if isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, bool) or value is None:
        return EXTREMES
    kind = tuple(map(json.dumps, TEXTS)) if isinstance(value, str) else NUMBERS
    return (*kind, *kind, *EXTREMES)


def _with_changes(chance: Random, document: Any, every: Sequence[tuple[str | int, ...]]) -> str:
    texts: list[str] = []
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        path = chance.choice(every)
        try:
            parent = document
            for key in path[:-1]:
                parent = parent[key]
            _change(chance, parent, path[-1], texts)
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change has taken the place away
    return _MARKED.sub(lambda match: texts[int(match[1])], json.dumps(document))


def _change(chance: Random, parent: Any, key: str | int, texts: list[str]) -> None:
    change = chance.choice(("replace", "replace", "replace", "drop", "repeat", "wrap", "spread"))
    value = parent[key]
    if change == "drop":
        del parent[key]
    elif change == "repeat":
        if isinstance(parent, list):
            parent.append(value)
        else:
            parent[f"{key}{chance.choice(('', ' ', '2'))}"] = value
    elif change == "wrap":
        parent[key] = [value]
    else:
        texts.append(chance.choice(_alike(value)))
        mark = _MARK % (len(texts) - 1)
        whole_column = change == "spread" and isinstance(value, list)
        parent[key] = [mark] * len(value) if whole_column else mark


def _damaged(chance: Random, data: bytes) -> bytes:
    for _ in range(chance.randint(1, 4)):
        start = chance.randint(0, max(0, len(data) - 1))
        end = min(len(data), start + chance.choice((1, 1, 2, 8, 64, 1000)))
        match chance.choice(("flip", "cut", "end", "repeat", "insert", "number")):
            case "flip":
                flipped = bytes(byte ^ chance.randint(1, 255) for byte in data[start : start + 1])
                data = data[:start] + flipped + data[start + 1 :]
            case "cut":
                data = data[:start] + data[end:]
            case "end":
                data = data[:end]
            case "repeat":
                data = data[:end] + data[start:end] * chance.randint(1, 3) + data[end:]
            case "insert":
                data = data[:start] + chance.choice(_PIECES) + data[start:]
            case "number":
                number = _NUMBER.search(data, start) or _NUMBER.search(data)
                if number is not None:
                    data = data[: number.start()] + chance.choice(_PIECES) + data[number.end() :]
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
