"""Why a budget ended a run, and what would have been enough: what is set aside is more than what is spent."""

import math
from dataclasses import dataclass

from powertune.estimate import snapshot_cost, worst_cost
from powertune.model import Configuration, Exploration, GridDesign, TuningRun
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

    most_expensive = max(_refused(run), key=most)
    reserved, currency = most(most_expensive), prices.currency
    of = "" if spent is None else f" after {format_usd(spent, currency)}"
    return BudgetEnd(
        # One of several functions has a share of what a person has typed.
        explanation=f"the limit of {format_usd(limit, currency)} for this function ended the run{of}: before each "
        f"invocation, what it costs if it runs into its timeout of {function.timeout_s} s is set aside, "
        f"{format_usd(reserved, currency)} at {most_expensive}",
        hint=f"--max-spend {plain(_rounded_up(limit + _MORE * reserved))} for this function leaves room for "
        f"{_MORE} more invocations of {most_expensive}",
    )


def _refused(run: TuningRun) -> tuple[Configuration, ...]:
    """Those of which the budget did not pay for another invocation: of a grid all, of a search its last choice.

    Some results files do not tell that choice; then it is what was measured, or, before that, what might have been.
    """
    match run.design.search:
        case GridDesign(configurations=configurations):
            return configurations
        case Exploration(largest_mb=largest, architectures=architectures):
            left_out = {each.configuration for each in run.measurements if each.unmeasured is not None}
            chosen = {trial.configuration for batch in run.batches[-1:] for trial in batch.trials} - left_out
            measured = {each.configuration for each in run.measurements} - left_out
            bounds = (Configuration(memory_mb=largest, architecture=each) for each in architectures)
            return tuple(chosen or measured or bounds)


def _rounded_up(amount: float) -> float:
    """To two significant digits."""
    unit = 10.0 ** (math.floor(math.log10(amount)) - 1)
    return math.ceil(amount / unit) * unit
