"""A run under way is kept in its results file, without slowing the run down."""

from dataclasses import replace
from pathlib import Path

import pytest
from factories import make_configuration, make_measurement, make_run
from fakes import RecordingObserver

from powertune import results
from powertune.engine.saving import Saver, SavingObserver
from powertune.model import UNDER_WAY, TuningRun


class Timer:
    """Seconds that pass as told: `moments`, one after the other."""

    def __init__(self, *moments: float) -> None:
        self._moments = list(moments)

    def __call__(self) -> float:
        return self._moments.pop(0)


def run(count: int, stopped: str = UNDER_WAY) -> TuningRun:
    return replace(make_run(measurements=(make_measurement(durations=[100.0] * count),)), stopped=stopped)


def saved(path: Path) -> int:
    """How many warm invocations the file holds."""
    (measurement,) = results.load(path).measurements
    return len(measurement.invocations) - 1


def test_every_round_of_a_small_run_is_saved(tmp_path: Path) -> None:
    save = Saver(tmp_path / "run.json", timer=Timer(0, 0.01, 1, 1.01))
    for count in (1, 2):
        save(run(count))
        assert saved(save.path) == count


@pytest.mark.parametrize(("later_s", "expected"), [(19.9, 1), (20.1, 2)])
def test_saving_takes_a_twentieth_of_the_time(tmp_path: Path, later_s: float, expected: int) -> None:
    save = Saver(tmp_path / "run.json", timer=Timer(0, 1, 1 + later_s, 2 + later_s))
    save(run(1))
    save(run(2))
    assert saved(save.path) == expected


def test_the_end_is_always_saved(tmp_path: Path) -> None:
    save = Saver(tmp_path / "run.json", timer=Timer(0, 1, 1.1, 2.1))
    save(run(1))
    save(run(2, stopped="complete"))
    assert saved(save.path) == 2


def test_nothing_measured_leaves_no_file(tmp_path: Path) -> None:
    Saver(tmp_path / "run.json", timer=Timer(0))(make_run(measurements=()))
    assert not list(tmp_path.iterdir())


def test_an_observer_is_told_everything_and_each_round_is_kept() -> None:
    inner, kept = RecordingObserver(), list[TuningRun]()
    observer = SavingObserver(inner, kept.append)
    assert observer.run is None
    observer.published(make_configuration(512))
    observer.saved(run(1))
    assert inner.events == ["published 512"]
    assert inner.runs == kept == [observer.run]
