"""The schema of JUnit files that is the strictest in use: that of Jenkins' xunit plugin (junit-10.xsd)."""

import re
from xml.etree import ElementTree as ET

#: Elements with their attributes and children; those that must be there are in capitals.
SCHEMA: dict[str, tuple[str, str]] = {
    "testsuites": ("name time tests failures errors", "testsuite"),
    "testsuite": (
        "NAME TESTS FAILURES ERRORS time skipped timestamp hostname id package",
        "properties testcase system-out system-err",
    ),
    "properties": ("", "property"),
    "property": ("NAME VALUE", ""),
    "testcase": ("NAME time classname group", "skipped error failure system-out system-err"),
    "skipped": ("type message", ""),
    "error": ("type message", ""),
    "failure": ("type message", ""),
    "system-out": ("", ""),
}


def check(element: ET.Element) -> None:
    """See that an element and all below it keep to the schema."""
    attributes, children = (names.split() for names in SCHEMA[element.tag])
    assert set(element.attrib) <= {name.lower() for name in attributes}
    assert {name.lower() for name in attributes if name.isupper()} <= set(element.attrib)
    assert {child.tag for child in element} <= set(children)
    if "time" in element.attrib:
        assert re.fullmatch(r"[0-9]+\.[0-9]{6}", element.attrib["time"])
    for child in element:
        check(child)
