"""A JUnit file, for the test tab of a CI system: a test per configuration, and one for the recommendation.

Keeps to what both Jenkins' schema (xunit-plugin, junit-10.xsd) and GitLab's reader take.
"""

from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

from powertune.analysis import Analysis, Outcome, Profile, ProfileStatus
from powertune.report.report_text import ReportText, Row, write_report_text
from powertune.units import printable


def render_junit(analysis: Analysis) -> bytes:
    """UTF-8 XML. The time of a test is the mean duration in seconds, so that a CI system can draw its trend."""
    report = write_report_text(analysis)
    suite = ET.Element("testsuite", name=xml_text(report.title))
    properties = ET.SubElement(suite, "properties")
    for name, value in (("Function", report.subtitle), *report.facts):
        ET.SubElement(properties, "property", name=xml_text(name), value=xml_text(value))
    for row in report.rows:
        _configuration(suite, report, row)
    _recommendation(suite, report)
    if report.advisories:
        lines = (f"{xml_text(a.message)}; {xml_text(a.next_step)}" for a in report.advisories)
        ET.SubElement(suite, "system-out").text = "\n".join(lines)
    run = analysis.run
    return written_suite(suite, started_at=run.started_at, seconds=run.finished_at - run.started_at)


def _configuration(suite: ET.Element, report: ReportText, row: Row) -> None:
    profile = row.profile
    case = _case(suite, report, str(profile.configuration), profile)
    if profile.status is ProfileStatus.INFEASIBLE:
        _verdict(case, "failure", "infeasible", profile.reason or "infeasible")
    elif profile.status is ProfileStatus.UNMEASURED:
        ET.SubElement(case, "skipped", message=xml_text(profile.reason or "not measured"))
    figures = f"duration {row.duration_interval}, cost per million {row.cost_interval}"
    notes = f" ({', '.join(row.notes)})" if row.notes else ""
    ET.SubElement(case, "system-out").text = xml_text(f"{figures}{notes}")


def _recommendation(suite: ET.Element, report: ReportText) -> None:
    analysis = report.analysis
    recommendation, nearest = analysis.recommendation, analysis.nearest
    profile = None if recommendation is None else analysis.profile(recommendation.configuration)
    case = _case(suite, report, "recommendation", profile)
    if recommendation is None:
        near = None if nearest is None else analysis.profile(nearest)
        unmet = () if near is None else near.unmet
        details = f"nearest: {nearest}: {', '.join(unmet)}" if unmet else ""
        kind = "error" if analysis.outcome is Outcome.INCONCLUSIVE else "failure"
        _verdict(case, kind, analysis.outcome.value, report.headline, details)
    ET.SubElement(case, "system-out").text = "\n".join(map(xml_text, (report.headline, *report.reasons)))


def _case(suite: ET.Element, report: ReportText, name: str, profile: Profile | None) -> ET.Element:
    seconds = 0.0 if profile is None or profile.duration is None else profile.duration.mean / 1000
    return ET.SubElement(
        suite,
        "testcase",
        classname=xml_text(f"powertune.{report.title}"),
        name=xml_text(name),
        time=seconds_text(seconds),
    )


def _verdict(case: ET.Element, tag: str, kind: str, message: str, details: str = "") -> None:
    ET.SubElement(case, tag, type=kind, message=xml_text(message)).text = xml_text(details or message)


def written_suite(suite: ET.Element, *, started_at: float, seconds: float) -> bytes:
    """The suite with its totals, in the element that may hold several.

    Args:
        started_at: in seconds since the epoch.
        seconds: how long it took.
    """
    totals = {
        "tests": str(len(suite.findall("testcase"))),
        "failures": str(len(suite.findall("testcase/failure"))),
        "errors": str(len(suite.findall("testcase/error"))),
        "time": seconds_text(seconds),
    }
    skipped = str(len(suite.findall("testcase/skipped")))
    suite.attrib.update(totals, skipped=skipped, **_timestamp(started_at))
    root = ET.Element("testsuites", {"name": "powertune", **totals})
    root.append(suite)
    ET.indent(root)
    data: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return data + b"\n"


def xml_text(text: str) -> str:
    """The text without the control characters that XML 1.0 cannot hold, even escaped."""
    return printable(text)


def seconds_text(seconds: float) -> str:
    """A time as the schema writes it."""
    return f"{max(0.0, seconds):.6f}"


def _timestamp(seconds: float) -> dict[str, str]:
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    except OverflowError:
        return {}
    return {"timestamp": moment.strftime("%Y-%m-%dT%H:%M:%S")}
