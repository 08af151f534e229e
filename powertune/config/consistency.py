"""What options may not say together, in the words of the command line or of an execution's input."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from powertune.config import values
from powertune.config.options import CONCURRENCY, INVOCATIONS, MOST_INVOCATIONS, RunOptions
from powertune.errors import UsageError
from powertune.workload import min_invocations


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """What an option is called: `said` where a message names it, `asked` where a hint asks for it."""

    said: Callable[[str], str]
    asked: Callable[[str], str]


COMMAND_LINE = Naming(said=values.dashed, asked=lambda name: f"--{values.dashed(name)}")
#: What belongs to one search only.
_ONLY_GRID = ("memory",)
_ONLY_ADAPTIVE = ("min_memory", "max_memory", "precision")
#: What cold starts decide themselves.
_NOT_COLD = ("environments", "cold_share")


def check_search(options: RunOptions, given: Collection[str], naming: Naming = COMMAND_LINE) -> None:
    """Refuse options that belong to the other search, and bounds that hold nothing.

    Args:
        given: the names of the options that were given.
    """
    for name in _ONLY_GRID if options.adaptive else _ONLY_ADAPTIVE:
        if name in given:
            raise UsageError(
                f"{naming.said(name)} is not for the {options.policy} search",
                hint=_instead(name, given, naming.asked),
            )
    if options.min_memory > options.max_memory:
        raise UsageError(
            f"{naming.said('min_memory')} {options.min_memory} is more than {naming.said('max_memory')} "
            f"{options.max_memory}",
            hint="exchange them",
        )


def _instead(name: str, given: Collection[str], asked: Callable[[str], str]) -> str:
    """What says the same to the other search."""
    match name:
        case "memory":
            return (
                f"bound the search with {asked('min_memory')} and {asked('max_memory')}, "
                f"or leave {asked('search')} out"
            )
        case "precision":
            return f"take more {asked('invocations')}"
    return f"leave {asked(name)} out" if "memory" in given else f"name the sizes with {asked('memory')}"


def checked(options: RunOptions, given: Collection[str], naming: Naming = COMMAND_LINE) -> RunOptions:
    """The options, if they can be followed together; with as much concurrency as cold starts take.

    Raises:
        UsageError: too few invocations for the payloads; or what is not for cold starts.
    """
    if options.only_cold_starts:
        options = _cold(options, given, naming)
    needed = min_invocations(options.workload)
    asked = options.invocations or (MOST_INVOCATIONS if options.adaptive else INVOCATIONS)
    if asked < needed:
        raise UsageError(
            f"{asked} invocations are too few for {len(options.workload.payloads)} weighted payloads",
            hint=f"{naming.asked('invocations')} {needed} would send each at least once",
        )
    return options


def _cold(options: RunOptions, given: Collection[str], naming: Naming) -> RunOptions:
    """Each invocation takes an environment of its own, so all of a size's are made at one time."""
    cold = naming.said("only_cold_starts")
    if options.adaptive:
        raise UsageError(
            f"{cold} is not for the {options.policy} search",
            hint=f"name the sizes with {naming.asked('memory')}, or leave {naming.asked('search')} out",
        )
    for name in _NOT_COLD:
        if name in given:
            raise UsageError(
                f"{naming.said(name)} is not for {cold}: all invocations of a size are made at one time, and "
                "each counts as a cold start",
                hint=f"leave {naming.asked(name)} out",
            )
    if options.invocations == 1:
        raise UsageError(f"a single cold start of a size says little of {cold}", hint="take two or more")
    wanted = options.invocations or INVOCATIONS
    return options if "concurrency" in given else replace(options, concurrency=max(CONCURRENCY, wanted))
