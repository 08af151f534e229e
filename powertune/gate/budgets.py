"""Budgets in the manner of k6: `p(95)<300ms`, `init.p(95)<800ms`, `cost{memory:512}<5usd/1M`."""

from powertune.gate.model import Level
from powertune.gate.rules import EVERYWHERE, BudgetScope, GateBudget


def parse_budget(text: str, level: Level = Level.ERROR, scope: BudgetScope = EVERYWHERE) -> GateBudget:
    """A budget; its own tags override level and scope.

    Raises:
        UsageError: it does not parse; the message says at which character.
    """
    raise NotImplementedError
