"""What a scan may spend on queries of logs, shared by all of its places: most have nothing to ask."""

from threading import Lock


class LogsBudget:
    """Gives each place what is left, divided by how many may be read at the same time. Threads may share it.

    Args:
        total: US dollars for all places together.
        slots: how many places are read side by side at most.
    """

    def __init__(self, total: float, *, slots: int) -> None:
        self._left = total
        self._free = max(1, slots)
        self._lock = Lock()

    def reserve(self) -> float:
        """What the next place may spend."""
        with self._lock:
            share = self._left / max(1, self._free)
            self._left -= share
            self._free -= 1
            return share

    def give_back(self, share: float, spent: float) -> None:
        """A place is done, and has spent some of its share."""
        with self._lock:
            self._left += max(0.0, share - spent)
            self._free += 1
