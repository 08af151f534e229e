"""How long the rest of a run takes that measures in batches, from the pace of the last one."""

from collections.abc import Hashable, Iterable


class BatchPace:
    """Knows how long the rest takes, once each size has been invoked warm: before, nobody does.

    A state machine measures one size alone at first, and then all side by side. What it has measured is seen
    some rounds at a time, cold starts first.

    Args:
        sizes: what is to be measured.
    """

    def __init__(self, sizes: Iterable[Hashable]) -> None:
        self._cold = set(sizes)
        self._began: tuple[float, float] | None = None
        self._latest: tuple[float, float] | None = None

    def invoked(self, size: Hashable, *, warm: bool, completed: float, now: float) -> None:
        """Count an invocation.

        Args:
            completed: how many there are with it.
            now: when it was seen, in seconds.
        """
        if warm:
            self._cold.discard(size)
        self._latest = (now, completed)
        self._look()

    def dropped(self, size: Hashable) -> None:
        """This size is not measured."""
        self._cold.discard(size)
        self._look()

    def _look(self) -> None:
        """What is seen at the same time as the last first warm invocation belongs to what was before."""
        latest = self._latest
        if latest is not None and not self._cold and (self._began is None or self._began[0] == latest[0]):
            self._began = latest

    def left_s(self, total: float) -> float | None:
        """The seconds until that number is completed; None where that cannot be said."""
        if self._began is None or self._latest is None or self._latest[0] <= self._began[0]:
            return None
        seconds, done = self._latest[0] - self._began[0], self._latest[1] - self._began[1]
        return max(0.0, total - self._latest[1]) * seconds / done
