"""The keys of the input of an execution: the names of AWS Lambda Power Tuning verbatim, and ours in camel case."""

from collections.abc import Mapping

from powertune.units import MEMORY_MAX_MB, MEMORY_MIN_MB

#: What `powerValues` calls all sizes that the AWS console once offered.
ALL = "ALL"
ALL_SIZES = tuple(range(MEMORY_MIN_MB, MEMORY_MAX_MB + 1, 64))
#: What the input calls our own strategy, which has no name there.
DEFAULT = "default"
#: The keys that are options of a run, and what these are called elsewhere.
OPTION_KEYS: Mapping[str, str] = {
    "powerValues": "memory",
    "num": "invocations",
    "strategy": "strategy",
    "balancedWeight": "balanced_weight",
    "preProcessorARN": "pre_processor",
    "postProcessorARN": "post_processor",
    "sleepBetweenRunsMs": "sleep_ms",
    "onlyColdStarts": "only_cold_starts",
    "allowedExceptions": "allowed_errors",
    "architectures": "arch",
    "maxSpend": "max_spend",
    "maxDuration": "max_duration",
    "maxCost": "max_cost",
    "headroom": "headroom",
    "costTolerance": "cost_tolerance",
    "coldShare": "cold_share",
    "invocationsPerMonth": "invocations_per_month",
    "savingsPlan": "savings_plan",
    "search": "search",
    "minMemory": "min_memory",
    "maxMemory": "max_memory",
    "precision": "precision",
    "environments": "environments",
    "concurrency": "concurrency",
    "isolate": "isolate",
    "inPlace": "in_place",
    "reportSource": "report_source",
    "seed": "seed",
    "rate": "rate",
    "imageUriArm64": "image_uri_arm64",
    "imageUriX8664": "image_uri_x86_64",
}
FLAGS = ("parallelInvocation", "autoOptimize", "dryRun", "disablePayloadLogs", "includeOutputResults")
#: Every key that an input may have.
KEYS = (
    "lambdaARN",
    "payload",
    "payloadS3",
    "autoOptimizeAlias",
    "discardTopBottom",
    "roleArn",
    *FLAGS,
    *OPTION_KEYS,
)
