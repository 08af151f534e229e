"""The options of a gate, which are still texts, as the rules that it judges by."""

from dataclasses import replace

from powertune.config.gate_options import GateOptions
from powertune.gate.budgets import parse_budget
from powertune.gate.model import Level
from powertune.gate.rules import BudgetScope, Rules
from powertune.gate.tolerances import parse_tolerances
from powertune.model import Usage


def rules_of(options: GateOptions, usage: Usage | None = None) -> Rules:
    """The rules that options ask for.

    Args:
        usage: the traffic; the options' invocations per month override it.

    Raises:
        UsageError: a budget, tolerance or min-effect that does not parse.
    """
    usage = usage or Usage()
    if options.invocations_per_month is not None:
        usage = replace(usage, invocations_per_month=options.invocations_per_month)
    return Rules(
        budgets=(
            *(parse_budget(text) for text in options.budgets),
            *(
                parse_budget(
                    each.check,
                    Level(each.level),
                    BudgetScope(function=each.function, architecture=each.arch, memory_mb=each.memory),
                )
                for each in options.budget
            ),
        ),
        tolerances=parse_tolerances(options.max_regression, options.min_effect),
        usage=usage,
        functions=options.functions,
    )
