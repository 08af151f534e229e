"""`powertune gate` at a terminal: results files, functions on AWS or code on this machine, judged to an exit code."""

import os
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from powertune import __version__, results
from powertune.aws.connection import connect
from powertune.cli import tuning
from powertune.cli.baseline_places import commit_of_job, open_source, open_store
from powertune.cli.console import say
from powertune.cli.gate_measuring import NO_BUDGET, agreed, ending_gently, measured_gate, plan_now, run_options_of
from powertune.cli.gate_request import GateRequest, check_keeping
from powertune.cli.github import tell_github
from powertune.cli.local_sides import ENVIRONMENTS, deploy_sides, find_candidate, open_base
from powertune.cli.rendering import show
from powertune.cli.site import Site, open_site
from powertune.cli.sources import load_prices
from powertune.config import RunOptions
from powertune.config.gate_options import GateOptions
from powertune.engine.baselines.lookup import BaselineSource, WantedBaseline
from powertune.engine.baselines.store import MAIN
from powertune.engine.gate_effort import effort_of
from powertune.engine.gate_plan import LiveFunction, LivePair, PlannedGate
from powertune.engine.gating import GateTerms, JudgedGate
from powertune.errors import AlreadyExists, BaselineMissing, UsageError
from powertune.gate.judging import judge
from powertune.gate.matching import check_distinct, match_cases
from powertune.gate.model import Case, GatedRun, GateVerdict
from powertune.gate.result import GateResult, OnInconclusive
from powertune.gate.rules import Rules
from powertune.gate.sequence import MOST_ENVIRONMENTS, WARM_INVOCATIONS, GateLimits
from powertune.model import FunctionRef
from powertune.prices import PriceTable
from powertune.report import GATE
from powertune.units import printable


@dataclass(frozen=True, slots=True, kw_only=True)
class GateSetting:
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
    options = request.options(os.environ)
    prices = load_prices(Path(request.prices) if request.prices else None)
    setting = GateSetting(options=options, rules=request.rules(options), prices=prices)
    check_keeping(request, options)
    judged = _judged(request, setting)
    if judged is None:
        return
    _finish(_result(judged, setting), request)
    if request.keeping.save_baseline:
        if judged.judgement.verdict is GateVerdict.PASSED:
            _save_baselines(judged, request, options)
        else:
            say("note: the candidate was not kept as the next baseline: the gate is inconclusive")


def _judged(request: GateRequest, setting: GateSetting) -> JudgedGate | None:
    """The gate; None if a person did not agree to measure."""
    if request.files:
        return _judge_stored([_of_file(file) for file in request.files], request, setting, measured=False)
    if request.subject.local is not None:
        return _judge_code(request, setting)
    if setting.options.memory is None:
        return _judge_functions(request, setting)
    return _judge_sizes(request, setting)


def _judge_functions(request: GateRequest, setting: GateSetting) -> JudgedGate | None:
    """Measure functions on AWS as they are."""
    pairs = _pairs(request)
    place = replace(request.place, region=request.region)
    stored_at = None if request.against.baseline_run else setting.options.baseline
    with (
        ending_gently(),
        connect(place) as connection,
        open_source(stored_at, setting.options.baseline_branch, place) as source,
    ):
        options = run_options_of(request, setting.options, Path(), None, connection)
        if request.subject.concurrency is None:
            options = replace(options, concurrency=MOST_ENVIRONMENTS * sum(len(pair.sides) for pair in pairs))
        planned = plan_now(connection, pairs, options, setting.prices)
        stored = {} if source is None else _stored(planned, source, request, setting)
        if not agreed(planned, request, options):
            return None
        limits = GateLimits(max_invocations=setting.options.max_invocations, max_spend=options.max_spend)
        terms = GateTerms(rules=setting.rules, limits=limits, prices=setting.prices, stored=stored)
        return measured_gate(connection, planned, options, terms, quiet=request.quiet)


def _judge_code(request: GateRequest, setting: GateSetting) -> JudgedGate:
    """Measure code on this machine, side by side with that of another commit if one is named."""
    candidate = find_candidate(str(request.subject.local))
    with (
        ending_gently(),
        open_base(candidate, request.against.baseline_ref, quiet=request.quiet) as (mine, base),
        deploy_sides(mine, base, setting.options.memory, quiet=request.quiet) as deployed,
    ):
        connection = deployed.served.connection
        options = run_options_of(
            request, setting.options, candidate.folder.path, candidate.options.payload, connection
        )
        sides = sum(len(pair.sides) for pair in deployed.pairs)
        if request.subject.concurrency is None:
            options = replace(options, concurrency=ENVIRONMENTS * sides)
        if request.limits.max_spend is None:
            options = replace(options, max_spend=NO_BUDGET)
        planned = plan_now(connection, deployed.pairs, options, setting.prices)
        most = setting.options.max_invocations or sides * ENVIRONMENTS * (1 + WARM_INVOCATIONS)
        limits = GateLimits(max_invocations=most, max_spend=options.max_spend)
        terms = GateTerms(rules=setting.rules, limits=limits, prices=setting.prices)
        return measured_gate(connection, planned, options, terms, quiet=request.quiet)


