"""A gate as Markdown, JUnit, JSON and annotations: golden files, limits, and texts that stay texts."""

import json
import os
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from factories import HOSTILE
from gates import alone, full_gate, gated, judged, make_case, make_result, rules
from junit_schema import check as check_schema
from markdown_it import MarkdownIt

from powertune.gate.model import CheckKind, GateVerdict, Judgement, Level
from powertune.gate.result import GateResult, OnInconclusive
from powertune.model import Usage
from powertune.report import GATE
from powertune.report.gate.annotations import MOST_OF_A_KIND, github_annotations
from powertune.report.gate.gate_text import write_gate_text
from powertune.report.gate.markdown import gate_markdown
from powertune.report.scan.markdown import COMMENT_BYTES, SUMMARY_BYTES

GOLDEN = Path(__file__).parents[3] / "golden"
GOLDEN_FILES = {
    "markdown": "gate.md",
    "junit": "gate.junit.xml",
    "json": "gate.json",
    "annotations": "gate.annotations.txt",
}
PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def rendered(result: GateResult, name: str) -> str:
    return github_annotations(result) if name == "annotations" else GATE.render(result, name).decode()


def inconclusive(**more: object) -> GateResult:
    case = make_case(gated(105.0, between=0.05), gated(between=0.05, seed=2))
    return make_result(judged(case), stopped="all 336 planned invocations were made (max-invocations)", **more)


def many(count: int, verdict: GateVerdict = GateVerdict.FAILED) -> GateResult:
    """A gate with `count` checks of one verdict, and one that passed."""
    (first, *_) = full_gate().judgement.checks
    checks = [replace(first, verdict=verdict, function=f"orders-{number}") for number in range(count)]
    judgement = full_gate().judgement
    return make_result(replace(judgement, checks=(replace(first, verdict=GateVerdict.PASSED), *checks)))


def hostile(text: str) -> GateResult:
    """A gate that has a text wherever somebody else's may stand."""
    judgement = full_gate().judgement
    checks = tuple(replace(check, function=text, rule=text, reason=text) for check in judgement.checks)
    money = tuple(replace(change, function=text) for change in judgement.money)
    changed = Judgement(checks=checks, look=judgement.look, money=money, notes=(text,))
    return make_result(changed, candidate=text, baseline=text, stopped=text, tool_version=text)


@pytest.mark.parametrize("name", GOLDEN_FILES)
def test_the_report_is_the_golden_one(name: str) -> None:
    data, path = rendered(full_gate(), name), GOLDEN / GOLDEN_FILES[name]
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(data)
    assert data == path.read_text()


def test_what_failed_comes_first_and_what_passed_last() -> None:
    outcomes = [row.outcome for row in write_gate_text(full_gate()).rows]
    order = ["failed", "warning", "inconclusive", "not proven", "passed"]
    assert sorted(outcomes, key=order.index) == outcomes
    assert {"failed", "warning", "inconclusive", "passed"} <= set(outcomes)


def test_markdown_names_the_change_its_interval_and_what_it_costs() -> None:
    text = rendered(full_gate(), "markdown")
    assert re.search(r"\*\*The gate failed: orders 512 MB x86_64: duration 3\d % slower \\\[2\d %, 3\d %\\\]", text)
    assert "orders:candidate compared with main@&#8203;1a2b3c4, measured side by side." in text
    assert re.search(
        r"this change costs \+\$\d+\.\d\d a month \\\[\$\d+\.\d\d, \$\d+\.\d\d\\\] at today's traffic", text
    )
    assert "Measured: 1,344 invocations in 64 environments, $0.0015; Looks: 3 of at most 5." in text


def test_a_saving_is_no_cost() -> None:
    case = make_case(gated(50.0), gated(seed=2))
    text = write_gate_text(make_result(judged(case, usage=Usage(invocations_per_month=1e9))))
    assert re.match(
        r"orders 512 MB x86_64: this change saves \$4\d\d\.\d\d a month \[\$4\d\d\.\d\d, \$4\d\d\.\d\d\] at",
        text.money[0],
    )


def test_what_is_inconclusive_says_how_many_invocations_would_decide() -> None:
    text = rendered(inconclusive(), "markdown")
    assert re.search(r"\(about [\d,]+ more invocations of each side would decide it\)", text)
    assert "Stopped: all 336 planned invocations were made (max-invocations)." in text
    assert rendered(inconclusive(), "markdown").startswith("### Gate inconclusive: orders:candidate\n")
    for choice, words in ((OnInconclusive.PASS, "(passes)"), (OnInconclusive.WARN, "(a warning)")):
        assert rendered(inconclusive(on_inconclusive=choice), "markdown").startswith(f"### Gate inconclusive {words}")


def test_a_budget_asks_for_more_of_the_candidate_alone() -> None:
    result = make_result(judged(alone(gated(environments=2)), rules=rules("p(99)<1s")), baseline=None)
    (row, *_) = write_gate_text(result).rows
    assert re.search(r"\(about [\d,]+ more invocations would decide it\)", row.sentence)
    assert write_gate_text(result).subtitle == "orders:candidate against its budgets"


@pytest.mark.parametrize("most", [COMMENT_BYTES, SUMMARY_BYTES, 20_000])
@pytest.mark.parametrize("count", [1, 300, 4_000])
def test_markdown_fits_and_leaves_out_what_passed_first(most: int, count: int) -> None:
    data = gate_markdown(many(count), most)
    assert len(data) <= most
    text = data.decode()
    if "more than fit here" in text:
        assert "passed" not in text.partition("How to read this")[0].replace("checks", "")
        assert len(data) > most * 0.9
    else:
        assert text.count("\n| ") == count + 3


