"""Why a budget ended a run, and what would have been enough: what is set aside is more than what is spent."""

import math
from dataclasses import dataclass

from powertune.estimate import snapshot_cost, worst_cost
from powertune.model import Configuration, Design, Exploration, GridDesign, TuningRun
from powertune.region_prices import RegionPrices
from powertune.units import format_usd, plain

#: How many more invocations of the most expensive size the amount that is named leaves room for.
_MORE = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetEnd:
    """That a budget ended a run: why, and what to do, for a person."""

    explanation: str
    hint: str


def budget_end(run: TuningRun, prices: RegionPrices, spent: float | None) -> BudgetEnd | None:
    """Why the budget ended a run; None if something else did, or the results file does not tell the budget.

    Args:
        spent: what the run cost, in the region's currency; None where that is not known.
    """
    limit, function = run.design.max_spend, run.function
    if run.stopped != "budget" or limit is None:
        return None

    def most(configuration: Configuration) -> float:
        return worst_cost(configuration, function, prices) + snapshot_cost(configuration, function, prices)

    dearest = max(_largest(run.design), key=most)
    reserved, currency = most(dearest), prices.currency
    of = "" if spent is None else f" after {format_usd(spent, currency)}"
    return BudgetEnd(
        explanation=f"--max-spend {plain(limit)} ended the run{of}: before each invocation, what it costs if it runs "
        f"into its timeout of {function.timeout_s} s is set aside, {format_usd(reserved, currency)} at {dearest}",
        hint=f"--max-spend {plain(_rounded_up(limit + _MORE * reserved))} for this function leaves room for "
        f"{_MORE} more invocations of {dearest}",
    )


def _largest(design: Design) -> tuple[Configuration, ...]:
    """The configurations of a grid; of a search those with the largest size."""
    match design.search:
        case GridDesign(configurations=configurations):
            return configurations
        case Exploration(largest_mb=largest):
            return tuple(Configuration(memory_mb=largest, architecture=each) for each in design.architectures)


def _rounded_up(amount: float) -> float:
    """To two significant digits."""
    unit = 10.0 ** (math.floor(math.log10(amount)) - 1)
    return math.ceil(amount / unit) * unit
