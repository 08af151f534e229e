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
from dataclasses import dataclass, replace

from powertune.engine.steps.measuring import LONGEST_WAIT_S
from powertune.engine.steps.part_keeper import LOOK_S
from powertune.estimate import execution_price, searched
from powertune.model import Architecture, Exploration, GridDesign
from powertune.plan import Plan
from powertune.region_prices import RegionPrices
from powertune.search.precision import batches_at_most, batches_usually, explores_at_most

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
    the time that workers wait for invocations is not part of it, as the function's duration is not known. `most` is
    what it takes at most, where that differs: a search decides as it goes how many batches it makes.
    """

    transitions: int
    worker_gb_seconds: float
    s3_requests: int
    cost: float | None
    measuring: bool
    most: "ExecutionBill | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """What there is to do: `rounds` are those after which a part is kept, `measuring_s` how long workers wait for
    invocations, all of them together; None if that is not known."""

    batches: int
    turns: int
    rounds: int
    invocations: int
    measuring_s: float | None


def execution_bill(plan: Plan, prices: RegionPrices) -> ExecutionBill:
    """Estimate what an execution takes that does what the plan says.

    Args:
        prices: those of the region that the state machine is in.
    """
    match plan.design.search:
        case GridDesign(configurations=configurations):
            return _bill(plan, _listed(plan, len(configurations)), prices)
        case Exploration() as exploration:
            usual = _searched(plan, exploration, batches_usually(exploration), 1.0)
            most = _searched(plan, exploration, batches_at_most(exploration), _most_work(plan, exploration))
            return replace(_bill(plan, usual, prices), most=_bill(plan, most, prices))


def _bill(plan: Plan, work: _Work, prices: RegionPrices) -> ExecutionBill:
    long = plan.function.timeout_s > LONGEST_WAIT_S
    batches, turns = work.batches, work.turns
    measuring_s = None if long else work.measuring_s
    again = math.floor((measuring_s or 0.0) / LONGEST_WAIT_S)
    workers = 3 + 2 * batches + turns + again
    transitions = _FRAME + _PER_BATCH * batches + turns + again
    if long:
        transitions += batches + turns + 2 * work.invocations
    gb_seconds = _WORKER_GB * (_OVERHEAD_S * workers + plan.estimate.publishing_s + (measuring_s or 0.0))
    writes = 6 + 2 * batches + work.rounds
    reads = _READS_PER_WORKER * workers + math.floor((measuring_s or 0.0) / LOOK_S)
    return ExecutionBill(
        transitions=transitions,
        worker_gb_seconds=gb_seconds,
        s3_requests=writes + reads,
        cost=_cost(prices, transitions, gb_seconds, workers, writes * _WRITE_USD + reads * _READ_USD),
        measuring=long or measuring_s is not None,
    )


def _listed(plan: Plan, sizes: int) -> _Work:
    """A fixed list: the first size alone, until an invocation succeeds; then all of them."""
    batches, turns = (2, sizes + 1) if sizes > 1 else (1, 1)
    return _work(plan, sizes, batches=batches, turns=turns, share=1.0)


def _searched(plan: Plan, exploration: Exploration, batches: int, share: float) -> _Work:
    """A search: a few sizes in the first batch, then mostly one in each."""
    sizes = len(searched(exploration))
    return _work(plan, sizes, batches=batches, turns=batches + sizes - 1, share=share)


def _most_work(plan: Plan, exploration: Exploration) -> float:
    """How many times as much as usual a search invokes at most, about: the budget ends it as well."""
    usual, typical_usd = plan.estimate.invocations, plan.estimate.typical_usd
    share = max(1.0, (explores_at_most(exploration) + usual) / usual)
    return share if not typical_usd else max(1.0, min(share, plan.max_spend / typical_usd))


def _work(plan: Plan, sizes: int, *, batches: int, turns: int, share: float) -> _Work:
    """The work of `batches` batches, with a share of the invocations that are estimated."""
    estimate = plan.estimate
    invocations = math.ceil(share * estimate.invocations)
    measuring_s = None
    if estimate.typical_s is not None:
        side_by_side = max(1, min(sizes, plan.design.concurrency // plan.design.lanes))
        measuring_s = share * (estimate.typical_s - estimate.publishing_s) * side_by_side
    return _Work(
        batches=batches,
        turns=turns,
        rounds=max(turns, math.ceil(invocations / plan.design.lanes)),
        invocations=invocations,
        measuring_s=measuring_s,
    )


def _cost(prices: RegionPrices, transitions: int, gb_seconds: float, workers: int, s3_usd: float) -> float | None:
    entered = execution_price(prices, transitions)
    if entered is None:
        return None
    # Requests to S3 are a small part of it: where another currency is paid, they are left out.
    objects = s3_usd if prices.currency == "USD" else 0.0
    compute = gb_seconds * prices.gb_second(Architecture.ARM64) + workers * prices.request
    return entered + compute + objects
