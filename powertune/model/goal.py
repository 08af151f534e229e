"""What the answer is to achieve, and how the function is used: the questions that come with a measurement."""

from dataclasses import dataclass
from enum import StrEnum

from powertune.errors import UsageError


class Strategy(StrEnum):
    """What is to be low."""

    TOLERANCE = "tolerance"
    """The mean duration, among the configurations that cost at most a little more than the cheapest."""
    COST = "cost"
    """The mean cost of an invocation."""
    SPEED = "speed"
    """The mean duration."""
    BALANCED = "balanced"
    """The weighted geometric mean of mean cost and mean duration, cost^w x duration^(1 - w).

    With equal weights, a size that costs twice as much must be more than twice as fast. Nothing is scaled by the
    largest or smallest of the tested sizes, so adding an extreme size cannot change which of the others wins.
    """


class Statistic(StrEnum):
    """What of a sample of durations a limit is put on."""

    MEAN = "mean"
    P50 = "p50"
    P95 = "p95"
    P99 = "p99"

    @property
    def share(self) -> float | None:
        """The share of the durations that are below a percentile; None for the mean."""
        return {Statistic.P50: 0.5, Statistic.P95: 0.95, Statistic.P99: 0.99}.get(self)

    @property
    def fewest(self) -> int:
        """How many durations it takes: a percentile is hardly more than the largest one until one is beyond it."""
        return 1 if self.share is None else round(1 / (1 - self.share))


#: What speed is worth: for 1 % less duration, the cost may exceed a tolerance by 0.1 %; where it is halved, by 7 %.
EXCHANGE = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A statistic of the warm durations, and the most that it may be, in ms."""

    statistic: Statistic
    at_most_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What the recommendation is to achieve: a strategy, and the constraints that it has to meet.

    `cost_tolerance` is a share of the cheapest cost; `balanced_weight` is the weight of cost, from 0 to 1; `max_cost`
    is per invocation, in the region's currency, or in the `max_cost_currency` that was named; with `headroom`, the
    memory size must be at least that many times the largest memory used. None where there is no such constraint.
    """

    strategy: Strategy = Strategy.TOLERANCE
    cost_tolerance: float = 0.05
    balanced_weight: float = 0.5
    max_duration: Limit | None = None
    max_cost: float | None = None
    max_cost_currency: str | None = None
    headroom: float | None = None

    @property
    def cost_weight(self) -> float:
        """The weight w of what the strategy minimizes, mean cost^w x mean duration^(1 - w): 1 is cost, 0 duration.

        With a tolerance, that is the duration, among the configurations within the tolerance.
        """
        match self.strategy:
            case Strategy.COST:
                return 1.0
            case Strategy.BALANCED:
                return self.balanced_weight
            case Strategy.SPEED | Strategy.TOLERANCE:
                return 0.0

    @property
    def tolerance(self) -> float | None:
        """The share by which the answer may cost more than the cheapest; None if the strategy has no such bound."""
        return self.cost_tolerance if self.strategy is Strategy.TOLERANCE else None

    def most_cost_ratio(self, duration_ratio: float) -> float:
        """By which factor a change to that duration may raise the cost and still help: the tolerance, and what speed
        is worth beyond it. Without a tolerance, none.
        """
        # No gain in speed counts for more than a factor of a thousand.
        worth: float = min(1.0, max(duration_ratio, 1e-3)) ** -EXCHANGE
        return (1 + (self.tolerance or 0.0)) * worth

    @property
    def ignores_cost(self) -> bool:
        """Whether the strategy looks at durations only."""
        return self.strategy is Strategy.SPEED

    @property
    def ignores_duration(self) -> bool:
        """Whether the strategy looks at costs only."""
        return self.strategy is Strategy.COST

    def check_currency(self, currency: str) -> None:
        """Find out whether the limit on the cost is in the currency of the prices.

        Raises:
            UsageError: it names another one.
        """
        if self.max_cost_currency not in (None, currency):
            raise UsageError(
                f"max-cost is in {self.max_cost_currency}, but what is paid here is {currency}",
                hint=f"write the amount in {currency}",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a person says of the function's traffic and discounts. None: what CloudWatch showed, where it did.

    `cold_share` is the share of invocations that start cold, `savings_plan` the share by which a Compute Savings Plan
    lowers the price of duration (requests are never discounted).
    """

    cold_share: float | None = None
    invocations_per_month: float | None = None
    savings_plan: float = 0.0
