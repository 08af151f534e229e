"""The answer of a run in the cells of a table of several functions."""

import shlex

from powertune.analysis import Analysis, Recommendation
from powertune.units import format_usd


def saving_cell(found: Recommendation, currency: str) -> str:
    """What a change saves in 30 days, with its interval."""
    if found.saving is None:
        return "unknown traffic"
    text = format_usd(found.saving.per_month, currency)
    if found.saving.interval is None:
        return text
    low, high = (format_usd(amount, currency) for amount in found.saving.interval)
    return f"{text} [{low}, {high}]"


def apply_cell(analysis: Analysis, found: Recommendation, file: str) -> str:
    """The command that gives the function its size. Another architecture takes code that was built for it."""
    function, configuration = analysis.function, found.configuration
    if configuration.architecture is not function.architecture:
        return f"deploy it for {configuration.architecture} with {configuration.memory_mb} MB"
    return shlex.join(("powertune", "apply", file, "--region", function.region))
