"""powertune.toml or pyproject.toml, the environment and the command line -> frozen options, parsed once."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from powertune.config import values
from powertune.config.from_file import from_file, inside
from powertune.config.option_names import RENAMED, from_environment, placed
from powertune.config.options import (
    ANY_GOAL,
    ANY_USAGE,
    INVOCATIONS,
    MOST_INVOCATIONS,
    REPORT_SOURCES,
    LocalOptions,
    RunOptions,
)
from powertune.config.toml import read_table, refuse_unknown
from powertune.config.values import Parser
from powertune.errors import UsageError
from powertune.model import Goal, Usage
from powertune.search import policies
from powertune.units import MEMORY_MAX_MB, MEMORY_MIN_MB
from powertune.workload import min_invocations, parse_workload


def load_run(
    folder: Path,
    environment: Mapping[str, str],
    options: Mapping[str, Any],
    read_payload: Callable[[str, Path], bytes],
    usual_payload: str | None = None,
) -> RunOptions:
    """Options from the command line, then POWERTUNE_* variables, then the `run` table of the configuration file.

    File names in the configuration file are relative to its folder, others to the current folder.

    Args:
        options: from the command line; None means not given.
        read_payload: reads what a payload option names (`@file`, `s3://bucket/key`, or the text itself); file names
            are relative to the folder.
        usual_payload: the default payload, as if it were in the configuration file.

    Raises:
        UsageError: an unknown key, an invalid value, or a path in the file that leaves its folder.
    """
    table = read_table(folder, "run")
    refuse_unknown(table.keys() - RENAMED.keys(), {*_RUN, "payload"}, "the table [run]")
    table = placed(table)
    named = {**placed(from_environment(environment, (*_RUN, "payload"))), **placed(options)}
    given = {name: (value, Path()) for name, value in named.items()}
    usual = {} if usual_payload is None else {"payload": (usual_payload, folder)}
    settings = {**usual, **{name: (value, folder) for name, value in table.items()}, **given}
    source, base = settings.pop("payload", (None, folder))
    parsed = _judged({name: _RUN[name](name, value) for name, (value, _) in settings.items()})
    set_by_file = {name: value for name, (value, _) in settings.items() if name not in given}
    if source is not None and "payload" not in given:
        set_by_file["payload"] = source
    told = from_file(folder, set_by_file)
    for name in ("prices", "results_folder"):
        if name in settings:
            parsed[name] = settings[name][1] / parsed[name]
    if "arch" in parsed:
        parsed["architectures"] = parsed.pop("arch")
    if source is not None:
        text = values.payload("payload", source)
        parsed["workload"] = parse_workload(read_payload(text, base), text)
    found = RunOptions(**parsed, from_file=told)
    # Options for the search on the command line or in the environment override the file's.
    decided = {"search", "memory"} & given.keys()
    _check_search(found, given if decided else settings)
    return _checked(found)


def load_local(folder: Path) -> LocalOptions:
    """The `local` table of the configuration file in the function's folder.

    Raises:
        UsageError: an unknown key, an invalid value, or a script outside of the folder.
    """
    table = read_table(folder, "local")
    refuse_unknown(table, _LOCAL, "the table [local]")
    if isinstance(table.get("setup"), str):
        inside(folder, table["setup"], f"setup {table['setup']!r}")
    return LocalOptions(**{name: _LOCAL[name](name, value) for name, value in table.items()})


#: What belongs to one search only, and what says the same to the other.
_ONLY_GRID = {"memory": "bound the search with --min-memory and --max-memory, or leave --search out"}
_ONLY_ADAPTIVE = {
    "min_memory": "name the sizes with --memory",
    "max_memory": "name the sizes with --memory",
    "precision": "take more --invocations",
}


def _check_search(options: RunOptions, given: Collection[str]) -> None:
    """Refuse options that belong to the other search, and bounds that hold nothing."""
    meant, others = (options.policy, _ONLY_GRID if options.adaptive else _ONLY_ADAPTIVE)
    for name, instead in others.items():
        if name in given:
            raise UsageError(f"{values.dashed(name)} is not for the {meant} search", hint=instead)
    if options.min_memory > options.max_memory:
        raise UsageError(
            f"min-memory {options.min_memory} is more than max-memory {options.max_memory}", hint="exchange them"
        )


def _checked(options: RunOptions) -> RunOptions:
    needed = min_invocations(options.workload)
    asked = options.invocations or (MOST_INVOCATIONS if options.adaptive else INVOCATIONS)
    if asked < needed:
        raise UsageError(
            f"{asked} invocations are too few for {len(options.workload.payloads)} weighted payloads",
            hint=f"--invocations {needed} would send each at least once",
        )
    return options


def parse_judgement(
    options: Mapping[str, Any], goal: Goal | None = None, usage: Usage | None = None
) -> tuple[Goal, Usage]:
    """The goal and the usage that options ask for; None means not given.

    Args:
        goal: the goal of the run that is judged; each option that is given overrides a part of it.
        usage: the usage that the run was told, likewise.

    Raises:
        UsageError: a value that is not what its option takes.
    """
    given = {name: value for name, value in options.items() if value is not None}
    parsed = {name: _JUDGEMENT[name](name, value) for name, value in given.items()}
    return _goal(parsed, goal or ANY_GOAL), _usage(parsed, usage or ANY_USAGE)


def _judged(parsed: Mapping[str, Any]) -> dict[str, Any]:
    """The options, with those that concern judgement gathered in a goal and a usage."""
    kept = {name: value for name, value in parsed.items() if name not in _JUDGEMENT}
    return {**kept, "goal": _goal(parsed, ANY_GOAL), "usage": _usage(parsed, ANY_USAGE)}


def _goal(parsed: Mapping[str, Any], otherwise: Goal) -> Goal:
    wanted = {name: value for name, value in parsed.items() if name in _GOAL}
    if "max_cost" in wanted:
        wanted["max_cost"], wanted["max_cost_currency"] = wanted["max_cost"]
    return replace(otherwise, **wanted)


def _usage(parsed: Mapping[str, Any], otherwise: Usage) -> Usage:
    return replace(otherwise, **{name: value for name, value in parsed.items() if name in _USAGE})


_GOAL: dict[str, Parser] = {
    "strategy": values.strategy,
    "cost_tolerance": values.share,
    "balanced_weight": values.share,
    "max_duration": values.limit,
    "max_cost": values.cost,
    "headroom": values.factor,
}
_USAGE: dict[str, Parser] = {
    "cold_share": values.share,
    "invocations_per_month": values.volume,
    "savings_plan": values.discount,
}
_JUDGEMENT = {**_GOAL, **_USAGE}
_RUN: dict[str, Parser] = {
    **_JUDGEMENT,
    "search": values.choice(policies.NAMES),
    "memory": values.memory,
    "min_memory": values.whole(MEMORY_MIN_MB, MEMORY_MAX_MB),
    "max_memory": values.whole(MEMORY_MIN_MB, MEMORY_MAX_MB),
    "precision": values.precision,
    "arch": values.architectures,
    "isolate": values.flag,
    "in_place": values.flag,
    "image_uri_arm64": values.text,
    "image_uri_x86_64": values.text,
    "invocations": values.whole(1, 1_000_000),
    "environments": values.whole(1, 1_000),
    "concurrency": values.whole(1, 10_000),
    "report_source": values.choice(REPORT_SOURCES),
    "max_spend": values.positive,
    "seed": values.whole(0, 2**63 - 1),
    "sleep_ms": values.whole(0, 3_600_000),
    "rate": values.positive,
    "pre_processor": values.function,
    "post_processor": values.function,
    "prices": values.text,
    "results_folder": values.text,
}
#: The options of `powertune run` that a configuration file or the environment may set as well.
RUN_OPTIONS = frozenset({*_RUN, *RENAMED, "payload"})
_LOCAL: dict[str, Parser] = {
    "handler": values.text,
    "runtime": values.text,
    "memory": values.whole(128, 10_240),
    "timeout": values.whole(1, 900),
    "setup": values.text,
    "payload": values.payload,
    "environment": values.environment,
}
