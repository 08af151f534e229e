"""A run whose configurations are measured side by side, each in a process of its own: their turns."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from powertune import __version__
from powertune.measure.failing import fails_anyway
from powertune.measure.protocols import Nobody, Observer, Target
from powertune.measure.session import Participants, Session
from powertune.measure.spending import Spending
from powertune.model import (
    BETWEEN_BATCHES,
    FUNCTION_FAILS,
    UNDER_WAY,
    Advisory,
    Batch,
    Configuration,
    GridDesign,
    Invocation,
    Measurement,
    Trial,
    TuningRun,
)
from powertune.plan import Plan
from powertune.search import Search, Stop


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What one process is to measure of one configuration.

    `whole`: all that a grid asks for, however many invocations that takes; else those of the trial. `allowance` is
    what the turn may cost, in the region's currency.
    """

    trial: Trial
    whole: bool
    allowance: float

    @property
    def configuration(self) -> Configuration:
        """The configuration whose turn it is."""
        return self.trial.configuration


def nothing_yet(plan: Plan, now: float = 0.0) -> TuningRun:
    """The run before its first turn.

    Args:
        now: seconds since the epoch.
    """
    return TuningRun(
        run_id=plan.run_id,
        tool_version=__version__,
        started_at=now,
        finished_at=now,
        engine="stepfunctions",
        function=plan.function,
        design=plan.design,
        measurements=(),
        advisories=plan.advisories,
        stopped=BETWEEN_BATCHES,
        traffic=plan.traffic,
    )


def propose(plan: Plan, run: TuningRun) -> tuple[TuningRun, tuple[Turn, ...]]:
    """The turns to take next, which may be taken side by side; none where the run has ended, for `stopped`.

    Until an invocation has succeeded there is one turn at a time, of few invocations: the others may not be worth
    their price.
    """
    measured = {each.configuration: each for each in run.measurements}
    proven = any(not status.failed for m in measured.values() for status in m.invocations.column("status"))
    if not proven and fails_anyway(measured):
        return replace(run, stopped=FUNCTION_FAILS), ()
    proposal = plan.search.propose(measured)
    if isinstance(proposal, Stop):
        last = Batch(trials=(), why=proposal.why, leader=proposal.leader)
        return replace(run, batches=_noted(run, last), stopped=proposal.reason), ()
    trials = proposal.trials if proven else (min(proposal.trials, key=lambda t: _first(plan, t)),)
    run = replace(run, batches=_noted(run, replace(proposal, trials=trials)))
    allowances = _allowances(plan, run, trials)
    if allowances is None:
        return replace(run, stopped="budget"), ()
    whole = isinstance(plan.design.search, GridDesign) and (proven or len(plan.design.configurations) == 1)
    turns = tuple(Turn(trial=trial, whole=whole, allowance=allowances[trial.configuration]) for trial in trials)
    return replace(run, stopped=BETWEEN_BATCHES), turns