def test_markdown_fits_with_money_and_notes_of_many() -> None:
    judgement = full_gate().judgement
    crowded = replace(judgement, money=judgement.money * 2_000, notes=judgement.notes * 2_000)
    data = gate_markdown(make_result(crowded), COMMENT_BYTES)
    assert len(data) <= COMMENT_BYTES
    assert data.count(b"lines more than fit here.") == 2


@pytest.mark.parametrize("text", [text for name, text in HOSTILE.items() if name != "long"])
def test_markdown_shows_a_text_and_nothing_more(text: str) -> None:
    source = rendered(hostile(text), "markdown")
    tokens = PARSER.parse(source)
    types = [token.type for token in tokens]
    assert types.count("heading_open") == 1
    assert types.count("tr_open") == len(full_gate().judgement.checks) + 1
    pages = [token.content for token in tokens if token.type == "html_block"]
    assert all(re.fullmatch(r"(</?details>|<summary>[\w ]+</summary>|\s)*", page) for page in pages)
    inline = [child for token in tokens for child in token.children or ()]
    assert {token.type for token in inline} <= {
        *("text", "strong_open", "strong_close", "code_inline", "html_inline", "softbreak", "text_special")
    }
    assert all(re.fullmatch(r"</?code>", token.content) for token in inline if token.type == "html_inline")


def test_markdown_fits_although_everything_is_long() -> None:
    assert len(gate_markdown(hostile("x<&" * 10_000), COMMENT_BYTES)) <= COMMENT_BYTES


@pytest.mark.parametrize("case", [*HOSTILE, "full", "inconclusive", "passed"])
def test_junit_keeps_to_the_schema_and_its_totals_are_right(case: str) -> None:
    results = {"full": full_gate(), "inconclusive": inconclusive(), "passed": make_result()}
    result = results.get(case) or hostile(HOSTILE[case])
    root = ET.fromstring(rendered(result, "junit"))
    check_schema(root)
    (suite,) = root
    for holder in (root, suite):
        assert holder.attrib["tests"] == str(len(result.judgement.checks))
        assert holder.attrib["failures"] == str(len(suite.findall("testcase/failure")))
        assert holder.attrib["errors"] == str(len(suite.findall("testcase/error")))
    assert suite.attrib["skipped"] == str(len(suite.findall("testcase/skipped")))


def test_junit_has_a_readable_failure_and_skips_what_only_warns() -> None:
    (suite,) = ET.fromstring(rendered(full_gate(), "junit"))
    cases = {case.attrib["name"]: case for case in suite.findall("testcase")}
    failure = cases["512 MB x86_64 duration<=+5%"].find("failure")
    assert failure is not None
    assert re.fullmatch(
        r"orders 512 MB x86_64: duration 3\d % slower \[2\d %, 3\d %\]; at most 5 % slower is allowed",
        failure.attrib["message"],
    )
    assert str(failure.text).startswith("duration<=+5%: candidate 1")
    assert float(cases["512 MB x86_64 duration<=+5%"].attrib["time"]) == pytest.approx(0.13, rel=0.05)
    assert cases["512 MB x86_64 cost{level:warn}<1usd/1M"].find("skipped") is not None
    assert [child.tag for child in cases["512 MB x86_64 max_memory<80%"]] == ["system-out"]


@pytest.mark.parametrize(
    ("choice", "tag", "kind"),
    [
        (OnInconclusive.FAIL, "error", "error"),
        (OnInconclusive.WARN, "skipped", "warning"),
        (OnInconclusive.PASS, "skipped", None),
    ],
)
def test_what_is_inconclusive_is_what_it_does_to_the_build(
    choice: OnInconclusive, tag: str, kind: str | None
) -> None:
    result = inconclusive(on_inconclusive=choice)
    (suite,) = ET.fromstring(rendered(result, "junit"))
    assert len(suite.findall(f"testcase/{tag}")) >= 1
    assert not suite.findall("testcase/failure")
    lines = rendered(result, "annotations").splitlines()
    assert {line.partition(" ")[0] for line in lines} == ({f"::{kind}"} if kind else set())


def test_annotations_are_ten_of_a_kind_and_count_the_rest() -> None:
    lines = github_annotations(many(MOST_OF_A_KIND)).splitlines()
    assert len(lines) == MOST_OF_A_KIND
    lines = github_annotations(many(MOST_OF_A_KIND + 5)).splitlines()
    assert len(lines) == MOST_OF_A_KIND
    assert lines[-1] == "::error title=6 more checks::the summary of the job lists all of them"
    assert github_annotations(make_result()) == ""


def test_annotations_are_escaped_as_github_reads_them() -> None:
    (line, *_) = github_annotations(full_gate()).splitlines()
    title, _, message = line.removeprefix("::error title=").partition("::")
    assert title.endswith("duration<=+5%25 failed")
    assert "%3A" in title
    assert ":" not in title
    assert "," not in title
    assert "30 %25 slower [" in message or "31 %25 slower [" in message


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_an_annotation_is_one_line_and_one_command(text: str) -> None:
    for line in github_annotations(hostile(f"{text}\r\n::error::x")).splitlines():
        assert re.fullmatch(r"::(error|warning) title=[^:,\r\n]*::.*", line)
        assert len(line) < 3 * 2_100


def test_json_is_for_programs() -> None:
    document = json.loads(rendered(full_gate(), "json"))
    found = {(check["kind"], check["metric"], check["level"]): check for check in document["judgement"]["checks"]}
    duration = found[CheckKind.REGRESSION, "duration", Level.ERROR]
    low, high = duration["ratio"]["interval"]
    assert 1.05 < low < duration["ratio"]["value"] < high
