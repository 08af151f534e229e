"""The noise of unchanged code: the same function measured as both sides, several times (A/A)."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from powertune.config import RunOptions
from powertune.engine.access import Access
from powertune.engine.gate_plan import PlannedGate, PlannedSide, target_of
from powertune.engine.gating import check_runs
from powertune.errors import Inconclusive
from powertune.gate.model import Case, GatedRun
from powertune.measure import Contender, SampleAmount, SideBySide, SideObserver
from powertune.model import Invocations, Measurement, TuningRun

#: The environments of each side, and the warm invocations of each, that show noise within and between environments.
ENVIRONMENTS, WARM_INVOCATIONS = 6, 20


def measure_noise(
    access: Access,
    gate: PlannedGate,
    options: RunOptions,
    observer: SideObserver,
    *,
    repeats: int = 1,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> tuple[Case, ...]:
    """Measure each pair by itself; a function without a baseline several times, each split into two halves.

    A version on AWS has one set of environments, whoever invokes it: one half of them stands for the baseline.

    Raises:
        Changed: somebody has deployed to the function meanwhile.
        FunctionFailed: it does not run.
        Inconclusive: it has no reports, or its environments are not known.
    """
    spent = 0.0
    cases: list[Case] = []
    for candidate, baseline in gate.pairs:
        for _ in range(repeats if baseline is None else 1):
            sides = [gate.side(name) for name in (baseline, candidate) if name is not None]
            targets = {side.name: target_of(access, side, options, clock=clock) for side in sides}
            session = SideBySide(
                [
                    Contender(name=side.name, group=side.group, plan=side.plan, target=targets[side.name])
                    for side in sides
                ],
                observer,
                max_spend=options.max_spend - spent,
                seed=options.seed + len(cases),
                clock=clock,
                sleep=sleep,
            )
            reason = "interrupted"
            try:
                session.measure({side.name: _amount(side, halves=baseline is None) for side in sides})
                for target in targets.values():
                    target.check_unchanged()
                reason = "complete"
            finally:
                runs = session.close(reason)
            check_runs(sides, runs)
            spent += session.spent
            found = [runs[side.name] for side in sides]
            cases.append(_case(found if len(found) > 1 else _halves(found[0]), sides[-1].label))
    return tuple(cases)


def _amount(side: PlannedSide, *, halves: bool) -> SampleAmount:
    both = 2 if halves else 1
    environments = min(both * ENVIRONMENTS, side.plan.design.concurrency)
    return SampleAmount(invocations=both * ENVIRONMENTS * WARM_INVOCATIONS, environments=environments)


def _case(runs: Sequence[TuningRun], label: str) -> Case:
    baseline, candidate = (GatedRun(run=run, label=label) for run in runs)
    return Case(
        candidate=candidate,
        configuration=candidate.run.function.current,
        baseline=baseline,
        side_by_side=True,
    )


def _halves(run: TuningRun) -> tuple[TuningRun, TuningRun]:
    """The run as two, each of every other environment, in the order in which they first answered.

    Raises:
        Inconclusive: it is not known which environment served what, or there are not two of each half.
    """
    invocations = run.measurements[0].invocations
    names = [name for name in dict.fromkeys(invocations.column("environment")) if name is not None]
    if len(names) < 4:
        raise Inconclusive(
            f"{len(names)} execution environments of {run.function.name} are known, and calibrating takes 4",
            hint="allow logs:FilterLogEvents, so that they are known; or raise the concurrency that is left",
        )
    halves = [
        Measurement(
            configuration=run.measurements[0].configuration,
            invocations=Invocations.of(each for each in invocations if each.environment in own),
        )
        for own in (set(names[::2]), set(names[1::2]))
    ]
    first, second = (replace(run, measurements=(half,)) for half in halves)
    return first, second
