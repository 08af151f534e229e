"""What settings are called: old names are still taken, and in the environment a misspelled one is found."""

from collections.abc import Collection, Mapping
from typing import Any

from powertune.config import values
from powertune.errors import UsageError
from powertune.units import shown

ENVIRONMENT_PREFIX = "POWERTUNE_"
#: Old names, which are taken wherever the new ones are.
RENAMED = {"lanes": "environments", "telemetry": "report_source"}
#: The options of a gate that a variable may set as well.
GATE_KEYS = (
    *("budgets", "max_regression", "min_effect", "on_inconclusive", "max_invocations", "max_spend", "baseline"),
    *("baseline_branch", "memory", "invocations_per_month", "functions"),
)
#: What is an option of the command line only, and has a variable that all of AWS's tools read.
_OF_AWS = {"region": "AWS_REGION", "profile": "AWS_PROFILE", "endpoint_url": "AWS_ENDPOINT_URL"}


def from_environment(
    environment: Mapping[str, str], known: Collection[str], others: Collection[str] = ()
) -> dict[str, str]:
    """The settings in POWERTUNE_* variables.

    Args:
        known: the options that are asked for.
        others: those of other commands, whose variables may be set as well.

    Raises:
        UsageError: a variable that sets nothing.
    """
    names = (*known, *RENAMED)
    taken = {_variable(name) for name in (*names, *others)}
    for variable in environment:
        if variable.startswith(ENVIRONMENT_PREFIX) and variable not in taken:
            raise UsageError(
                f"the environment variable {shown(variable)} sets no option",
                hint=_meant(variable, (*known, *others)),
            )
    return {name: environment[_variable(name)] for name in names if _variable(name) in environment}


def placed(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of one source that are given, under their present names; `in_place` as what it says of `isolate`.

    Raises:
        UsageError: two of them contradict each other.
    """
    given = {name: value for name, value in settings.items() if value is not None}
    for old, new in RENAMED.items():
        if old in given and new in given:
            raise UsageError(
                f"{values.dashed(old)} is the old name of {values.dashed(new)}: give one of them",
                hint=f"leave {values.dashed(old)} out",
            )
    given = {RENAMED.get(name, name): value for name, value in given.items()}
    if isinstance(given.get("payload"), str):
        given["payload"] = values.event_source(given["payload"])
    if "in_place" not in given:
        return given
    isolate = not values.flag("in_place", given.pop("in_place"))
    if values.flag("isolate", given.get("isolate", isolate)) is not isolate:
        raise UsageError(
            "--in-place and --isolate contradict each other", hint="leave out one, or both to let the plan decide"
        )
    return {**given, "isolate": isolate}


def _variable(name: str) -> str:
    return f"{ENVIRONMENT_PREFIX}{name.upper()}"


def _meant(variable: str, known: Collection[str]) -> str:
    """What to do about a variable that sets nothing. The prefix is left out: it makes all of them alike."""
    from difflib import get_close_matches

    name = variable.removeprefix(ENVIRONMENT_PREFIX).lower()
    if name in _OF_AWS:
        return f"set {_OF_AWS[name]}, which the AWS CLI reads too"
    near = get_close_matches(name, known, n=1)
    unset = "unset it: a variable sets a key of [run], as POWERTUNE_MEMORY sets memory; the region is AWS_REGION"
    return f"did you mean {_variable(near[0])}?" if near else unset
