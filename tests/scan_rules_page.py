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

A scan looks for each of these. Every finding says what it rests on and what to do next, and, where money is at stake,
how much would be saved in 30 days at list prices. **Severity** is that of most findings of a rule: the section of the
rule says where it differs. **Needs** is what is read besides the list of functions. Where a part of that could not
be read, a rule reports less, or nothing: it never guesses.
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
