"""powertune.toml or pyproject.toml, the environment and the command line -> frozen options, parsed once."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from powertune.config import values
from powertune.config.from_file import FromFile, from_file, inside
from powertune.config.toml import read_table, refuse_unknown
from powertune.config.values import Parser
from powertune.errors import UsageError
from powertune.model import Architecture, FunctionRef, Goal, Payload, Usage, Workload
from powertune.units import MEMORY_MAX_MB, MEMORY_MIN_MB
from powertune.workload import min_invocations, parse_workload

TELEMETRY = ("auto", "tail", "logs")
SEARCHES = ("adaptive", "grid")
#: Warm invocations of a size: of each in a grid, and the most that a search takes.
INVOCATIONS, MOST_INVOCATIONS = 20, 400
ENVIRONMENT_PREFIX = "POWERTUNE_"

EMPTY_WORKLOAD = Workload(payloads=(Payload(body=b"{}"),))
ANY_GOAL = Goal()
ANY_USAGE = Usage()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How to tune one function. `max_spend` is in the currency of the function's region; `rate` in calls per second.

    `memory` is None where no sizes were asked for, `architectures` where the function's own is meant, `invocations`,
    `lanes` and `precision` where it is for the search to say. `isolate` is None where it is for the plan to decide
    whether the function itself or a copy is measured. The image URIs are those of a function made of a container
    image, for the architecture that it does not have. `from_file` is what of all this a file has set.
    """

    search: str | None = None
    memory: tuple[int, ...] | None = None
    min_memory: int = MEMORY_MIN_MB
    max_memory: int = MEMORY_MAX_MB
    precision: float | None = None
    architectures: tuple[Architecture, ...] | None = None
    isolate: bool | None = None
    image_uri_arm64: str | None = None
    image_uri_x86_64: str | None = None
    invocations: int | None = None
    lanes: int | None = None
    concurrency: int = 32
    workload: Workload = EMPTY_WORKLOAD
    goal: Goal = ANY_GOAL
    usage: Usage = ANY_USAGE
    telemetry: str = "auto"
    max_spend: float = 1.0
    seed: int = 1
    sleep_ms: int = 0
    rate: float = 5.0
    pre_processor: FunctionRef | None = None
    post_processor: FunctionRef | None = None
    prices: Path | None = None
    from_file: FromFile | None = None

    @property
    def adaptive(self) -> bool:
        """Whether sizes are searched for; sizes that are named are a grid."""
        return self.search == "adaptive" or (self.search is None and self.memory is None)


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
        UsageError: unknown key, a value that is not what its option takes, or a path in the file that leads out of
            its folder.
    """
    table = read_table(folder, "run")
    refuse_unknown(table, {*_RUN, "payload"}, "the table [run]")
    table = _placed(table)
    named = {name: environment.get(ENVIRONMENT_PREFIX + name.upper()) for name in (*_RUN, "payload")}
    named = _placed(named)
    named.update(_placed(options))
    given = {name: (value, Path()) for name, value in named.items() if value is not None}
    usual = {} if usual_payload is None else {"payload": (usual_payload, folder)}
    settings = {**usual, **{name: (value, folder) for name, value in table.items()}, **given}
    source, base = settings.pop("payload", (None, folder))
    parsed = _judged({name: _RUN[name](name, value) for name, (value, _) in settings.items()})
    set_by_file = {name: value for name, (value, _) in settings.items() if name not in given}
    if source is not None and "payload" not in given:
        set_by_file["payload"] = source
    told = from_file(folder, set_by_file)
    if "prices" in settings:
        parsed["prices"] = settings["prices"][1] / parsed["prices"]
    if "arch" in parsed:
        parsed["architectures"] = parsed.pop("arch")
    if source is not None:
        text = values.payload("payload", source)
        parsed["workload"] = parse_workload(read_payload(text, base), text)
    found = RunOptions(**parsed, from_file=told)
    # Who says on the command line how to search does not mean what a file says of the other way.
    decided = {"search", "memory"} & given.keys()
    _check_search(found, given if decided else settings)
    return _checked(found)


def load_local(folder: Path) -> LocalOptions:
    """The `local` table of the configuration file in the function's folder.

    Raises:
        UsageError: unknown key, a value that is not what its key takes, or a script outside of the folder.
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
    meant, others = ("adaptive", _ONLY_GRID) if options.adaptive else ("grid", _ONLY_ADAPTIVE)
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


def parse_judgement(options: Mapping[str, Any]) -> tuple[Goal, Usage]:
    """The goal and the usage that options ask for; None means not given.

    Raises:
        UsageError: a value that is not what its option takes.
    """
    given = {name: value for name, value in options.items() if value is not None}
    parsed = _judged({name: _JUDGEMENT[name](name, value) for name, value in given.items()})
    return parsed["goal"], parsed["usage"]


def _placed(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of one source that are given, with `in_place` turned into what it says of `isolate`.

    Raises:
        UsageError: both are given, and contradict each other.
    """
    given = {name: value for name, value in settings.items() if value is not None}
    if "in_place" not in given:
        return given
    isolate = not values.flag("in_place", given.pop("in_place"))
    if values.flag("isolate", given.get("isolate", isolate)) is not isolate:
        raise UsageError(
            "--in-place and --isolate contradict each other", hint="leave out one, or both to let the plan decide"
        )
    return {**given, "isolate": isolate}


def _judged(parsed: Mapping[str, Any]) -> dict[str, Any]:
    """The options, with those that concern judgement gathered in a goal and a usage."""
    kept = {name: value for name, value in parsed.items() if name not in _JUDGEMENT}
    wanted = {name: value for name, value in parsed.items() if name in _GOAL}
    if "max_cost" in wanted:
        wanted["max_cost"], wanted["max_cost_currency"] = wanted["max_cost"]
    goal = Goal(**wanted)
    usage = Usage(**{name: value for name, value in parsed.items() if name in _USAGE})
    return {**kept, "goal": goal, "usage": usage}


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
#: The options of a goal: where none of them is given, a run that was searched keeps its own.
GOAL_OPTIONS = frozenset(_GOAL)
#: The options that concern judgement, for commands that judge a run that was measured before.
JUDGEMENT_OPTIONS = frozenset(_JUDGEMENT)
_RUN: dict[str, Parser] = {
    **_JUDGEMENT,
    "search": values.choice(SEARCHES),
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
    "lanes": values.whole(1, 1_000),
    "concurrency": values.whole(1, 10_000),
    "telemetry": values.choice(TELEMETRY),
    "max_spend": values.positive,
    "seed": values.whole(0, 2**63 - 1),
    "sleep_ms": values.whole(0, 3_600_000),
    "rate": values.positive,
    "pre_processor": values.function,
    "post_processor": values.function,
    "prices": values.text,
}
#: The options of `powertune run` that a configuration file or the environment may set as well.
RUN_OPTIONS = frozenset({*_RUN, "payload"})
_LOCAL: dict[str, Parser] = {
    "handler": values.text,
    "runtime": values.text,
    "memory": values.whole(128, 10_240),
    "timeout": values.whole(1, 900),
    "setup": values.text,
    "payload": values.payload,
    "environment": values.environment,
}
