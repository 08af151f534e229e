"""The options of a gate: the table [gate] of the configuration file, the environment, then the command line."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from powertune.config import values
from powertune.config.from_file import inside
from powertune.config.option_names import GATE_KEYS, from_environment
from powertune.config.parsers import RUN_OPTIONS
from powertune.config.toml import read_table, refuse_unknown
from powertune.config.values import Parser
from powertune.errors import UsageError
from powertune.model import Architecture
from powertune.units import MEMORY_MAX_MB, MEMORY_MIN_MB, shown

ON_INCONCLUSIVE = ("pass", "warn", "fail")
LEVELS = ("error", "warn")
_S3 = "s3://"


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetSetting:
    """A budget that a table [[gate.budget]] asks for. `check` is not parsed yet: it is about metrics of a gate."""

    check: str
    level: str = "error"
    function: str | None = None
    arch: Architecture | None = None
    memory: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GateOptions:
    """How to gate. `budgets`, `max_regression` and `min_effect` are not parsed yet: they are about metrics of a gate.

    `memory` are the sizes to measure, None for the current one of the function. `functions` is how many functions the
    suite has, where each is gated by itself; None where they are gated together. `max_spend` is in the currency of
    the region. `baseline` names a results file, a folder or an `s3://` address, and `baseline_branch` the branch
    whose last one is meant.
    """

    budgets: tuple[str, ...] = ()
    budget: tuple[BudgetSetting, ...] = ()
    max_regression: str | None = None
    min_effect: str | None = None
    on_inconclusive: str = "fail"
    max_invocations: int | None = None
    max_spend: float = 1.0
    baseline: str | None = None
    baseline_branch: str | None = None
    memory: tuple[int, ...] | None = None
    invocations_per_month: float | None = None
    functions: int | None = None


def load_gate(folder: Path, environment: Mapping[str, str], options: Mapping[str, Any]) -> GateOptions:
    """Options from the command line, then POWERTUNE_* variables, then the `gate` table of the configuration file.

    Budgets add up: those of the environment come on top of those in the file, and those on the command line on top of
    both. All else overrides.

    Args:
        options: from the command line; None and an empty list mean not given.

    Raises:
        UsageError: an unknown key, an invalid value, or a baseline in the file that is outside of its folder.
    """
    table = read_table(folder, "gate")
    refuse_unknown(table, _GATE, "the table [gate]")
    named = from_environment(environment, GATE_KEYS, RUN_OPTIONS)
    given = {name: value for name, value in options.items() if value not in (None, [], ())}
    baseline = table.get("baseline")
    if isinstance(baseline, str) and not baseline.startswith(_S3):
        inside(folder, baseline, f"baseline {shown(baseline)} in the table [gate]")
        table = {**table, "baseline": str(folder / baseline)}
    sources = [{name: _GATE[name](name, value) for name, value in each.items()} for each in (table, named, given)]
    budgets = tuple(budget for source in sources for budget in source.get("budgets", ()))
    from_file, in_environment, parsed = sources
    return GateOptions(**{**from_file, **in_environment, **parsed, "budgets": budgets})


def _budgets(name: str, value: Any) -> tuple[str, ...]:
    """A text, or a list of them. Budgets in one text are parted by semicolons."""
    given = value.split(";") if isinstance(value, str) else value
    if not isinstance(given, list | tuple):
        raise UsageError(f"{name} {shown(value)} is not a list of texts", hint='write budgets = ["p(95)<300ms"]')
    budgets = tuple(text for each in given if (text := values.text(name, each).strip()))
    if not budgets and given:
        raise UsageError(
            f"{name} is empty",
            hint="give a budget such as 'p(95)<300ms'; a variable that it comes from may not be set",
        )
    return budgets


def _tables(name: str, value: Any) -> tuple[BudgetSetting, ...]:
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise UsageError(f"{name} {shown(value)} is not a list of tables", hint="write [[gate.budget]]")
    return tuple(map(_setting, value))


def _setting(table: Mapping[str, Any]) -> BudgetSetting:
    refuse_unknown(table, _BUDGET, "the table [[gate.budget]]")
    if "check" not in table:
        raise UsageError("a table [[gate.budget]] has no check", hint='write check = "p(95)<300ms"')
    return BudgetSetting(**{name: _BUDGET[name](name, value) for name, value in table.items()})


def _shares(name: str, value: Any) -> str:
    """Shares by metric: `duration=5%,cost=5%`, or a table of them."""
    if not isinstance(value, dict):
        return values.text(values.dashed(name), value)
    texts = {
        key: values.text(f"{name}.{key}", each if isinstance(each, str) else repr(each))
        for key, each in value.items()
    }
    return ",".join(f"{key}={text}" for key, text in texts.items())


def _memory(name: str, value: Any) -> tuple[int, ...] | None:
    """`current`, or sizes in MB."""
    if value == "current":
        return None
    sizes: tuple[int, ...] = values.memory(name, value)
    return sizes


def _architecture(name: str, value: Any) -> Architecture:
    return Architecture(values.choice(tuple(map(str, Architecture)))(name, value))


_BUDGET: Mapping[str, Parser] = {
    "check": values.text,
    "level": values.choice(LEVELS),
    "function": values.text,
    "arch": _architecture,
    "memory": values.whole(MEMORY_MIN_MB, MEMORY_MAX_MB),
}
_GATE: Mapping[str, Parser] = {
    "budgets": _budgets,
    "budget": _tables,
    "max_regression": _shares,
    "min_effect": _shares,
    "on_inconclusive": values.choice(ON_INCONCLUSIVE),
    "max_invocations": values.whole(1, 1_000_000),
    "max_spend": values.positive,
    "baseline": values.text,
    "baseline_branch": values.text,
    "memory": _memory,
    "invocations_per_month": values.volume,
    "functions": values.whole(1, 100_000),
}
