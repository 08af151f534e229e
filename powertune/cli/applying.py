"""The steps of an apply at a terminal: what is read, shown, asked and said around the engine."""

import secrets
import shlex
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from powertune import results
from powertune.analysis import analyze
from powertune.aws.connection import Connection, connect
from powertune.aws.identity import ConnectionOptions, about_end
from powertune.aws.lambda_function import LambdaFunction
from powertune.cli.apply_progress import ApplyProgress
from powertune.cli.command_line_checks import region_of
from powertune.cli.console import confirmed, on_terminal, say, terminal_width, write_stdout
from powertune.cli.interrupts import Interrupts, interruptible
from powertune.cli.sources import load_prices
from powertune.cli.tables.apply import apply_text, done_text
from powertune.config import parse_judgement, values
from powertune.config.aliases import check_alias_name
from powertune.engine.applying.applier import AppliedConfiguration, Surroundings, apply_plan
from powertune.engine.applying.canary import ON_AWS
from powertune.engine.applying.finding import find
from powertune.engine.applying.model import LEAST_WATCH_S, ApplyPlan, ApplyRequest, Canary
from powertune.engine.applying.plan import choose, plan_apply
from powertune.engine.applying.refusals import check_alias
from powertune.engine.restoring import restore_command
from powertune.errors import Interrupted, NotRestored, UsageError
from powertune.model import Advisory, Configuration, FunctionRef, TuningRun
from powertune.units import parse_memory_list

