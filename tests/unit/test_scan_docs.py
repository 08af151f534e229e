"""The examples of files and conditions in the pages about scans are what powertune takes."""

import re
from pathlib import Path

import pytest

from powertune.config.accounts import parse_accounts
from powertune.config.scan_options import load_scan
from powertune.scan.fail_conditions import FindingsAt, parse_fail_on
from powertune.scan.finding import Severity
from powertune.scan.rule_table import RULES
from powertune.scan.suppressions import parse_suppressions

DOCS = Path(__file__).parents[2] / "docs"
IDS = [rule.id for rule in RULES]
PAGES = sorted(page for page in DOCS.glob("**/*.md") if page.parent.name != "adr")


def blocks(language: str, word: str) -> list[str]:
    """The blocks of a language, in all pages, that hold a word."""
    found = [each for page in PAGES for each in re.findall(rf"```{language}\n(.*?)```", page.read_text(), re.DOTALL)]
    return [each for each in found if word in each]


@pytest.mark.parametrize("text", blocks("toml", "scan."))
def test_every_configuration_of_a_scan_is_accepted(text: str, tmp_path: Path) -> None:
    (tmp_path / "powertune.toml").write_text(text)
    options = load_scan(tmp_path, {})
    assert parse_suppressions(options.suppress, IDS)
    for condition in options.fail_on:
        parse_fail_on(condition, IDS)


@pytest.mark.parametrize("text", blocks("yaml", "accounts:"))
def test_every_accounts_file_is_accepted(text: str) -> None:
    assert parse_accounts(text, "accounts.yml")


def test_every_condition_is_accepted() -> None:
    conditions = [
        each for page in PAGES for each in re.findall(r'"((?:savings>|[a-z*][a-z0-9-]*:)[^"`\s]*)"', page.read_text())
    ]
    severities = {each.value for each in Severity}
    named = [each for each in conditions if each.startswith("savings") or each.partition(":")[2] in severities]
    assert len(named) >= 5
    assert any(isinstance(parse_fail_on(each, IDS), FindingsAt) for each in named)
