"""The bars of a gate, and its results files after each round."""

import io
from pathlib import Path

import pytest
from factories import make_invocation, make_measurement, make_run
from live_gates import PAIR, live, make_fake, plan
from rich.console import Console

from powertune import results
from powertune.cli.gate_progress import GateObserver
from powertune.engine.gate_plan import LivePair
from powertune.model import BETWEEN_BATCHES, Status


def screen() -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=100, color_system=None)


def text(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_each_side_has_a_bar_with_its_mean_and_what_is_spent(tmp_path: Path) -> None:
    console = screen()
    gate = plan(make_fake(1, 1), [PAIR])
    with GateObserver(gate, {}, quiet=False, terminal=console) as observer:
        observer.expected("candidate 0", 3)
        observer.invoked("candidate 0", make_invocation(duration_ms=100.0), 0.5)
        observer.invoked("candidate 0", make_invocation(duration_ms=102.0), 0.5)
        observer.invoked("baseline 0", make_invocation(status=Status.TIMEOUT), 0.75)
        observer._progress.refresh()
    shown = text(console)
    assert "fn:candidate (version 2)" in shown
    assert "2/3" in shown
    assert "101 ms" in shown
    assert "timeout" in shown
    assert "$0.75 spent" in shown


def test_who_is_to_be_quiet_shows_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    with GateObserver(plan(make_fake(1, 1)), {}, quiet=True) as observer:
        observer.invoked("candidate 0", make_invocation(), 0.5)
    assert capfd.readouterr() == ("", "")


def test_a_label_is_shown_as_it_is() -> None:
    console = screen()
    pair = LivePair(candidate=live("fn:2", "./[/red]/app.py:handler\x1b[31m"))
    with GateObserver(plan(make_fake(1, 1), [pair]), {}, quiet=False, terminal=console) as observer:
        observer._progress.refresh()
    assert "./[/red]/app.py:handler" in text(console)
    assert "\x1b[31m" not in text(console)


def test_every_round_is_saved(tmp_path: Path) -> None:
    run = make_run(measurements=[make_measurement(durations=[1.0])], stopped=BETWEEN_BATCHES)
    files = {"candidate 0": tmp_path / "candidate.json", "baseline 0": tmp_path / "baseline.json"}
    with GateObserver(plan(make_fake(1, 1)), files, quiet=True) as observer:
        observer.saved({"candidate 0": run})
    assert results.load(files["candidate 0"]) == run
    assert not files["baseline 0"].exists()