def _judge_sizes(request: GateRequest, setting: GateSetting) -> JudgedGate | None:
    """Measure functions on AWS at several sizes, as `powertune run` does.

    Raises:
        UsageError: a baseline is to be measured beside.
    """
    if request.against.baseline_run:
        raise UsageError(
            "--baseline-run is measured as it is, and --memory names sizes",
            hint="leave --memory out, or compare with results: --baseline FILE",
        )
    candidates = []
    for target in request.subject.run or ():
        with open_site(target, request.place, quiet=request.quiet) as site:
            options = _site_options(site, request, setting)
            plan = tuning.plan_run(site, options, tuning.region_prices(site, options))
            if not tuning.agreed(plan, ask=not request.yes, quiet=request.quiet):
                return None
            path = tuning.results_path(options.results_folder, plan)
            run = tuning.measure_plan(site, options, plan, path, quiet=request.quiet)
        candidates.append(GatedRun(run=run, label=target, package_bytes=run.function.package_bytes))
    return _judge_stored(candidates, request, setting, measured=True)


def _judge_stored(
    candidates: Sequence[GatedRun], request: GateRequest, setting: GateSetting, *, measured: bool
) -> JudgedGate:
    """Judge candidates, each with its stored baseline if there are any."""
    cases: list[Case] = []
    check_distinct(candidates)
    with open_source(setting.options.baseline, setting.options.baseline_branch, request.place) as source:
        for candidate in candidates:
            found = None if source is None else _baseline(source, _wanted(candidate), request, setting)
            cases.extend(match_cases([candidate], () if found is None else (found,)))
    return JudgedGate(cases=tuple(cases), judgement=judge(cases, setting.rules, setting.prices), measured=measured)


def _finish(result: GateResult, request: GateRequest) -> None:
    """Write the reports, tell GitHub, and end as the gate has."""
    show(GATE, result, request.outputs, quiet=request.quiet)
    tell_github(result, os.environ)
    if result.failure is not None:
        raise result.failure
    if result.judgement.verdict is GateVerdict.INCONCLUSIVE and result.on_inconclusive is OnInconclusive.WARN:
        say(f"warning: {printable(result.headline)}")
    elif not request.quiet and not any(output.on_stdout for output in request.outputs):
        say(printable(result.headline))


def _result(judged: JudgedGate, setting: GateSetting) -> GateResult:
    """The judged gate, with what a report tells beside."""
    mine = dict.fromkeys(case.candidate.label for case in judged.cases)
    theirs = dict.fromkeys(case.baseline.label for case in judged.cases if case.baseline is not None)
    return GateResult(
        judgement=judged.judgement,
        candidate=", ".join(mine),
        baseline=", ".join(theirs) or None,
        effort=effort_of(judged.cases, setting.prices, measured=judged.measured),
        tool_version=__version__,
        judged_at=time.time(),
        side_by_side=any(case.side_by_side for case in judged.cases),
        on_inconclusive=OnInconclusive(setting.options.on_inconclusive),
        stopped=judged.stopped,
    )


def _save_baselines(judged: JudgedGate, request: GateRequest, options: GateOptions) -> None:
    """Keep the candidates as the next baselines. One that is there already stays as it is."""
    branch = options.baseline_branch or MAIN
    with open_store(str(options.baseline), request.place) as store:
        for run in {id(case.candidate.run): case.candidate.run for case in judged.cases}.values():
            with suppress(AlreadyExists):
                for where in store.save(run, branch=branch, commit=commit_of_job()):
                    say(f"saved {where}")


def _of_file(file: str) -> GatedRun:
    run = results.load(Path(file))
    return GatedRun(run=run, label=Path(file).name, package_bytes=run.function.package_bytes)


def _site_options(site: Site, request: GateRequest, setting: GateSetting) -> RunOptions:
    """The options of an ordinary run at the sizes of the gate."""
    given = {
        **request.subject.for_runs,
        "memory": ",".join(map(str, setting.options.memory or ())),
        "max_spend": str(setting.options.max_spend),
        "results_folder": request.keeping.save,
    }
    return tuning.load_options(site, given)


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


def _stored(
    planned: PlannedGate, source: BaselineSource, request: GateRequest, setting: GateSetting
) -> Mapping[str, GatedRun]:
    """The baseline of each candidate, looked for before anything is measured."""
    found = {}
    for name, _ in planned.pairs:
        plan = planned.side(name).plan
        wanted = WantedBaseline(
            function=plan.function.name,
            region=plan.function.region,
            configurations=(plan.function.current,),
            payloads=plan.design.payloads,
        )
        baseline = _baseline(source, wanted, request, setting)
        if baseline is not None:
            found[name] = baseline
    return found


def _baseline(
    source: BaselineSource, wanted: WantedBaseline, request: GateRequest, setting: GateSetting
) -> GatedRun | None:
    """The baseline of a candidate; None for the first that is to be kept as one, if budgets can judge it."""
    try:
        return source.baseline_of(wanted)
    except BaselineMissing as error:
        if not (request.keeping.save_baseline and setting.rules.budgets):
            raise
        say(f"note: {error.message}; the candidate is judged by budgets, and becomes the first")
        return None


def _wanted(candidate: GatedRun) -> WantedBaseline:
    run = candidate.run
    return WantedBaseline(
        function=run.function.name,
        region=run.function.region,
        configurations=tuple(each.configuration for each in run.measurements),
        payloads=run.design.payloads,
    )
