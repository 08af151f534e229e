"""What --max-regression and --min-effect mean: shares by metric, as `duration=5%,cost=5%`."""

from powertune.gate.model import Tolerances


def parse_tolerances(max_regression: str | None, min_effect: str | None) -> Tolerances:
    """The tolerances that two options ask for; a metric that is not named keeps its default.

    `off` in the place of a share leaves a metric out.

    Raises:
        UsageError: a text does not parse, or names an unknown metric.
    """
    raise NotImplementedError
