"""Temporary."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputRequest:
    include_output_results: bool
    discard_top_bottom: Any
    only_cold_starts: bool


def execution_output(analysis, request, *, results_uri, execution_cost):
    r = analysis.recommendation
    return {
        "power": r.configuration.memory_mb,
        "architecture": r.configuration.architecture.value,
        "results": results_uri,
        "stateMachine": {"executionCost": execution_cost},
    }
