"""The nouns: what is measured, how it is named, and what a run holds. All frozen."""

from powertune.model.function import Architecture, Configuration, FunctionRef, FunctionState, Payload, Workload
from powertune.model.run import UNDER_WAY, Advisory, Design, PayloadShare, TuningRun
from powertune.model.samples import INVOCATION_FIELDS, Invocation, Invocations, Measurement, Population, Status

__all__ = [
    "INVOCATION_FIELDS",
    "UNDER_WAY",
    "Advisory",
    "Architecture",
    "Configuration",
    "Design",
    "FunctionRef",
    "FunctionState",
    "Invocation",
    "Invocations",
    "Measurement",
    "Payload",
    "PayloadShare",
    "Population",
    "Status",
    "TuningRun",
    "Workload",
]
