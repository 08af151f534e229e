"""What is mailed of a scan: totals, what saves most, what is new, what was not read, and no more than SNS takes."""

from dataclasses import replace

import pytest
from scans import DENIED, earlier_scan, full_scan, function_line, make_test_scan, scan_finding

from powertune.report.scan.message import write_scan_message
from powertune.report.scan.reported import ReportedScan
from powertune.scan.coverage import Gap

PLACES = ("The scan: s3://b/scans/scan-1.json", "As a page: s3://b/scans/scan-1.html")
#: What SNS takes as a message, and Step Functions as the input of a state.
MOST_BYTES = 256 * 1024
#: A letter of three bytes.
WIDE = "\u6c34"


def lines(*, first: bool = False) -> list[str]:
    reported = ReportedScan(scan=full_scan(), earlier=() if first else (earlier_scan(),))
    return write_scan_message(reported, PLACES).text.splitlines()


def block(text: list[str], heading: str) -> list[str]:
    """A line that begins so, and those that follow it, up to an empty one."""
    start = next(number for number, line in enumerate(text) if line.startswith(heading))
    return text[start : text.index("", start)]


def test_it_says_the_totals_first_and_where_the_scan_is_at_last() -> None:
    text = lines()
    assert "could save" in text[0]
    assert text[1].startswith("Scan of 2 accounts in ")
    assert text[-2:] == list(PLACES)


def test_it_names_the_five_findings_that_save_most() -> None:
    heading, *rows = block(lines(), "What saves most:")
    assert heading == "What saves most:"
    assert rows[0] == (
        "  $14.50 [-$1.25, $21.00] a month: resize-images (123456789012 us-east-1): uses 60 of 1,024 MB "
        "[memory-oversized] (new)"
    )
    assert len([row for row in rows if not row.startswith("  and ")]) == 5
    assert rows[-1] == "  and 1 more finding"


def test_it_names_what_is_new_changed_and_fixed() -> None:
    text = lines()
    for heading in ("New: ", "Changed: ", "Fixed: "):
        count, *rows = block(text, heading)
        assert int(count.removeprefix(heading)) == len(rows)
    assert any("legacy" in row for row in block(text, "Functions deleted"))


def test_the_first_scan_and_one_without_changes_say_so() -> None:
    assert "This is the first scan: the next one says what is new." in lines(first=True)
    same = replace(full_scan(), scanned_at=full_scan().scanned_at + 60)
    told = write_scan_message(ReportedScan(scan=same, earlier=(full_scan(),)), ()).text
    assert "Nothing has changed since " in told


def test_it_names_what_was_not_read_and_why() -> None:
    heading, *rows = block(lines(), "Not read: ")
    assert heading == f"Not read: {len(rows)}"
    assert any(row.startswith(f"  {DENIED}") and "it needs " in row for row in rows)


@pytest.mark.parametrize("first", [True, False])
def test_the_subject_is_one_short_line_in_ascii(first: bool) -> None:
    reported = ReportedScan(scan=full_scan(), earlier=() if first else (earlier_scan(),))
    subject = write_scan_message(reported, ()).subject
    assert subject.startswith("powertune scan: $")
    assert subject.isascii()
    assert len(subject) < 100
    assert (" new" in subject) is not first


def test_thousands_of_findings_and_gaps_are_no_more_than_sns_takes() -> None:
    long = [function_line(f"function-{number}-{WIDE * 50}") for number in range(3_000)]
    gaps = tuple(
        Gap(place=replace(DENIED, account_id=f"{number:012}"), what="", reason=f"{WIDE * 900} reason {number}")
        for number in range(500)
    )
    scan = replace(
        make_test_scan(*(scan_finding(line=line, summary=WIDE * 2_000) for line in long)),
        functions=tuple(long),
        gaps=gaps,
    )
    message = write_scan_message(ReportedScan(scan=scan, earlier=(earlier_scan(),)), PLACES)
    assert len(message.text.encode()) < MOST_BYTES
    assert "  and 2,995 more findings" in message.text
    assert "  and 480 more lines" in message.text


def test_a_line_that_is_cut_keeps_its_end_which_says_why() -> None:
    gaps = tuple(
        Gap(place=replace(DENIED, account_id=f"{n:012}"), what="", reason="no role there") for n in range(200)
    )
    message = write_scan_message(ReportedScan(scan=make_test_scan(gaps=gaps)), ())
    (line,) = (line for line in message.text.splitlines() if line.startswith("  000000000000"))
    assert line.endswith("nothing was read: no role there")
    assert len(line) < 450


def test_names_cannot_break_lines() -> None:
    line = function_line("orders\n\nClick here")
    told = write_scan_message(ReportedScan(scan=make_test_scan(scan_finding(line=line))), ())
    assert not any(each.startswith("Click here") for each in told.text.splitlines())
