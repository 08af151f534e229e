"""All rules: one module each, and one line here."""

from powertune.scan.rule import ScanRule
from powertune.scan.rules import (
    arm64_candidate,
    drift,
    ephemeral_unused,
    idle_function,
    memory_oversized,
    memory_unadvised,
    memory_undersized,
    waiting_function,
)

RULES: tuple[ScanRule, ...] = (
    arm64_candidate.RULE,
    drift.RULE,
    ephemeral_unused.RULE,
    idle_function.RULE,
    memory_oversized.RULE,
    memory_unadvised.RULE,
    memory_undersized.RULE,
    waiting_function.RULE,
)