def play_turn(
    plan: Plan,
    target: Target,
    observer: Observer,
    run: TuningRun,
    turn: Turn,
    *,
    part: TuningRun | None = None,
    deadline: float | None = None,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> TuningRun:
    """Take one turn; returns what is known of its configuration. Every round is handed to `observer.saved`.

    Reports that are missing are not looked up: `gather` does that for all configurations together.

    Args:
        target: can invoke the configuration, which is published.
        run: the run before the turns that are taken now.
        part: what the same turn has measured before, if a process has begun it.
        deadline: no round begins that may not have ended then; `stopped` is then `OUT_OF_TIME`, and another process
            can go on with the turn. None for no such moment.
    """
    own = _only(run, turn.configuration)
    before = own if part is None else part
    budget = Spending(plan, own.measurements).spent + turn.allowance
    participants = Participants(
        plan=replace(plan, max_spend=budget, advisories=()),
        target=_Invoking(target),
        observer=observer,
        search=_search(plan, turn, begun=_count(own)),
        clock=clock,
        sleep=sleep,
        deadline=deadline,
    )
    session = Session(participants, before, published=(turn.configuration,))
    reason = "interrupted"
    try:
        reason = session.run()
    finally:
        session.drain()
        observer.saved(session.snapshot(reason))
    return session.snapshot(reason)


def gather(
    plan: Plan,
    target: Target,
    run: TuningRun,
    parts: Sequence[TuningRun],
    *,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> tuple[TuningRun, tuple[Turn, ...]]:
    """Put together what turns have measured, look up reports that are missing, and propose the turns to take next."""
    whole = merge(run, parts)
    participants = Participants(
        plan=plan, target=target, observer=Nobody(), search=plan.search, clock=clock, sleep=sleep
    )
    session = Session(participants, whole)
    lost = session.look_up()
    found = session.snapshot(BETWEEN_BATCHES)
    if lost is not None:
        return replace(found, stopped=lost, finished_at=clock()), ()
    spent = any(part.stopped == "budget" for part in parts)
    found, turns = (replace(found, stopped="budget"), ()) if spent else propose(plan, found)
    if not turns:
        session.look_up(patient=True)
        found = replace(found, measurements=session.snapshot(found.stopped).measurements, finished_at=clock())
    return found, turns


def with_environments(
    plan: Plan, target: Target, run: TuningRun, *, clock: Callable[[], float], sleep: Callable[[float], None]
) -> TuningRun:
    """The run with the execution environments that served its invocations, as far as the target knows them."""
    participants = Participants(
        plan=plan, target=target, observer=Nobody(), search=plan.search, clock=clock, sleep=sleep
    )
    session = Session(participants, run)
    session.name_environments()
    found = session.snapshot(run.stopped)
    return replace(run, measurements=found.measurements, advisories=found.advisories)


def merge(run: TuningRun, parts: Sequence[TuningRun]) -> TuningRun:
    """The run with what parts of it have measured since: each knows all of its own configuration."""
    measured: dict[Configuration, Measurement] = {each.configuration: each for each in run.measurements}
    advisories: dict[Advisory, None] = dict.fromkeys(run.advisories)
    for part in parts:
        measured |= {each.configuration: each for each in part.measurements}
        advisories |= dict.fromkeys(part.advisories)
    return replace(
        run,
        measurements=tuple(measured[configuration] for configuration in sorted(measured)),
        advisories=tuple(advisories),
        throttles=run.throttles + sum(part.throttles for part in parts),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Once:
    """A search that wants one trial and no more. `begun` is how many invocations there were before it."""

    trial: Trial
    begun: int

    def propose(self, measured: Mapping[Configuration, Measurement]) -> Batch | Stop:
        """What is still to be invoked of the trial."""
        known = measured.get(self.trial.configuration)
        done = 0 if known is None else len(known.invocations) - self.begun
        if done >= self.trial.invocations:
            return Stop(reason="complete")
        return Batch(trials=(replace(self.trial, invocations=self.trial.invocations - done),))


class _Invoking:
    """A target that is asked for nothing but invocations: it is another process's to look for reports."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def __getattr__(self, name: str) -> Any:
        return getattr(self._target, name)

    def recover(self, invocations: object, *, patient: bool) -> Mapping[str, Invocation]:  # noqa: ARG002 - Target's
        """Nothing is looked up."""
        return {}

    def reports_are_lost(self, invocations: object) -> bool:  # noqa: ARG002 - Target's
        """They may yet be looked up."""
        return False


def _search(plan: Plan, turn: Turn, *, begun: int) -> Search:
    design = plan.design
    if turn.whole and isinstance(design.search, GridDesign):
        own = replace(design, search=replace(design.search, configurations=(turn.configuration,)))
        return replace(plan, design=own).search
    return _Once(trial=turn.trial, begun=begun)


def _only(run: TuningRun, configuration: Configuration) -> TuningRun:
    """What a run knows of one configuration."""
    known = run.measurement(configuration)
    measurements = () if known is None else (known,)
    return replace(
        run, measurements=measurements, advisories=(), throttles=0, batches=(), traffic=None, stopped=UNDER_WAY
    )


def _count(run: TuningRun) -> int:
    return sum(len(each.invocations) for each in run.measurements)


def _first(plan: Plan, trial: Trial) -> tuple[bool, Configuration]:
    """The order in which sizes are tried until one works: the function's own size is published last."""
    return (trial.configuration == plan.function.current, trial.configuration)


def _noted(run: TuningRun, batch: Batch) -> tuple[Batch, ...]:
    """The batches of a search; those of a grid say nothing."""
    return run.batches if batch.why is None else (*run.batches, batch)


def _allowances(plan: Plan, run: TuningRun, trials: Sequence[Trial]) -> dict[Configuration, float] | None:
    """What each turn may cost: what is left of the budget, shared by what a round of each can cost at most.

    None where the budget does not pay for an invocation of each.
    """
    spending = Spending(plan, run.measurements)
    configurations = [trial.configuration for trial in trials]
    left = plan.max_spend - spending.spent - spending.cost_of_publishing(configurations)
    worst = {configuration: plan.worst_cost(configuration) for configuration in configurations}
    rounds = {t.configuration: min(t.invocations, t.lanes or plan.design.lanes) for t in trials}
    total = sum(worst[configuration] * rounds[configuration] for configuration in configurations)
    allowances = {c: left * worst[c] * rounds[c] / total if total else 0.0 for c in configurations}
    return allowances if all(allowances[c] >= worst[c] for c in configurations) else None
