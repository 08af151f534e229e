"""powertune.toml or pyproject.toml, the environment and the command line -> frozen options, parsed once."""

import json
import math
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from powertune.errors import UsageError
from powertune.model import FunctionRef, Payload, Workload
from powertune.units import parse_memory_list
from powertune.workload import min_invocations, parse_workload

#: Each size is a version to publish, at the pace that AWS allows.
MOST_SIZES = 100
_TABLES = ("run", "local")
STRATEGIES = ("cost", "speed", "balanced")
TELEMETRY = ("auto", "tail", "logs")
ENVIRONMENT_PREFIX = "POWERTUNE_"

EMPTY_WORKLOAD = Workload(payloads=(Payload(body=b"{}"),))


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How to tune one function. `max_spend` is in the currency of the function's region; `rate` in calls per second.

    `memory` is None where no sizes were asked for.
    """

    memory: tuple[int, ...] | None = None
    invocations: int = 20
    lanes: int = 4
    concurrency: int = 32
    workload: Workload = EMPTY_WORKLOAD
    strategy: str = "cost"
    telemetry: str = "auto"
    max_spend: float = 1.0
    seed: int = 1
    sleep_ms: int = 0
    rate: float = 5.0
    pre_processor: FunctionRef | None = None
    post_processor: FunctionRef | None = None
    prices: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalOptions:
    """How to serve a folder of code on the embedded AWS. `setup` is a script that is run once, before measuring."""

    handler: str | None = None
    runtime: str | None = None
    memory: int = 128
    timeout: int = 30
    setup: str | None = None
    payload: str | None = None
    environment: tuple[tuple[str, str], ...] = ()


def load_run(
    folder: Path,
    environment: Mapping[str, str],
    options: Mapping[str, Any],
    read_payload: Callable[[str, Path], bytes],
    usual_payload: str | None = None,
) -> RunOptions:
    """Options from the command line, else POWERTUNE_* variables, else the `run` table of the configuration file.

    File names in the configuration file start from its folder, others from the current one.

    Args:
        options: what was given on the command line; None means not given.
        read_payload: fetches what a payload option names (`@file`, `s3://bucket/key`, or the text itself), file names
            starting from a folder.
        usual_payload: the payload where none is given anywhere, as if it stood in the configuration file.

    Raises:
        UsageError: unknown key, or a value that is not what its option takes.
    """
    table = _read_table(folder, "run")
    _refuse_unknown(table, {*_RUN, "payload"}, "the table [run]")
    named = {name: environment.get(ENVIRONMENT_PREFIX + name.upper()) for name in (*_RUN, "payload")}
    named.update({name: value for name, value in options.items() if value is not None})
    given = {name: (value, Path()) for name, value in named.items() if value is not None}
    usual = {} if usual_payload is None else {"payload": (usual_payload, folder)}
    settings = {**usual, **{name: (value, folder) for name, value in table.items()}, **given}
    source, base = settings.pop("payload", (None, folder))
    parsed = {name: _RUN[name](name, value) for name, (value, _) in settings.items()}
    if "prices" in settings:
        parsed["prices"] = settings["prices"][1] / parsed["prices"]
    if source is not None:
        text = source if isinstance(source, str) else json.dumps(source, ensure_ascii=False)
        parsed["workload"] = parse_workload(read_payload(text, base), text)
    return _checked(RunOptions(**parsed))


def load_local(folder: Path) -> LocalOptions:
    """The `local` table of the configuration file in the function's folder.

    Raises:
        UsageError: unknown key, or a value that is not what its key takes.
    """
    table = _read_table(folder, "local")
    _refuse_unknown(table, _LOCAL, "the table [local]")
    return LocalOptions(**{name: _LOCAL[name](name, value) for name, value in table.items()})


def _read_table(folder: Path, name: str) -> dict[str, Any]:
    """The table [NAME] of powertune.toml, or [tool.powertune.NAME] of pyproject.toml; empty if there is neither."""
    for file, path in (("powertune.toml", (name,)), ("pyproject.toml", ("tool", "powertune", name))):
        try:
            document: Any = tomllib.loads((folder / file).read_text(encoding="utf-8"))
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            raise UsageError(f"{folder / file}: {error}", hint="mend the file, or run from another folder") from None
        tables = document
        for depth, key in enumerate(path):
            if depth == len(path) - 1 and isinstance(tables, dict):
                _refuse_unknown(tables, _TABLES, file)
            tables = tables.get(key, {}) if isinstance(tables, dict) else None
        if not isinstance(tables, dict):
            raise UsageError(f"{folder / file}: {name!r} is not a table", hint=f"write [{'.'.join(path)}]")
        if tables or file == "powertune.toml":
            return tables
    return {}


def _refuse_unknown(table: Mapping[str, Any], known: Any, where: str) -> None:
    for name in table:
        if name not in known:
            raise UsageError(f"unknown key {name!r} in {where}", hint=f"the keys are {', '.join(sorted(known))}")


def _checked(options: RunOptions) -> RunOptions:
    needed = min_invocations(options.workload)
    if options.invocations < needed:
        raise UsageError(
            f"{options.invocations} invocations are too few for {len(options.workload.payloads)} weighted payloads",
            hint=f"--invocations {needed} would send each at least once",
        )
    return options


def parse_strategy(value: str | None) -> str:
    """A strategy's name; the default for None.

    Raises:
        UsageError: there is no such strategy.
    """
    return STRATEGIES[0] if value is None else _choice(STRATEGIES)("strategy", value)


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise UsageError(f"{name} {value!r} is not text", hint=f'write {name} = "..."')
    return value


def _function(name: str, value: Any) -> FunctionRef:
    return FunctionRef.parse(_text(name, value))


def _memory(_: str, value: Any) -> tuple[int, ...]:
    if isinstance(value, list):
        value = ",".join(str(item) for item in value)
    sizes = parse_memory_list(str(value))
    if len(sizes) > MOST_SIZES:
        raise UsageError(f"{len(sizes):,} memory sizes are more than {MOST_SIZES}", hint="take larger steps")
    return sizes


def _whole(low: int, high: int) -> Callable[[str, Any], int]:
    def parse(name: str, value: Any) -> int:
        try:
            number = int(str(value))
        except ValueError:
            number = low - 1
        if not low <= number <= high or isinstance(value, bool):
            raise UsageError(
                f"{_dashed(name)} {value!r} is not a whole number from {low} to {high:,}", hint=f"for example {low}"
            )
        return number

    return parse


def _positive(name: str, value: Any) -> float:
    try:
        number = float(str(value))
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise UsageError(f"{_dashed(name)} {value!r} is not a positive number", hint="for example 0.50")
    return number


def _choice(choices: tuple[str, ...]) -> Callable[[str, Any], str]:
    def parse(name: str, value: Any) -> str:
        if value not in choices:
            raise UsageError(f"unknown {_dashed(name)} {value!r}", hint=f"one of {', '.join(choices)}")
        return str(value)

    return parse


def _environment(name: str, value: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, dict):
        raise UsageError(f"{name} {value!r} is not a table", hint='write environment = { BUCKET = "name" }')
    return tuple((str(key), str(item)) for key, item in value.items())


def _dashed(name: str) -> str:
    """What an option is called on the command line."""
    return "sleep" if name == "sleep_ms" else name.replace("_", "-")


_RUN: dict[str, Callable[[str, Any], Any]] = {
    "memory": _memory,
    "invocations": _whole(1, 1_000_000),
    "lanes": _whole(1, 1_000),
    "concurrency": _whole(1, 10_000),
    "strategy": _choice(STRATEGIES),
    "telemetry": _choice(TELEMETRY),
    "max_spend": _positive,
    "seed": _whole(0, 2**63 - 1),
    "sleep_ms": _whole(0, 3_600_000),
    "rate": _positive,
    "pre_processor": _function,
    "post_processor": _function,
    "prices": _text,
}
_LOCAL: dict[str, Callable[[str, Any], Any]] = {
    "handler": _text,
    "runtime": _text,
    "memory": _whole(128, 10_240),
    "timeout": _whole(1, 900),
    "setup": _text,
    "payload": _text,
    "environment": _environment,
}
