import re

import pytest
from factories import HOSTILE, hostile_analysis, make_analysis, recorded
from markdown_it import MarkdownIt
from markdown_it.token import Token

from powertune.report import RUN
from powertune.report.markdown import escape

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
#: All that a text is made of, apart from our own bold and italics.
OURS = {"text", "strong_open", "strong_close", "em_open", "em_close", "softbreak", "text_special"}


def inline(source: str) -> list[Token]:
    return [child for token in PARSER.parse(source) for child in token.children or ()]


def seen(source: str) -> str:
    return "".join(token.content for token in inline(source))


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_reader_sees_the_text_and_nothing_more(text: str) -> None:
    source = RUN.render(hostile_analysis(text), "markdown").decode()
    tokens = PARSER.parse(source)
    assert {token.type for token in inline(source)} <= OURS
    pages = [token.content for token in tokens if token.type == "html_block"]
    assert all(re.fullmatch(r"(</?details>|<summary>[\w ]+</summary>|\s)*", page) for page in pages)
    types = [token.type for token in tokens]
    assert types.count("tr_open") == 5
    assert types.count("th_open") == 10
    assert types.count("heading_open") == 1
    assert types.count("bullet_list_open") == 3


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_escaping_loses_nothing_that_can_be_seen(text: str) -> None:
    words = "".join(char if char.isprintable() else " " if char.isspace() else "\ufffd" for char in text)
    assert seen(escape(text)).replace("\u200b", "") == " ".join(words.split())


def test_github_finds_no_mention_reference_link_or_formula() -> None:
    source = escape(HOSTILE["mentions"])
    assert not re.search(r"@\w|#\d|gh-\d|www\.|://", seen(source), flags=re.IGNORECASE)
    assert "$" not in source


@pytest.mark.parametrize("text", ["# x", "- x", "+ x", "1. x", "12) x", "> x", "=== x", "    code", "~~~ x", "***"])
def test_what_would_begin_a_block_is_a_paragraph(text: str) -> None:
    assert [token.type for token in PARSER.parse(escape(text))] == ["paragraph_open", "inline", "paragraph_close"]


@pytest.mark.parametrize("text", ["0.96", "$2.08 a month, $3 a year", "x86_64", "-", "24/1", "p95 (mean)", "a-b: c!"])
def test_what_is_harmless_stays_as_it_is(text: str) -> None:
    assert escape(text) == text


def test_the_recommended_row_is_bold_and_the_answer_comes_first() -> None:
    source = RUN.render(recorded(), "markdown").decode()
    assert source.startswith("### resize\n\n**Recommended: 1024 MB arm64")
    assert source.count("| **1024 MB** | arm64 |") == 1


def test_without_anything_measured_there_is_no_table() -> None:
    source = RUN.render(make_analysis(), "markdown").decode()
    assert "Nothing was measured." in source
    assert "| ---: |" not in source
