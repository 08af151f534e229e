"""Keeping a run that is under way in its results file."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from powertune import results
from powertune.measure import Observer
from powertune.model import UNDER_WAY, TuningRun

#: Saving takes at most this share of the time.
_SHARE = 1 / 20


class Saver:
    """Writes the results file after each round; a run that has measured nothing leaves none.

    While a large run is under way, rounds are skipped so that saving takes a twentieth of the time at most.

    Args:
        timer: seconds, from any moment on.
    """

    def __init__(self, path: Path, *, timer: Callable[[], float]) -> None:
        self.path = path
        #: What the file holds; None if this has not written it.
        self.saved: TuningRun | None = None
        self._timer = timer
        self._saved_at: float | None = None
        self._took_s = 0.0

    def __call__(self, run: TuningRun) -> None:
        """Save the run, if that is due."""
        began = self._timer()
        early = self._saved_at is not None and (began - self._saved_at) * _SHARE < self._took_s
        if (run.stopped == UNDER_WAY and early) or not any(len(each.invocations) for each in run.measurements):
            return
        results.save(run, self.path)
        self.saved = run
        self._saved_at = self._timer()
        self._took_s = self._saved_at - began


class SavingObserver:
    """Has every round saved, and hands everything on to another observer."""

    def __init__(self, observer: Observer, save: Callable[[TuningRun], None]) -> None:
        self._observer = observer
        self._save = save
        #: The run until now; None before the first round.
        self.run: TuningRun | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._observer, name)

    def saved(self, run: TuningRun) -> None:
        """Keep the round, and hand it on."""
        self.run = run
        self._save(run)
        self._observer.saved(run)
