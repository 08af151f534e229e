"""What happens between two rounds of a worker that measures: it keeps what there is, and looks whether to go on."""

from collections.abc import Callable

from powertune.measure import Nobody
from powertune.model import UNDER_WAY, TuningRun

#: Saving a part takes at most this share of the time.
_SAVING_SHARE = 1 / 20
#: How often a worker that measures looks whether the run goes on, in seconds: each look is a request to S3.
LOOK_S = 5.0


class PartKeeper(Nobody):
    """Keeps what a turn has measured, after each round; less often where that takes too much of the time.

    Step Functions does not end the workers of an execution that it has ended: after a round, `check` may raise.
    """

    def __init__(
        self, save: Callable[[TuningRun], None], check: Callable[[], None], clock: Callable[[], float]
    ) -> None:
        self._save = save
        self._check = check
        self._clock = clock
        self._due = 0.0
        self._look_due = clock() + LOOK_S

    def saved(self, run: TuningRun) -> None:
        """Keep it, if that is due; see whether the run goes on, if that is."""
        self._keep(run)
        if run.stopped == UNDER_WAY and self._clock() >= self._look_due:
            self._look_due = self._clock() + LOOK_S
            self._check()

    def _keep(self, run: TuningRun) -> None:
        began = self._clock()
        if run.stopped == UNDER_WAY and began < self._due:
            return
        self._save(run)
        ended = self._clock()
        self._due = ended + (ended - began) / _SAVING_SHARE
