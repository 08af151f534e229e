"""The steps of a gate at a terminal: what is measured, asked and shown around the engine."""

import os
import secrets
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from powertune import __version__, results
from powertune.aws.connection import Connection, connect
from powertune.aws.identity import SESSION_ENDS
from powertune.aws.objects import Objects
from powertune.cli import tuning
from powertune.cli.baseline_places import open_source
from powertune.cli.console import confirmed, say
from powertune.cli.gate_progress import GateObserver
from powertune.cli.gate_request import GateRequest
from powertune.cli.github import tell_github
from powertune.cli.interrupts import interruptible
from powertune.cli.local_sides import ENVIRONMENTS, deploy_sides, find_candidate, open_base
from powertune.cli.rendering import show
from powertune.cli.site import Site, open_site
from powertune.cli.sources import load_prices, payload_reader
from powertune.cli.trust import settings_lines, trusted
from powertune.config import RunOptions, load_run
from powertune.config.gate_options import GateOptions
from powertune.engine.baselines.lookup import BaselineSource, Wanted
from powertune.engine.gate_effort import effort_of
from powertune.engine.gating import GateTerms, JudgedGate, LiveFunction, LivePair, PlannedGate, judge_live, plan_gate
from powertune.errors import Interrupted
from powertune.gate.judging import judge
from powertune.gate.matching import match_cases
from powertune.gate.model import Case, GatedRun
from powertune.gate.result import GateResult, OnInconclusive
from powertune.gate.rules import Rules
from powertune.gate.sequence import MOST_ENVIRONMENTS, WARM_INVOCATIONS, GateLimits
from powertune.model import FunctionRef
from powertune.prices import PriceTable
from powertune.report import GATE
from powertune.units import format_usd, plural, printable

