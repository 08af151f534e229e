"""Plans for several functions, before anything is measured: one that cannot be planned ends no other."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from powertune.cli import tuning
from powertune.cli.console import say
from powertune.cli.many.sites import Sites
from powertune.cli.site import Site
from powertune.cli.sources import payload_reader
from powertune.config import RunOptions
from powertune.engine.many.runs import PlannedFunction
from powertune.errors import Interrupted, NotRestored, PowertuneError, UsageError
from powertune.model import Architecture, FunctionRef, FunctionState
from powertune.plan import Plan
from powertune.region_prices import RegionPrices
from powertune.report.functions import RefusedFunction
from powertune.units import shown

#: Reads what --payload names.
PayloadReader = Callable[[str, Path], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionToTune:
    """A function to tune, and what its run is told.

    `alone` is its own architecture, if it may be measured on that alone where both are not possible; None otherwise.
    """

    target: str
    told: Mapping[str, Any] = field(default_factory=dict)
    alone: Architecture | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedFunctions:
    """The functions that can be tuned, and those that cannot."""

    functions: tuple[PlannedFunction, ...]
    refusals: tuple[RefusedFunction, ...]


def plan_functions(
    wanted: Sequence[FunctionToTune], sites: Sites, *, save: Path | None, quiet: bool
) -> PlannedFunctions:
    """Look at each function, and decide what to do with it. Changes nothing.

    Args:
        save: the folder of the results files; None for that of the options.

    Raises:
        NotRestored: what a dead run had left could not be undone.
    """
    functions: dict[tuple[str, str | None], PlannedFunction] = {}
    refusals = []
    read: PayloadReader | None = None
    for number, each in enumerate(wanted, start=1):
        if not quiet:
            say(f"looking at {each.target} ({number} of {len(wanted)})")
        try:
            site = sites.site(each.target)
            read = read or cache(payload_reader(site.read_s3))
            found = _function(each, site, read)
            if len(wanted) > 1:
                _check_images(found.plan)
        except (Interrupted, NotRestored):
            raise
        except PowertuneError as error:
            refusals.append(RefusedFunction(target=each.target, error=error))
            continue
        before = functions.setdefault(_key(found.plan.function), found)
        if before is not found:
            say(f"note: {each.target} is the function that {before.target} names, and is measured once")
    return PlannedFunctions(functions=_placed(tuple(functions.values()), save), refusals=tuple(refusals))


def plan_one(
    site: Site,
    told: Mapping[str, Any],
    *,
    read: PayloadReader | None = None,
    name: str = "",
    alone: Architecture | None = None,
) -> tuple[RunOptions, RegionPrices, Plan]:
    """Plan a run; a function that cannot run on both architectures is measured on its own, if it may be.

    Only planning is done again: a run that has failed while it measured has been paid for.

    Args:
        name: what a person calls the function.
        alone: its own architecture, if it may be measured on that alone; None otherwise.
    """
    try:
        options = tuning.load_options(site, told, read)
        prices = tuning.region_prices(site, options)
        return options, prices, tuning.plan_run(site, options, prices)
    except UsageError as error:
        if alone is None or "arch" not in told:
            raise
        say(f"{name}: {error.message}; measured on {alone} alone")
        return plan_one(site, {key: value for key, value in told.items() if key != "arch"}, read=read)


def file_names(functions: Iterable[FunctionState]) -> tuple[str, ...]:
    """A name for the results file of each: function, region and alias, with dots, which are part of none of them.

    Names differ also where capitals do not count. Functions of one name in two accounts are numbered.
    """
    names: list[str] = []
    for function in functions:
        parts = (function.name, function.region, function.qualifier)
        stem = ".".join(tuning.as_file_name(part) for part in parts if part)
        taken = {name.casefold() for name in names}
        name, number = f"{stem}.json", 2
        while name.casefold() in taken:
            name, number = f"{stem}.{number}.json", number + 1
        names.append(name)
    return tuple(names)


def check_folder(save: str, count: int) -> Path:
    """The folder that --save names for several functions, which is made.

    Raises:
        UsageError: it names a file or nothing, or the folder cannot be made.
    """
    if not save:
        raise UsageError("--save names no folder", hint="name one, or leave --save out")
    folder = Path(save)
    if not (save.endswith("/") or folder.is_dir()):
        raise UsageError(
            f"--save {shown(save)} is one file, and {count} functions are named",
            hint=f"name a folder: --save {save.removesuffix('.json')}/",
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"cannot make the folder {shown(save)}: {error.strerror}", hint="choose another place with --save"
        ) from None
    return folder


def _function(wanted: FunctionToTune, site: Site, read: PayloadReader) -> PlannedFunction:
    options, prices, plan = plan_one(site, wanted.told, read=read, name=wanted.target, alone=wanted.alone)
    return PlannedFunction(
        target=wanted.target,
        subject=site.subject,
        options=options,
        prices=prices,
        plan=plan,
        path=options.results_folder,
    )


def _check_images(plan: Plan) -> None:
    """Refuse an image that a file or a variable names: it would be measured in the place of every function's code.

    Raises:
        UsageError: one would be measured.
    """
    named = [architecture for architecture, _ in plan.image_uris if architecture in plan.copies]
    if named:
        option = f"image-uri-{named[0].replace('_', '-')}"
        raise UsageError(
            f"{option} is set for all functions, and an image is of one",
            hint=f"tune {plan.function.name} in a run of its own, or take {option} out of the configuration file",
        )


def _key(function: FunctionState) -> tuple[str, str | None]:
    return FunctionRef.parse(function.arn).unqualified, function.qualifier


def _placed(functions: tuple[PlannedFunction, ...], save: Path | None) -> tuple[PlannedFunction, ...]:
    """The functions with the files of their runs."""
    if save is None:
        return tuple(replace(each, path=tuning.results_path(each.path, each.plan)) for each in functions)
    names = file_names(each.plan.function for each in functions)
    return tuple(replace(each, path=save / name) for each, name in zip(functions, names, strict=True))
