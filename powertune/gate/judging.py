"""Cases and rules to checks: each budget and each metric against its baseline, and what all of them say together."""

from collections.abc import Sequence

from powertune.gate.model import ONLY_LOOK, Case, Judgement, Look
from powertune.gate.rules import Rules
from powertune.prices import PriceTable


def judge(cases: Sequence[Case], rules: Rules, prices: PriceTable, look: Look = ONLY_LOOK) -> Judgement:
    """Judge all cases by all rules.

    Raises:
        FunctionFailed: the candidate failed in every invocation of every configuration.
        UsageError: there is nothing to check, a budget is about a metric that was not measured or in another
            currency,
            or prices are not known.
    """
    raise NotImplementedError