_ENDING = "ending the gate; what was measured is saved"
#: Nothing is spent on this machine, so that no budget is meant to end a gate there.
NO_BUDGET = 1e6
_LEFT_OUT = frozenset({SESSION_ENDS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """How a gate is run: what it judges by, and at which prices."""

    options: GateOptions
    rules: Rules
    prices: PriceTable


def gate(request: GateRequest) -> None:
    """The gate that was asked for, from its options to its exit code.

    Raises:
        GateFailed, GateInconclusive: the build fails.
        UsageError, ...: the gate could not be judged.
    """
    setting = setting_of(request)
    result = _judged(request, setting)
    if result is not None:
        finish(result, request)


def _judged(request: GateRequest, setting: Setting) -> GateResult | None:
    if request.files:
        return gate_files(request, setting)
    if request.subject.local is not None:
        return gate_code(request, setting)
    if setting.options.memory is None:
        return gate_functions(request, setting)
    return gate_sizes(request, setting)


def setting_of(request: GateRequest) -> Setting:
    """Everything that is known before anything is opened.

    Raises:
        UsageError: an option that does not parse, or nothing to judge by.
    """
    options = request.options(os.environ)
    prices = load_prices(Path(request.prices) if request.prices else None)
    return Setting(options=options, rules=request.rules(options), prices=prices)


def gate_files(request: GateRequest, setting: Setting) -> GateResult:
    """Judge results files.

    Raises:
        UsageError: a file that cannot be read, or does not go with the baseline.
    """
    candidates = [gated_file(file) for file in request.files]
    return judged_with_stored(candidates, request, setting, measured=False)


def gate_sizes(request: GateRequest, setting: Setting) -> GateResult | None:
    """Measure functions on AWS at several sizes, as `powertune run` does, and judge them.

    None if a person does not agree.

    Raises:
        Interrupted, NotRestored, ...: as of a run.
    """
    candidates = []
    for target in request.subject.run or ():
        with open_site(target, request.place, quiet=request.quiet) as site:
            options = _site_options(site, request, setting)
            region_prices = tuning.region_prices(site, options)
            plan = tuning.plan_run(site, options, region_prices)
            if not tuning.agreed(plan, ask=not request.yes, quiet=request.quiet):
                return None
            path = tuning.results_path(options.results_folder, plan)
            run = tuning.measure_plan(site, options, plan, path, quiet=request.quiet)
        candidates.append(GatedRun(run=run, label=target, package_bytes=run.function.package_bytes))
    return judged_with_stored(candidates, request, setting, measured=True)


def judged_with_stored(
    candidates: Sequence[GatedRun], request: GateRequest, setting: Setting, *, measured: bool
) -> GateResult:
    """Judge candidates, each with its stored baseline if there are any.

    Raises:
        UsageError: there is none of a candidate, or it does not go with it.
    """
    cases: list[Case] = []
    with open_source(setting.options.baseline, setting.options.baseline_branch, request.place) as source:
        for candidate in candidates:
            stored = () if source is None else (source.baseline_of(_wanted(candidate)),)
            cases.extend(match_cases([candidate], stored))
    judgement = judge(cases, setting.rules, setting.prices)
    judged = JudgedGate(cases=tuple(cases), judgement=judgement, spent=None, stopped=None)
    return result_of(judged, setting, measured=measured)


def gate_functions(request: GateRequest, setting: Setting) -> GateResult | None:
    """Measure functions on AWS as they are, and judge them; None if a person does not agree.

    Raises:
        Interrupted: by the person; what was measured is saved.
        NotFound, AccessDenied, FunctionRefused, Changed, ...: as the engine says.
    """
    pairs = _pairs(request)
    place = replace(request.place, region=request.region)
    stored_at = None if request.against.baseline_run else setting.options.baseline
    branch = setting.options.baseline_branch
    with ending_gently(), connect(place) as connection, open_source(stored_at, branch, place) as source:
        run_options = run_options_of(request, setting.options, Path(), None, connection)
        sides = sum(len(pair.sides) for pair in pairs)
        run_options = _with_concurrency(run_options, request, MOST_ENVIRONMENTS * sides)
        gate = _plan(connection, pairs, run_options, setting)
        stored = {} if source is None else _stored(gate, source)
        if not agreed(gate, request, run_options):
            return None
        limits = GateLimits(max_invocations=setting.options.max_invocations, max_spend=run_options.max_spend)
        terms = GateTerms(rules=setting.rules, limits=limits, prices=setting.prices, stored=stored)
        return result_of(_measured(connection, gate, run_options, terms, request), setting)


def gate_code(request: GateRequest, setting: Setting) -> GateResult:
    """Measure code on this machine, side by side with that of another commit if one is named, and judge it.

    Raises:
        Interrupted: by the person; what was measured is saved.
        UsageError: there is no such code or commit.
    """
    candidate = find_candidate(str(request.subject.local))
    with (
        ending_gently(),
        open_base(candidate, request.against.baseline_ref, quiet=request.quiet) as (mine, base),
        deploy_sides(mine, base, setting.options.memory, quiet=request.quiet) as deployed,
    ):
        connection, folder = deployed.served.connection, candidate.folder.path
        sides = sum(len(pair.sides) for pair in deployed.pairs)
        run_options = run_options_of(request, setting.options, folder, candidate.options.payload, connection)
        run_options = _with_concurrency(run_options, request, ENVIRONMENTS * sides)
        if request.limits.max_spend is None:
            run_options = replace(run_options, max_spend=NO_BUDGET)
        gate = _plan(connection, deployed.pairs, run_options, setting)
        most = setting.options.max_invocations or sides * ENVIRONMENTS * (1 + WARM_INVOCATIONS)
        limits = GateLimits(max_invocations=most, max_spend=run_options.max_spend)
        terms = GateTerms(rules=setting.rules, limits=limits, prices=setting.prices)
        return result_of(_measured(connection, gate, run_options, terms, request), setting)


def finish(result: GateResult, request: GateRequest) -> None:
    """Write the reports, tell GitHub, and end as the gate has.

    Raises:
        GateFailed, GateInconclusive: the build fails.
        UsageError: a report cannot be written.
    """
    show(GATE, result, request.outputs, quiet=request.quiet)
    tell_github(result, os.environ)
    if result.failure is not None:
        raise result.failure
    if not request.quiet and not any(output.on_stdout for output in request.outputs):
        say(printable(result.headline))


def result_of(judged: JudgedGate, setting: Setting, *, measured: bool = True) -> GateResult:
    """The judged gate, with what a report tells beside."""
    candidates = dict.fromkeys(case.candidate.label for case in judged.cases)
    theirs = dict.fromkeys(case.baseline.label for case in judged.cases if case.baseline is not None)
    return GateResult(
        judgement=judged.judgement,
        candidate=", ".join(candidates),
        baseline=", ".join(theirs) or None,
        effort=effort_of(judged.cases, setting.prices, measured=measured),
        tool_version=__version__,
        judged_at=time.time(),
        side_by_side=any(case.side_by_side for case in judged.cases),
        on_inconclusive=OnInconclusive(setting.options.on_inconclusive),
        stopped=judged.stopped,
    )


def gated_file(file: str) -> GatedRun:
    """A results file as a candidate or a baseline.

    Raises:
        UsageError: it cannot be read.
    """
    run = results.load(Path(file))
    return GatedRun(run=run, label=Path(file).name, package_bytes=run.function.package_bytes)


@contextmanager
def ending_gently() -> Iterator[None]:
    """One interruption ends the block; those after it only get notice, so that cleaning up is not interrupted.

    Raises:
        Interrupted: in the place of KeyboardInterrupt.
    """
    with interruptible(_ENDING, _ENDING, keyboard=lambda: False):
        try:
            yield
        except KeyboardInterrupt:
            raise Interrupted("interrupted", hint="what was measured is saved; nothing was changed") from None


def run_options_of(
    request: GateRequest, gate_options: GateOptions, folder: Path, payload: str | None, connection: Connection
) -> RunOptions:
    """The options that measuring takes, also those of the table [run]."""

    def read_s3(bucket: str, key: str) -> bytes:
        return Objects(aws=connection.aws(), bucket=bucket).read(key)

    given = {name: value for name, value in request.subject.for_runs.items() if value is not None}
    found = load_run(folder, os.environ, given, payload_reader(read_s3), usual_payload=payload)
    folder_of_results = found.results_folder if request.keeping.save is None else Path(request.keeping.save)
    return replace(
        found,
        memory=None,
        max_spend=gate_options.max_spend,
        results_folder=folder_of_results,
        usage=replace(
            found.usage,
            invocations_per_month=gate_options.invocations_per_month or found.usage.invocations_per_month,
        ),
    )


def _site_options(site: Site, request: GateRequest, setting: Setting) -> RunOptions:
    """The options of an ordinary run at the sizes of the gate."""
    given = {
        **request.subject.for_runs,
        "memory": ",".join(map(str, setting.options.memory or ())),
        "max_spend": str(setting.options.max_spend),
        "results_folder": request.keeping.save,
    }
    return tuning.load_options(site, given)


def _with_concurrency(options: RunOptions, request: GateRequest, usual: int) -> RunOptions:
    return options if request.subject.concurrency is not None else replace(options, concurrency=usual)


def _pairs(request: GateRequest) -> tuple[LivePair, ...]:
    runs = request.subject.run or []
    beside: Sequence[str | None] = request.against.baseline_run or [None] * len(runs)
    return tuple(
        LivePair(
            candidate=LiveFunction(ref=FunctionRef.parse(run)),
            baseline=None if other is None else LiveFunction(ref=FunctionRef.parse(other)),
        )
        for run, other in zip(runs, beside, strict=True)
    )


def _plan(connection: Connection, pairs: tuple[LivePair, ...], options: RunOptions, setting: Setting) -> PlannedGate:
    run_id = secrets.token_hex(4)
    return plan_gate(connection, pairs, options, setting.prices, run_id=run_id, now=time.time())


def _stored(gate: PlannedGate, source: BaselineSource) -> Mapping[str, GatedRun]:
    """The baseline of each candidate, looked for before anything is measured."""
    return {
        name: source.baseline_of(
            Wanted(
                function=side.plan.function.name,
                region=side.plan.function.region,
                configurations=(side.plan.function.current,),
                payloads=side.plan.design.payloads,
            )
        )
        for name, _ in gate.pairs
        for side in (gate.side(name),)
    }


def _wanted(candidate: GatedRun) -> Wanted:
    run = candidate.run
    return Wanted(
        function=run.function.name,
        region=run.function.region,
        configurations=tuple(each.configuration for each in run.measurements),
        payloads=run.design.payloads,
    )


def agreed(gate: PlannedGate, request: GateRequest, options: RunOptions) -> bool:
    """Show what is going to be measured, and ask; whoever says no is told that nothing was done."""
    ask = not request.yes
    told = gate.sides[0].plan.from_file
    if ask or not request.quiet:
        for side in gate.sides:
            at_once = plural(side.plan.design.concurrency, "invocation")
            say(f"{side.label} is invoked as it is, at {side.plan.function.current}: at most {at_once} at one time")
        currency = gate.sides[0].plan.prices.currency
        say(f"all together cost at most {format_usd(options.max_spend, currency)}; nothing is changed")
        for line in settings_lines(told):
            say(line)
    for side in gate.sides:
        for advisory in side.plan.advisories:
            if not request.quiet or advisory.code in _LEFT_OUT:
                say(f"warning: {side.label}: {advisory.message}; {advisory.next_step}")
    if trusted(told, ask=ask) and (not ask or confirmed("measure?")):
        return True
    say("nothing was measured")
    return False


def result_files(gate: PlannedGate, folder: Path) -> Mapping[str, Path]:
    """Where the run of each side is saved.

    Raises:
        UsageError: the folder cannot be made.
    """
    return {
        side.name: tuning.results_file(
            folder, side.plan.function.name, f"{side.plan.run_id}-{side.name.partition(' ')[0]}"
        )
        for side in gate.sides
    }


def _measured(
    connection: Connection, gate: PlannedGate, options: RunOptions, terms: GateTerms, request: GateRequest
) -> JudgedGate:
    """Measure and judge, with progress, and save every round."""
    files = result_files(gate, options.results_folder)
    with GateObserver(gate, files, quiet=request.quiet) as observer:
        try:
            judged = judge_live(connection, gate, options, terms, observer, clock=time.time, sleep=time.sleep)
        finally:
            if not request.quiet:
                for path in files.values():
                    if path.exists():
                        sys.stderr.flush()
                        say(f"saved {path}")
    return judged
