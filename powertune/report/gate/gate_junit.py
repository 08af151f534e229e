"""A gate as a JUnit file, for the test tab of a CI system: a test per check.

Keeps to what both Jenkins' schema (xunit-plugin, junit-10.xsd) and GitLab's reader take.
"""

from xml.etree import ElementTree as ET

from powertune.gate.gated_metrics import MS
from powertune.gate.model import GateVerdict, Level
from powertune.gate.result import GateResult, OnInconclusive
from powertune.report.gate.gate_text import GateRow, write_gate_text
from powertune.report.junit import seconds_text, written_suite, xml_text


def render_gate_junit(result: GateResult) -> bytes:
    """UTF-8 XML. The time of a test is the candidate's figure where that is a duration, so that a CI system draws it.

    A check that failed is a failure. One that is inconclusive is an error if that fails the build, else it is
    skipped; so is what only warns.
    """
    text = write_gate_text(result)
    suite = ET.Element("testsuite", name=xml_text(f"gate of {result.candidate}"))
    properties = ET.SubElement(suite, "properties")
    for name, value in (("Compared", text.subtitle), *text.facts):
        ET.SubElement(properties, "property", name=xml_text(name), value=xml_text(value))
    for row in text.rows:
        _case(suite, row, result.on_inconclusive)
    if more := (*text.money, *text.notes):
        ET.SubElement(suite, "system-out").text = "\n".join(map(xml_text, more))
    return written_suite(suite, started_at=result.judged_at, seconds=0.0)


def _case(suite: ET.Element, row: GateRow, on_inconclusive: OnInconclusive) -> None:
    check = row.check
    seconds = check.figure.value / 1000 if check.figure is not None and check.unit == MS else 0.0
    case = ET.SubElement(
        suite,
        "testcase",
        classname=xml_text(f"powertune.gate.{check.function}"),
        name=xml_text(f"{check.configuration} {check.rule}"),
        time=seconds_text(seconds),
    )
    message = xml_text(f"{row.name}: {check.metric} {row.sentence}")
    figures = f"candidate {row.candidate}, baseline {row.baseline}" if check.baseline is not None else row.candidate
    tag = _tag(row, on_inconclusive)
    if tag == "skipped":
        ET.SubElement(case, tag, type=row.outcome, message=message)
    elif tag:
        ET.SubElement(case, tag, type=row.outcome, message=message).text = xml_text(f"{check.rule}: {figures}")
    ET.SubElement(case, "system-out").text = xml_text(f"{check.metric} {row.sentence}")


def _tag(row: GateRow, on_inconclusive: OnInconclusive) -> str:
    verdict = row.check.verdict
    if verdict is GateVerdict.PASSED:
        return ""
    if row.check.level is Level.WARN:
        return "skipped"
    if verdict is GateVerdict.FAILED:
        return "failure"
    return "error" if on_inconclusive is OnInconclusive.FAIL else "skipped"
