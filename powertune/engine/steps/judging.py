"""The step that judges what was measured: the results file, and the output of the execution."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from powertune.analysis import Analysis, analyze
from powertune.aws.client import Aws
from powertune.aws.transitions import transitions_of
from powertune.engine.steps.store import Errand, RunStore
from powertune.engine.steps.worker import Worker, run_of
from powertune.errors import AccessDenied, Unavailable
from powertune.estimate import execution_price
from powertune.measure import with_environments
from powertune.model import Advisory, Goal
from powertune.prices import PriceTable
from powertune.region_prices import RegionPrices
from powertune.report.execution_output import Asked, execution_output

#: The states that are entered after this step: whether to apply the answer, and the end.
_LATER = 2

State = dict[str, Any]


def judge(worker: Worker, event: Mapping[str, Any]) -> State:
    """Judge the run and write its results file; returns the output of the execution.

    Args:
        event: the state, `execution`, and the `notes` of restoring.

    Raises:
        FunctionFailed, Inconclusive: there is no recommendation; the message says where the results file is.
    """
    run_id, ref, role = run_of(event)
    with worker.run(run_id) as store:
        plan, errand = store.plan, store.errand or Errand(function=str(ref))
        run = store.run(event["batch"])
        notes = tuple(_advisory(**note) for note in event["notes"])
        run = replace(run, advisories=(*run.advisories, *notes))
        results = store.publish(run)
        with worker.access(ref, role) as connection:
            target = worker.target(connection, plan)
            target.join()
            run = with_environments(plan, target, run, clock=worker.clock, sleep=worker.sleep)
        results = store.publish(run)
        analysis = analyze(run, plan.prices, run.design.goal or Goal(), run.design.usage)
        if analysis.failure is not None:
            failure = analysis.failure
            raise type(failure)(f"{failure.message} (results: {results})", hint=failure.hint)
        return _output(store, errand, analysis, event["execution"], results)


def _own_cost(aws: Aws, prices: RegionPrices, execution: str) -> float | None:
    """What the execution costs by itself; None where that cannot be found out, which is no reason to fail."""
    try:
        return execution_price(prices, transitions_of(aws, execution) + _LATER)
    except (AccessDenied, Unavailable):
        return None


def _advisory(code: str, message: str, next_step: str) -> Advisory:
    return Advisory(code=code, message=message, next_step=next_step)


def _output(store: RunStore, errand: Errand, analysis: Analysis, execution: str, results: str) -> State:
    table = PriceTable.bundled()
    own = table.region(store.objects.aws.region)
    return execution_output(
        analysis,
        table.region(analysis.function.region),
        Asked(include_output_results=errand.include_output_results, discard_top_bottom=errand.discard_top_bottom),
        results_uri=results,
        execution_cost=_own_cost(store.objects.aws, own, execution),
    )
