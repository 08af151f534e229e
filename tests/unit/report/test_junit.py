import re
from xml.etree import ElementTree as ET

import pytest
from factories import HOSTILE, degenerate_analyses, hostile_analysis, recorded
from junit_schema import check

from powertune.analysis import Analysis
from powertune.report import RUN

CASES = {
    **degenerate_analyses(),
    **{name: hostile_analysis(text) for name, text in HOSTILE.items()},
    "all": recorded(),
}


def suite(analysis: Analysis) -> ET.Element:
    (element,) = ET.fromstring(RUN.render(analysis, "junit"))
    return element


@pytest.mark.parametrize("case", CASES)
def test_it_keeps_to_the_schema_and_the_totals_are_right(case: str) -> None:
    root = ET.fromstring(RUN.render(CASES[case], "junit"))
    check(root)
    (element,) = root
    cases = element.findall("testcase")
    assert len(cases) == len(CASES[case].profiles) + 1
    for holder in (root, element):
        assert holder.attrib["tests"] == str(len(cases))
        assert holder.attrib["failures"] == str(len(element.findall("testcase/failure")))
        assert holder.attrib["errors"] == str(len(element.findall("testcase/error")))
    assert element.attrib["skipped"] == str(len(element.findall("testcase/skipped")))


def test_a_size_that_fails_is_a_failure_and_one_that_was_not_measured_is_skipped() -> None:
    cases = {case.attrib["name"]: case for case in suite(recorded()).findall("testcase")}
    failure = cases["128 MB x86_64"].find("failure")
    assert failure is not None
    assert failure.attrib["message"] == "ran out of memory in 1 of 29 invocations"
    skipped = cases["3009 MB x86_64"].find("skipped")
    assert skipped is not None
    assert "3008 MB" in skipped.attrib["message"]
    assert [child.tag for child in cases["512 MB x86_64"]] == ["system-out"]
    assert cases["512 MB x86_64"].attrib["time"] == "0.234655"
    assert [child.tag for child in cases["recommendation"]] == ["system-out"]


@pytest.mark.parametrize(
    ("case", "tag", "kind"),
    [
        ("no success", "failure", "failed"),
        ("impossible", "failure", "impossible"),
        ("single", "error", "inconclusive"),
        ("nothing", "error", "inconclusive"),
    ],
)
def test_without_a_recommendation_its_test_says_why(case: str, tag: str, kind: str) -> None:
    verdict = suite(CASES[case]).find(f"testcase[@name='recommendation']/{tag}")
    assert verdict is not None
    assert verdict.attrib["type"] == kind
    assert verdict.attrib["message"].startswith("No recommendation: ")


def test_the_nearest_and_what_it_lacks_are_named() -> None:
    failure = suite(CASES["impossible"]).find("testcase[@name='recommendation']/failure")
    assert failure is not None
    assert re.fullmatch(r"nearest: \d+ MB x86_64: p95 .* > 1\.00 ms, cost .* per million", failure.text or "")


def test_time_is_that_of_the_run() -> None:
    assert suite(recorded()).attrib["timestamp"] == "2026-09-21T14:13:20"
    assert "timestamp" not in suite(CASES["unknown time"]).attrib
    assert suite(CASES["unknown time"]).attrib["time"] == "0.000000"
