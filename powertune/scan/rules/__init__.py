"""All rules: one module each, and one line here."""

from powertune.scan.rule import ScanRule
from powertune.scan.rules import idle_function

RULES: tuple[ScanRule, ...] = (idle_function.RULE,)
