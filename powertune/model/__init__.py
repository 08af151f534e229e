"""The nouns: what is measured, how it is named, and what a run holds. All frozen."""

from powertune.model.exploration import Batch, Exploration, GridDesign, Hint, Leader, Trial
from powertune.model.function import (
    Architecture,
    Configuration,
    FunctionRef,
    FunctionState,
    Payload,
    Workload,
    charges_for_snapshots,
)
from powertune.model.goal import EXCHANGE, Goal, Limit, Statistic, Strategy, Usage
from powertune.model.production import Production
from powertune.model.run import (
    BETWEEN_BATCHES,
    DAYS_PER_MONTH,
    FUNCTION_FAILS,
    NO_REPORTS,
    UNDER_WAY,
    Advisory,
    Design,
    PayloadShare,
    Traffic,
    TuningRun,
)
from powertune.model.samples import INVOCATION_FIELDS, Invocation, Invocations, Measurement, Population, Status

__all__ = [
    "BETWEEN_BATCHES",
    "DAYS_PER_MONTH",
    "EXCHANGE",
    "FUNCTION_FAILS",
    "INVOCATION_FIELDS",
    "NO_REPORTS",
    "UNDER_WAY",
    "Advisory",
    "Architecture",
    "Batch",
    "Configuration",
    "Design",
    "Exploration",
    "FunctionRef",
    "FunctionState",
    "Goal",
    "GridDesign",
    "Hint",
    "Invocation",
    "Invocations",
    "Leader",
    "Limit",
    "Measurement",
    "Payload",
    "PayloadShare",
    "Population",
    "Production",
    "Statistic",
    "Status",
    "Strategy",
    "Traffic",
    "Trial",
    "TuningRun",
    "Usage",
    "Workload",
    "charges_for_snapshots",
]
