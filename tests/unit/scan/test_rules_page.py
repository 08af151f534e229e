"""The page about the rules of a scan says what the rules say, and the rules are in order."""

import re

import scan_rules_page

from powertune.scan.rule_table import RULES


def test_the_page_is_fresh() -> None:
    assert scan_rules_page.PAGE.read_text() == scan_rules_page.page(), f"run `{scan_rules_page.COMMAND}`"


def test_rules_have_different_ids_in_the_order_of_the_alphabet() -> None:
    ids = [rule.id for rule in RULES]
    assert ids == sorted(set(ids))
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule) for rule in ids)


def test_titles_are_sentences_without_a_period() -> None:
    for rule in RULES:
        assert re.fullmatch(r"[A-Z][^.|]+[^.|]", rule.title), rule.id


def test_pages_explain_before_they_are_pasted_together() -> None:
    for rule in RULES:
        assert len(rule.page.split("\n\n")) >= 2, rule.id
        assert not re.search(r"^#|\{|\}", rule.page, flags=re.MULTILINE), rule.id


def test_rules_that_a_page_refers_to_exist() -> None:
    ids = {rule.id for rule in RULES}
    for rule in RULES:
        referred = set(re.findall(r"`([a-z0-9]+(?:-[a-z0-9]+)+)`", rule.page))
        assert referred <= ids, rule.id
