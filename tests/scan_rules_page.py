"""Writes docs/reference/scan-rules.md: all rules of a scan, from the rules themselves. `make rules` runs it."""

import sys
from pathlib import Path

from powertune.scan.rule import ScanRule
from powertune.scan.rule_table import RULES

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "scan-rules.md"
COMMAND = "make rules"

_TOP = f"""\
# Rules of a scan

<!-- Written by `{COMMAND}` from the rules. Do not edit. -->

A scan applies these rules. Every finding names its evidence and the next step. If money is at stake, it also says
how much the change would save in 30 days at list prices. **Severity** is the severity of most findings of a rule; the
section about the rule says when it differs. **Needs** lists what is read besides the list of functions. If some of
that could not be read, a rule reports less, or nothing. It never guesses.
"""


def page(rules: tuple[ScanRule, ...] = RULES) -> str:
    """The whole page."""
    ordered = sorted(rules, key=lambda rule: rule.id)
    table = "\n".join(["| Rule | Finds | Severity | Needs |", "|---|---|---|---|", *map(_row, ordered)])
    return "\n\n".join([_TOP.rstrip(), table, *map(_section, ordered)]) + "\n"


def _row(rule: ScanRule) -> str:
    needs = ", ".join(need.value for need in rule.needs) or "nothing more"
    return f"| [`{rule.id}`](#{rule.id}) | {rule.title} | {rule.severity} | {needs} |"


def _section(rule: ScanRule) -> str:
    return f"## `{rule.id}`\n\n**{rule.title}.**\n\n{rule.page.strip()}"


def main() -> int:
    """Write the page."""
    PAGE.write_text(page())
    return 0


if __name__ == "__main__":
    sys.exit(main())
