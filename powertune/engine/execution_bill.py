"""What the state machine itself costs, beside the invocations of the function that it tunes: an estimate. Pure.

Step Functions charges for each state that a standard workflow enters (https://aws.amazon.com/step-functions/pricing/),
Lambda for the GB-seconds and requests of the workers, S3 for requests (https://aws.amazon.com/s3/pricing/). For a run
of `b` batches with `t` turns, one for each size of each batch, that is

    transitions = Prepare + (1 + b) x What is next? + b x (Publish + Measure + Record) + t + r + 4
    worker seconds = publishing + measuring + 3 s for each of the 3 + 2b + t + r workers
    S3 writes = 6 + 2b + rounds; S3 reads = 5 for each worker, 1 for each 5 s of measuring

with 4 = Restore, Analyze, the choice whether to apply, Tuned, and `r` workers that go on where another one has run
out of time. Where Step Functions has to invoke the function itself, each turn is a workflow of its own, with two
states for each invocation, a choice follows each batch, and no worker waits.
"""

import math
from dataclasses import dataclass

from powertune.engine.steps.measuring import LONGEST_WAIT_S
from powertune.engine.steps.part_keeper import LOOK_S
from powertune.estimate import execution_price, searched
from powertune.model import Architecture, Exploration, GridDesign
from powertune.plan import Plan
from powertune.prices import RegionPrices

#: What a search takes, about: batches, and turns for each of its sizes.
_SEARCHED_BATCHES, _SEARCHED_TURNS = 4, 2
#: What each worker takes beside what it waits for: a cold start, and reading and writing the run.
_OVERHEAD_S = 3.0
#: The size of the workers in the template, in GB.
_WORKER_GB = 0.5
#: Requests of S3 Standard, in USD: PUT and LIST, and GET. They differ little between regions.
_WRITE_USD, _READ_USD = 0.005 / 1000, 0.0004 / 1000
_READS_PER_WORKER = 5
#: States before, after and beside the batches; see above.
_FRAME = 6
_PER_BATCH = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionBill:
    """What an execution takes, about.

    `cost` is in the region's currency; None where the price of a state transition is not known. Without `measuring`
    the time that workers wait for invocations is not part of it, as the function's duration is not known.
    """

    transitions: int
    worker_gb_seconds: float
    s3_requests: int
    cost: float | None
    measuring: bool


def execution_bill(plan: Plan, prices: RegionPrices) -> ExecutionBill:
    """Estimate what an execution takes that does what the plan says.

    Args:
        prices: those of the region that the state machine is in.
    """
    long = plan.function.timeout_s > LONGEST_WAIT_S
    batches, turns, rounds = _work(plan)
    measuring_s = None if long else _measuring_s(plan)
    again = math.floor((measuring_s or 0.0) / LONGEST_WAIT_S)
    workers = 3 + 2 * batches + turns + again
    transitions = _FRAME + _PER_BATCH * batches + turns + again
    if long:
        transitions += batches + turns + 2 * plan.estimate.invocations
    gb_seconds = _WORKER_GB * (_OVERHEAD_S * workers + plan.estimate.publishing_s + (measuring_s or 0.0))
    writes = 6 + 2 * batches + rounds
    reads = _READS_PER_WORKER * workers + math.floor((measuring_s or 0.0) / LOOK_S)
    return ExecutionBill(
        transitions=transitions,
        worker_gb_seconds=gb_seconds,
        s3_requests=writes + reads,
        cost=_cost(prices, transitions, gb_seconds, workers, writes * _WRITE_USD + reads * _READ_USD),
        measuring=long or measuring_s is not None,
    )


def _work(plan: Plan) -> tuple[int, int, int]:
    """Batches, turns, and rounds after which a part is kept."""
    match plan.design.search:
        case GridDesign(configurations=configurations):
            several = len(configurations) > 1
            # The first size alone, until an invocation succeeds; then all of them.
            batches, turns = (2, len(configurations) + 1) if several else (1, 1)
        case Exploration() as exploration:
            batches, turns = _SEARCHED_BATCHES, _SEARCHED_TURNS * len(searched(exploration))
    return batches, turns, max(turns, math.ceil(plan.estimate.invocations / plan.design.lanes))


def _measuring_s(plan: Plan) -> float | None:
    """How long workers wait for invocations, all of them together; None if that is not known."""
    estimate = plan.estimate
    if estimate.typical_s is None:
        return None
    match plan.design.search:
        case GridDesign(configurations=configurations):
            sizes = len(configurations)
        case Exploration() as exploration:
            sizes = len(searched(exploration))
    side_by_side = max(1, min(sizes, plan.design.concurrency // plan.design.lanes))
    return (estimate.typical_s - estimate.publishing_s) * side_by_side


def _cost(prices: RegionPrices, transitions: int, gb_seconds: float, workers: int, s3_usd: float) -> float | None:
    entered = execution_price(prices, transitions)
    if entered is None:
        return None
    # Requests to S3 are a small part of it: where another currency is paid, they are left out.
    objects = s3_usd if prices.currency == "USD" else 0.0
    compute = gb_seconds * prices.gb_second(Architecture.ARM64) + workers * prices.request
    return entered + compute + objects
