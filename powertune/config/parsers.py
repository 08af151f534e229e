"""What each option of a run is parsed by, wherever it is given."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from powertune.config import values
from powertune.config.option_names import RENAMED
from powertune.config.options import ANY_GOAL, ANY_USAGE, REPORT_SOURCES
from powertune.config.values import Parser
from powertune.model import Goal, Usage
from powertune.search import policies
from powertune.units import MEMORY_MAX_MB, MEMORY_MIN_MB


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


def judged(parsed: Mapping[str, Any]) -> dict[str, Any]:
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
RUN: dict[str, Parser] = {
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
    "allowed_errors": values.error_types,
    "only_cold_starts": values.flag,
}
#: The options of `powertune run` that a configuration file or the environment may set as well.
RUN_OPTIONS = frozenset({*RUN, *RENAMED, "payload"})
