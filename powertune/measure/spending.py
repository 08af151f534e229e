"""What a run has spent and may still spend: invocations and snapshots, promised at the most that each can cost."""

from collections.abc import Iterable
from dataclasses import dataclass

from powertune.model import Configuration, Invocation, Measurement
from powertune.plan import Plan


@dataclass(slots=True)
class Budget:
    """Money spent, and money promised to what is under way, each at the most that it can cost."""

    limit: float
    spent: float = 0.0
    promised: float = 0.0

    def promise(self, amount: float) -> bool:
        """Set the amount aside, unless that could exceed the limit."""
        if not self.affords(amount):
            return False
        self.promised += amount
        return True

    def affords(self, amount: float) -> bool:
        """Whether the amount could be spent as well."""
        return self.spent + self.promised + amount <= self.limit

    def settle(self, promised: float, actual: float) -> None:
        """What was promised is over, and cost this."""
        self.promised -= promised
        self.spent += actual


class Spending:
    """The budget of a run, by what the plan says that things cost.

    Args:
        measured: what was measured and paid for before this process.
        budget: what others spend of as well; by default, the plan's own.
    """

    def __init__(self, plan: Plan, measured: Iterable[Measurement] = (), budget: Budget | None = None) -> None:
        self._plan = plan
        self._budget = budget or Budget(limit=plan.max_spend)
        self._worst: dict[Configuration, float] = {}
        #: What each configuration costs that publishing was asked for.
        self._publishing: dict[Configuration, float] = {}
        self._refused: set[Configuration] = set()
        #: Published and paid for before.
        self.known: set[Configuration] = set()
        for measurement in measured:
            self._paid(measurement)

    @property
    def spent(self) -> float:
        """The total so far, in the region's currency."""
        return self._budget.spent

    def promise(self, configuration: Configuration) -> bool:
        """Set aside what one invocation can cost; False if it could exceed the budget."""
        return self._budget.promise(self._worst_cost(configuration))

    def settle(self, configuration: Configuration, invocation: Invocation) -> None:
        """An invocation has ended that was promised."""
        self._budget.settle(self._worst_cost(configuration), self._cost(configuration, invocation))

    def correct(self, configuration: Configuration, invocation: Invocation) -> None:
        """The report has come of an invocation that was thought to have cost the most that it can."""
        self._budget.spent += self._cost(configuration, invocation) - self._worst_cost(configuration)

    def unpublished(self, configurations: Iterable[Configuration]) -> list[Configuration]:
        """Those that publishing was not asked for yet, in order."""
        return sorted({*configurations} - self._publishing.keys() - self.known)

    def cost_of_publishing(self, configurations: Iterable[Configuration]) -> float:
        """What it can cost to publish those of the configurations that are not yet."""
        return sum(self._costs_of_publishing(self.unpublished(configurations)).values())

    def affords(self, amount: float) -> bool:
        """Whether so much could be spent as well."""
        return self._budget.affords(amount)

    def promise_publishing(self, new: Iterable[Configuration]) -> bool:
        """Set aside what publishing costs; False if the budget does not pay for it."""
        costs = self._costs_of_publishing(new)
        if not self._budget.promise(sum(costs.values())):
            return False
        self._publishing |= costs
        return True

    def settle_publishing(self, configuration: Configuration, *, refused: bool) -> None:
        """A configuration is published, or was refused and costs nothing."""
        price = self._publishing[configuration]
        self._budget.settle(price, 0.0 if refused else price)
        if refused:
            self._refused.add(configuration)

    def _costs_of_publishing(self, new: Iterable[Configuration]) -> dict[Configuration, float]:
        """What publishing each may cost. The current size may take another one before it, if there is none."""
        current = self._plan.function.current
        every = {*new, *self._publishing, *self.known} - self._refused
        others = {c for c in every if c.architecture is current.architecture}
        costs = {c: self._plan.publish_cost(c) for c in new}
        if self._plan.touches_original and others == {current}:
            costs = {c: 2 * cost if c == current else cost for c, cost in costs.items()}
        return costs

    def _paid(self, measurement: Measurement) -> None:
        """Count what was spent before; of what publishing the current size took, the most that it can have been."""
        configuration = measurement.configuration
        if measurement.unmeasured is None:
            self.known.add(configuration)
            twice = self._plan.touches_original and configuration == self._plan.function.current
            self._budget.spent += self._plan.publish_cost(configuration) * (2 if twice else 1)
        else:
            self._refused.add(configuration)
        self._budget.spent += sum(self._cost(configuration, each) for each in measurement.invocations)

    def _cost(self, configuration: Configuration, invocation: Invocation) -> float:
        """What an invocation cost; without a report, the most that it can have cost."""
        if invocation.billed_ms is None:
            return self._worst_cost(configuration)
        storage = self._plan.function.ephemeral_storage_mb
        restored = self._plan.restore_cost(configuration) if invocation.restore_ms is not None else 0.0
        return self._plan.prices.invocation_cost(configuration, invocation.billed_ms, storage) + restored

    def _worst_cost(self, configuration: Configuration) -> float:
        """The most that an invocation can cost; it is asked for all the time."""
        if configuration not in self._worst:
            self._worst[configuration] = self._plan.worst_cost(configuration)
        return self._worst[configuration]
