"""All rules: one module each, and one line here."""

from powertune.scan.rule import ScanRule
from powertune.scan.rules import (
    failing_invocations,
    idle_function,
    log_cost,
    log_retention,
    old_versions,
    provisioned_idle,
    provisioned_missing,
    provisioned_underused,
    reserved_starving,
    runtime_deprecated,
    snapstart_versions,
    throttled,
    timeout_close,
    timeout_far,
    timeouts_billed,
    twins,
)

RULES: tuple[ScanRule, ...] = (
    failing_invocations.RULE,
    idle_function.RULE,
    log_cost.RULE,
    log_retention.RULE,
    old_versions.RULE,
    provisioned_idle.RULE,
    provisioned_missing.RULE,
    provisioned_underused.RULE,
    reserved_starving.RULE,
    runtime_deprecated.RULE,
    snapstart_versions.RULE,
    throttled.RULE,
    timeout_close.RULE,
    timeout_far.RULE,
    timeouts_billed.RULE,
    twins.RULE,
)
