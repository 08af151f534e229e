"""What became of several functions that were tuned together, and the plans for it, in the formats of a report."""

from powertune.report.functions.model import (
    FunctionPlans,
    FunctionResult,
    FunctionResults,
    FunctionStatus,
    RefusedFunction,
)

__all__ = ["FunctionPlans", "FunctionResult", "FunctionResults", "FunctionStatus", "RefusedFunction"]