#: What matters to a canary only.
_OF_A_CANARY: Mapping[str, Callable[[str, Any], Any]] = MappingProxyType(
    {"watch": values.span, "max_p95_increase": values.share, "min_invocations": values.whole(1, 1_000_000_000)}
)
_FIELDS = MappingProxyType({"watch": "watch_s"})
_UNDOING = "rolling back"
_INSIST = "rolling back; press Ctrl-C once more to leave everything as it is"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """Where, and how much is asked and said."""

    place: ConnectionOptions
    dry_run: bool
    yes: bool
    quiet: bool

    def check_consent(self, what: str) -> None:
        """Refuse, before anything is opened, a change with nobody there to be asked.

        Raises:
            UsageError: there is neither a terminal nor --yes.
        """
        if not (self.yes or self.dry_run or on_terminal()):
            raise UsageError(
                f"no terminal to ask on before {what}",
                hint="add --yes to change it without being asked, or --dry-run to see what would be changed",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedChange:
    """What a file says should be applied; no configuration if the function is to stay as it is."""

    run: TuningRun
    configuration: Configuration | None
    asked: ApplyRequest
    advisories: tuple[Advisory, ...]


def parse_asked(memory: str | None, alias: str | None, given: Mapping[str, Any]) -> ApplyRequest:
    """What the options ask for.

    Raises:
        UsageError: a value that is not what its option takes.
    """
    if alias is not None:
        check_alias_name("--alias", alias)
    size = None if memory is None else _size(memory)
    return ApplyRequest(memory_mb=size, alias=alias, canary=_canary(given))


def _size(memory: str) -> int:
    try:
        sizes = parse_memory_list(memory)
    except UsageError as error:
        raise UsageError(error.message, hint="for example --memory 512") from None
    if len(sizes) > 1:
        raise UsageError(f"--memory {memory} names {len(sizes)} sizes", hint="name the one to apply")
    return sizes[0]


def _canary(given: Mapping[str, Any]) -> Canary | None:
    if "canary" not in given:
        for name in _OF_A_CANARY:
            if name in given:
                raise UsageError(f"--{values.dashed(name)} is for a canary", hint="add --canary 10%, or leave it out")
        return None
    share = values.share("--canary", given["canary"])
    if not 0 < share < 1:
        raise UsageError(
            f"--canary {given['canary']} leaves no invocations to one of the versions", hint="for example 10%"
        )
    parsed = {
        _FIELDS.get(name, name): _OF_A_CANARY[name](f"--{values.dashed(name)}", given[name])
        for name in _OF_A_CANARY
        if name in given
    }
    return Canary(share=share, **parsed)


def read_wanted(file: str, judged: Mapping[str, Any], prices: str | None, asked: ApplyRequest) -> WantedChange:
    """The configuration that a results file, judged as the options say, recommends; or the one that was named.

    Raises:
        FunctionFailed, Inconclusive: the file has no answer.
        UsageError: a file cannot be read, or a size that was named did not work.
    """
    if not file:
        raise UsageError("no results file is named", hint="`powertune run` says where it has written one")
    if asked.memory_mb is not None and judged:
        name = values.dashed(next(iter(judged)))
        raise UsageError(
            f"--{name} is for a recommendation, and --memory names the size", hint="leave one of them out"
        )
    run = results.load(Path(file))
    table = load_prices(Path(prices) if prices else None)
    analysis = analyze(run, table, *parse_judgement(judged, run.design.goal, run.design.usage))
    chosen, advisories = choose(analysis, asked.memory_mb)
    measured = run.function.qualifier
    if asked.alias is None and measured is not None and not measured.isdecimal():
        asked = replace(asked, alias=measured)
    check_alias(asked)
    return WantedChange(run=run, configuration=chosen, asked=asked, advisories=advisories)


def apply(wanted: WantedChange, manner: Manner) -> None:
    """Plan, show, ask, and do it; say what was done.

    Raises:
        Interrupted, NotRestored: by the person.
        PowertuneError: as `apply_plan`.
    """
    run, chosen = wanted.run, wanted.configuration
    if chosen is None:
        say(f"nothing to do: run {run.run_id} recommends that {run.function.name} stays at {run.function.current}")
        return
    ref = FunctionRef.parse(run.function.arn)
    region = region_of(ref, manner.place.region)
    manner.check_consent(f"changing {run.function.name}")
    with connect(replace(manner.place, region=region)) as connection:
        around = _Around(connection, ref.name, wanted.asked.alias)
        plan = _plan(wanted, chosen, around)
        if plan is None:
            say(f"nothing to do: {around.target} has {chosen} already")
        elif manner.dry_run:
            write_stdout(apply_text(plan, around.rollback).encode())
        elif _agreed(plan, around.rollback, manner):
            done = _apply(plan, around, quiet=manner.quiet)
            say(done_text(plan, done, around.rollback))


@dataclass(frozen=True, slots=True)
class _Around:
    """The function on AWS."""

    connection: Connection
    name: str
    alias: str | None

    @property
    def target(self) -> str:
        return self.name if self.alias is None else f"{self.name}:{self.alias}"

    @property
    def restore(self) -> str:
        return restore_command(self.name, self.connection.place)

    @property
    def rollback(self) -> str:
        return rollback_command(self.target, self.connection.place)


def rollback_command(target: str, place: ConnectionOptions) -> str:
    """What to type to take an apply back."""
    options = {"--region": place.region, "--profile": place.profile, "--endpoint-url": place.endpoint_url}
    given = [word for name, value in options.items() if value for word in (name, value)]
    return shlex.join(["powertune", "apply", "--rollback", target, *given])


def _plan(wanted: WantedChange, chosen: Configuration, around: _Around) -> ApplyPlan | None:
    aws = around.connection.aws()
    asked, now = wanted.asked, time.time()
    found = find(
        aws, LambdaFunction(aws, FunctionRef(name=around.name)), wanted.run, asked, now=now, restore=around.restore
    )
    if asked.canary is not None and asked.canary.watch_s < LEAST_WATCH_S and found.latest.platform is None:
        raise UsageError(
            f"--watch {asked.canary.watch_s:.0f}s is too short: Lambda sends its metrics by the minute",
            hint="for example --watch 10m",
        )
    takes_s = 0.0 if asked.canary is None else ON_AWS.takes_s(asked.canary.watch_s) + wanted.run.function.timeout_s
    about_session = about_end(around.connection.ends_at, takes_s, now)
    advisories = (*about_session, *wanted.advisories)
    return plan_apply(wanted.run, chosen, asked, found, apply_id=secrets.token_hex(4), advisories=advisories)


def _agreed(plan: ApplyPlan, rollback: str, manner: Manner) -> bool:
    if not (manner.yes and manner.quiet):
        say(apply_text(plan, rollback, width=terminal_width(sys.stderr)).rstrip())
    if manner.yes or confirmed("apply this?"):
        return True
    say("nothing was changed")
    return False


def _apply(plan: ApplyPlan, around: _Around, *, quiet: bool) -> AppliedConfiguration:
    with interruptible(_UNDOING, _INSIST) as interrupts:
        surroundings = Surroundings(
            aws=around.connection.aws(),
            rollback=around.rollback,
            restore=around.restore,
            observer=ApplyProgress(plan.function.name, quiet=quiet),
            clock=time.time,
            sleep=time.sleep,
        )
        try:
            return apply_plan(plan, surroundings, interrupts)
        except KeyboardInterrupt:
            raise _interrupted(interrupts, plan, around.rollback) from None


def _interrupted(interrupts: Interrupts, plan: ApplyPlan, rollback: str) -> Interrupted | NotRestored:
    name = plan.function.name
    if interrupts.restored:
        return Interrupted(f"interrupted; {name} is as it was before", hint="nothing was applied")
    return NotRestored(f"{name} is left with what was applied so far: rolling back was abandoned", hint=rollback)
