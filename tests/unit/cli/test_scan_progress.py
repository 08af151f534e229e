"""What a scan says while it goes on, with and without a terminal."""

import io

import pytest
from rich.console import Console
from scanned import PLACE, known, place_evidence, scanned_function

from powertune.cli.scan_progress import ScanProgress
from powertune.scan.coverage import Gap, ScannedPlace
from powertune.scan.evidence import AccountRegion

OTHER = AccountRegion(account_id="210987654321", region="eu-west-1", account_name="prod")


def test_without_a_terminal_each_place_has_a_line(capfd: pytest.CaptureFixture[str]) -> None:
    read = ScannedPlace(
        evidence=place_evidence(known(), known(scanned_function("invoices"))),
        gaps=(Gap(place=PLACE, what="memory", reason="denied"),),
    )
    denied = ScannedPlace(
        evidence=place_evidence(place=OTHER), gaps=(Gap(place=OTHER, what="", reason="no role powertune-scan"),)
    )
    with ScanProgress(2) as progress:
        progress.place_started(PLACE)
        progress.asked(PLACE, "usage")
        progress.place_done(read, kept=True)
        progress.place_done(denied, kept=False)
    assert capfd.readouterr().err.splitlines() == [
        "1 of 2 places: 123456789012 us-east-1: 2 functions, 1 gap (kept)",
        "2 of 2 places: prod (210987654321) eu-west-1: not scanned: no role powertune-scan",
    ]


def test_ctrl_c_says_what_happens_now(capfd: pytest.CaptureFixture[str]) -> None:
    with ScanProgress(1, quiet=True) as progress:
        progress.stopping()
    assert capfd.readouterr().err.startswith("finishing the places that are being read; press Ctrl-C once more")


def test_quiet_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    with ScanProgress(1, quiet=True) as progress:
        progress.place_done(ScannedPlace(evidence=place_evidence()), kept=False)
    assert capfd.readouterr().err == ""


def test_a_terminal_shows_what_is_asked() -> None:
    screen = io.StringIO()
    terminal = Console(file=screen, force_terminal=True, width=100, color_system=None)
    with ScanProgress(3, terminal=terminal) as progress:
        progress.place_started(OTHER)
        progress.asked(OTHER, "memory")
        progress.place_done(ScannedPlace(evidence=place_evidence(known())), kept=False)
    assert "1 of 3 places, 1 function; prod (210987654321) eu-west-1: memory" in screen.getvalue()
