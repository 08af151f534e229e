"""`powertune run` with several functions: what is refused before anything starts, and how it ends."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from powertune import files
from powertune.aws.identity import ConnectionOptions
from powertune.cli import command_line_checks, rendering
from powertune.cli.console import on_terminal, say
from powertune.cli.execution_checks import DIRECT, check_engine
from powertune.cli.many.finishing import SUMMARY, finish
from powertune.cli.many.planning import FunctionToTune, check_folder
from powertune.cli.many.sites import open_sites
from powertune.cli.many.targets import STDIN, check_kind, distinct_code
from powertune.cli.many.tuning import PARALLEL, ManyWishes, tune_functions
from powertune.cli.outputs import Output, refuse_overwriting
from powertune.cli.sources import payload_file
from powertune.config.values import whole
from powertune.errors import UsageError
from powertune.model import FunctionRef
from powertune.report import FUNCTIONS
from powertune.units import plural

_MOST_PARALLEL = 32
#: Options that name what only one function can have.
_OF_ONE = ("start_from", "from_", "image_uri_arm64", "image_uri_x86_64")


@dataclass(frozen=True, slots=True, kw_only=True)
class ManyRequest:
    """The command line. `given` are the options of a run that were given, by name, and `engine` those about it.

    `listed` is the file that names functions, and `parallel` the option about how many at a time.
    """

    given: Mapping[str, Any]
    place: ConnectionOptions
    engine: Mapping[str, str | None]
    outputs: Sequence[Output]
    listed: str | None
    parallel: str | None
    save: str | None
    dry_run: bool
    yes: bool
    quiet: bool


def run_several(targets: Sequence[str], request: ManyRequest) -> None:
    """Tune several functions, from the checks to the exit code.

    Raises:
        NotRestored: a function may still hold a trial configuration.
        Interrupted: by the person; every function is restored.
        UsageError: the command line cannot be followed.
        PowertuneError: a function has no answer; the first one's reason.
    """
    code = check_kind(targets)
    at_once = whole(1, _MOST_PARALLEL)("parallel", request.parallel) if request.parallel else PARALLEL
    budget = _check_options(targets, request, code=code)
    _check_outputs(request)
    if code:
        targets = distinct_code(targets)
    if not (code or request.yes or request.dry_run or on_terminal()):
        raise UsageError(
            f"no terminal to ask on before measuring {plural(len(targets), 'function')} on AWS",
            hint="add --yes to measure without being asked, or --dry-run to see the plans",
        )
    save = None if request.save is None else check_folder(request.save, len(targets))
    if save is not None:
        files.check_writable(save / SUMMARY)
    wishes = ManyWishes(
        at_once=at_once,
        max_spend=budget,
        outputs=request.outputs,
        save=save,
        dry_run=request.dry_run,
        ask=not (request.yes or code),
        quiet=request.quiet,
    )
    wanted = [FunctionToTune(target=target, told=request.given) for target in targets]
    with ExitStack() as signals:
        with open_sites(targets, request.place, quiet=request.quiet) as sites:
            results = tune_functions(wanted, sites, wishes, signals)
        if results is not None:
            finish(results, wishes)


def _check_options(targets: Sequence[str], request: ManyRequest, *, code: bool) -> float:
    """Refuse options that are for one function, and those that cannot be taken; returns the budget of all."""
    count = plural(len(targets), "function")
    for name in _OF_ONE:
        if request.given.get(name) is not None:
            option = name.strip("_").replace("_", "-")
            raise UsageError(
                f"--{option} is for one function, and the command line names {count}",
                hint="leave it out, or tune that function in a run of its own",
            )
    machine = {name: value for name, value in request.engine.items() if name != "engine"}
    if check_engine(request.engine["engine"], machine) != DIRECT:
        raise UsageError(
            f"an execution of the state machine measures one function, and the command line names {count}",
            hint="leave --engine out, or start an execution for each function",
        )
    if request.listed == STDIN and request.given.get("payload") == "@-":
        raise UsageError("stdin cannot be both --functions-from and --payload", hint="give one of them as a file")
    place = request.place
    if code:
        budgets = []
        for target in targets:
            command_line_checks.check_place(
                target,
                {"region": place.region, "profile": place.profile, "endpoint_url": place.endpoint_url},
            )
            budgets.append(command_line_checks.check_options(target, request.given).max_spend)
        if request.parallel not in (None, "1") and not request.quiet:
            say("note: functions on this machine share its cores, so they are measured one after another")
        return max(budgets)
    command_line_checks.check_region(place.region)
    for target in targets:
        command_line_checks.check_region(FunctionRef.parse(target).region)
    return command_line_checks.check_options(targets[0], request.given).max_spend


def _check_outputs(request: ManyRequest) -> None:
    """Refuse reports that are of one function, and those that would replace a file that matters."""
    for output in request.outputs:
        if output.shown:
            raise UsageError("--open shows the report of one function", hint="powertune report FILE --open")
        if output.format not in FUNCTIONS.formats:
            raise UsageError(
                f"{output.format} is a report of one function",
                hint=f"of several: {', '.join(FUNCTIONS.formats)}; `powertune report FILE` makes it of each "
                "results file",
            )
    if request.dry_run:
        rendering.check_plan_outputs(request.outputs)
    listed = None if request.listed == STDIN else request.listed
    read = [request.given.get("prices"), payload_file(request.given.get("payload")), listed]
    summary = None if request.save is None else Path(request.save) / SUMMARY
    refuse_overwriting([output.path for output in request.outputs], [*read, summary])
