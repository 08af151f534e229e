"""The history of an execution: after the event that ends it, nothing is added."""

import threading
from collections.abc import Callable
from typing import Any

from moto.stepfunctions.parser.asl.eval.event.event_manager import EventManager

MAX_EVENTS = 25_000
_FINAL = frozenset({"ExecutionSucceeded", "ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut"})


def details(**fields: Any) -> Any:
    """The details of an event, of which moto's type wants all kinds at once."""
    return fields


class AbandonedError(Exception):
    """What a thread was doing is of no more use: its execution, or its part of it, has ended.

    It unwinds the thread through moto's interpreter, which treats it as a failure and gets it again from the next
    event that it tries to record.
    """


class History(EventManager):
    """Moto's list of events, which the first final event closes."""

    def __init__(self, on_full: Callable[[], None]) -> None:
        super().__init__()
        self._gate = threading.Lock()
        self._final = False
        self._on_full = on_full

    def add_event(self, *args: Any, **options: Any) -> int:
        """Record an event. If there is room for the last one only, and it is not a final one, the execution fails.

        Raises:
            AbandonedError: the execution has ended.
        """
        kind = options["event_type"]
        final = str(getattr(kind, "value", kind)) in _FINAL
        with self._gate:
            if self._final:
                raise AbandonedError
            if final or len(self._history_event_list) < MAX_EVENTS - 1:
                self._final = final
                return int(super().add_event(*args, **options))
        self._on_full()
        raise AbandonedError

    @property
    def events(self) -> list[dict[str, Any]]:
        """All events so far. They are not changed any more."""
        with self._gate:
            events: list[Any] = list(self._history_event_list)
            return events


class Gate:
    """The history as one frame of an execution sees it: closed when the frame is."""

    def __init__(self, is_abandoned: Callable[[], bool], history: EventManager) -> None:
        self._is_abandoned, self.history = is_abandoned, history

    def add_event(self, *args: Any, **options: Any) -> int:
        """Record an event.

        Raises:
            AbandonedError: the frame was closed, or the execution has ended.
        """
        if self._is_abandoned():
            raise AbandonedError
        return int(self.history.add_event(*args, **options))
