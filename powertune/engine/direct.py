"""The direct engine: this process looks at the function, plans, measures, and puts the function back."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from powertune.aws.client import Aws
from powertune.aws.copies.portability import check_copies
from powertune.aws.identity import SESSION_ENDS, about_end
from powertune.aws.lambda_function import LambdaFunction
from powertune.aws.preflight import Preflight, preflight
from powertune.aws.target import AwsTarget
from powertune.config import RunOptions
from powertune.config.from_file import FromFile, foreign_settings
from powertune.engine.access import TunedFunction
from powertune.engine.stopping import StoppableAccess, StoppableObserver, StoppableTarget, StopRequest
from powertune.errors import Interrupted, NotRestored
from powertune.measure import Observer, measure
from powertune.model import Advisory, FunctionRef, FunctionState, TuningRun
from powertune.plan import Plan, make_plan
from powertune.region_prices import RegionPrices
from powertune.search.hints import hints_of

#: How long a function, such as a processor, may run at most.
LONGEST_TIMEOUT_S = 900


class Interruptions(Protocol):
    """What became of a run that was interrupted.

    `restored`: the function is as it was found. `insisted`: a person has asked to leave it as it is.
    """

    restored: bool
    insisted: bool


def plan_run(
    subject: TunedFunction,
    options: RunOptions,
    prices: RegionPrices,
    *,
    run_id: str,
    now: float,
    earlier: TuningRun | None,
) -> Plan:
    """Look at the function, and decide what to do. Changes nothing.

    Args:
        now: seconds since the epoch.
        earlier: a run that was made before, to start a search from.

    Raises:
        UsageError: a grid is to start from an earlier run; or what `make_plan` raises.
        NotFound, FunctionRefused, FunctionBusy: as `preflight`.
    """
    if earlier is not None:
        options.check_earlier()
    aws = subject.access.aws(rate=options.rate)
    found = preflight(aws, subject.ref, now=now, usage=options.usage)
    told = by_file(options, found.state)
    check_processors(aws, options, told)
    plan = plan_for(aws, found, options, prices, run_id=run_id, earlier=earlier)
    about_session = about_end(subject.access.ends_at, plan.estimate.typical_s, now)
    return replace(plan, advisories=(*about_session, *plan.advisories), from_file=told)


def plan_for(
    aws: Aws,
    found: Preflight,
    options: RunOptions,
    prices: RegionPrices,
    *,
    run_id: str,
    earlier: TuningRun | None = None,
) -> Plan:
    """Decide what to do with what was found, with the advisories about it, and about the copies that it takes."""
    hints = () if earlier is None else hints_of(earlier)
    known = replace(found.known, hints=(*hints, *found.known.hints))
    plan = make_plan(options, found.state, prices, known, run_id=run_id)
    about_copies = check_copies(LambdaFunction.of(aws, plan.function), plan)
    advisories = (*plan.advisories, *found.advisories, *about_copies, *_another_function(earlier, plan))
    return replace(plan, advisories=advisories)


def measure_plan(
    subject: TunedFunction,
    options: RunOptions,
    plan: Plan,
    observer: Observer,
    request: StopRequest,
    *,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> TuningRun:
    """Measure, and leave the function as it was found, also if it is asked to stop at the worst moment.

    Args:
        request: asks for that, from another thread or from the handler of a signal.

    Raises:
        KeyboardInterrupt: it was stopped; `request` says whether the function is restored.
        NotRestored: a failure kept the function from being restored.
    """
    # Said before the run, it is of no use in a report of it.
    plan = replace(plan, advisories=tuple(each for each in plan.advisories if each.code != SESSION_ENDS))
    stoppable = replace(subject, access=StoppableAccess(access=subject.access, request=request))
    target = StoppableTarget(_target(stoppable, options, plan, clock=clock), request)
    try:
        return measure(plan, target, StoppableObserver(observer, request), clock=clock, sleep=request.sleeping(sleep))
    except KeyboardInterrupt:
        undo_once_more(target.undo, request)
        raise


def _target(subject: TunedFunction, options: RunOptions, plan: Plan, *, clock: Callable[[], float]) -> AwsTarget:
    """The hold of a run on its function. Nothing is asked of AWS yet."""
    processors = (options.pre_processor, options.post_processor)
    return AwsTarget(
        subject.access.aws(
            function_timeout_s=plan.function.timeout_s if processors == (None, None) else LONGEST_TIMEOUT_S,
            concurrency=plan.design.concurrency,
            rate=options.rate,
        ),
        plan,
        restore_command=subject.restore_command,
        processors=processors,
        clock=clock,
    )


def interrupted(interruptions: Interruptions, subject: TunedFunction, path: Path) -> Interrupted | NotRestored:
    """How a run ends that was interrupted.

    Args:
        path: the results file, which is there if anything was measured.
    """
    name = subject.ref.name
    if not interruptions.restored:
        return NotRestored(
            f"{name} may still hold a trial configuration: restoring was abandoned", hint=subject.restore_command
        )
    if not path.exists():
        return Interrupted(f"interrupted; {name} is restored", hint="nothing was measured yet")
    return Interrupted(
        f"interrupted; {name} is restored; what was measured is in {path}", hint=f"powertune report {path}"
    )


def undo_once_more(undo: Callable[[], None], interruptions: Interruptions) -> None:
    """Undo what an interruption has kept from being undone, unless a person has insisted on that.

    The first signal may arrive in the instant in which measuring has ended and undoing has not yet begun. Undoing
    twice is harmless.

    Raises:
        NotRestored: it could not be done.
    """
    if interruptions.restored or interruptions.insisted:
        return
    with suppress(KeyboardInterrupt):  # now they insist
        undo()
        interruptions.restored = True


def by_file(options: RunOptions, function: FunctionState) -> FromFile | None:
    """What a configuration file has set, and which of it leads to another account than the function's."""
    told = options.from_file
    account = FunctionRef.parse(function.arn).account_id
    if told is None or account is None:
        return told
    return replace(told, foreign=foreign_settings(told, account))


def check_processors(aws: Aws, options: RunOptions, told: FromFile | None) -> None:
    """See that the processors exist.

    What a file names in another account is not even looked at before a person has agreed to it.
    """
    distrusted = () if told is None else tuple(item.key for item in told.foreign)
    for key, processor in (("pre_processor", options.pre_processor), ("post_processor", options.post_processor)):
        if processor is not None and key not in distrusted:
            LambdaFunction(aws, processor).read(processor.qualifier)


def _another_function(earlier: TuningRun | None, plan: Plan) -> tuple[Advisory, ...]:
    """That an earlier run was of another function: its curve may have another shape."""
    if earlier is None or earlier.function.name == plan.function.name:
        return ()
    advisory = Advisory(
        code="another-function",
        message=f"the search begins where a run of {earlier.function.name} was best, which is another function",
        next_step=f"give --start-from a run of {plan.function.name}, or leave it out",
    )
    return (advisory,)
