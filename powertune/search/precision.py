"""How precise an answer has to be, and whether a better one is worth its cost."""

from powertune.model import Exploration

#: How much worse than the optimum the answer may be expected to be, if nothing else was asked for; and if there is
#: traffic to save on, so that a better answer pays for itself.
PRECISION, PRECISION_THAT_PAYS = 0.066, 0.01
#: Savings are counted over this time.
HORIZON_MONTHS = 12
#: The most that spreading finalists over several environments costs, cold starts included, in warm invocations.
_SPREADING_INVOCATIONS = 200


def precision_of(exploration: Exploration) -> float:
    """How much worse than the optimum the answer may be expected to be, as a share."""
    if exploration.precision is not None:
        return exploration.precision
    return PRECISION_THAT_PAYS if savings_decide(exploration) else PRECISION


def savings_decide(exploration: Exploration) -> bool:
    """Whether the expected saving decides how long to search: not for speed, as faster is not cheaper."""
    asked = exploration.goal.ignores_cost or exploration.precision is not None
    return exploration.invocations_per_month is not None and not asked


def pays(exploration: Exploration, gain: float, invocation_cost: float, price: float) -> bool:
    """Whether a batch is expected to save more within the horizon than it costs; True if savings do not decide.

    Args:
        gain: the share of the cost that it is expected to save.
        invocation_cost: what an invocation costs, in currency.
        price: what the batch costs, in currency.
    """
    if not savings_decide(exploration):
        return True
    monthly = exploration.invocations_per_month or 0.0
    return gain * invocation_cost * monthly * HORIZON_MONTHS > price


def spreads(exploration: Exploration) -> bool:
    """Whether several environments are worth their cold starts: for a precision asked for, or a large saving."""
    if not savings_decide(exploration):
        return exploration.precision is not None
    monthly = exploration.invocations_per_month or 0.0
    return PRECISION_THAT_PAYS * monthly * HORIZON_MONTHS > _SPREADING_INVOCATIONS
