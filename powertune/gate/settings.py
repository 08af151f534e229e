"""The options of a gate, which are still texts, as the rules that it judges by."""

from powertune.config.gate_options import GateOptions
from powertune.gate.rules import Rules
from powertune.model import Usage


def rules_of(options: GateOptions, usage: Usage | None = None) -> Rules:
    """The rules that options ask for.

    Args:
        usage: the traffic; the options' invocations per month override it.

    Raises:
        UsageError: a budget, tolerance or min-effect that does not parse.
    """
    raise NotImplementedError
