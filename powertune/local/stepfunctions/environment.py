"""Where an execution is, and each frame of it: moto's, with an end that everything in it notices at once."""

import datetime
import threading
from collections.abc import Callable
from typing import Any

from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.program_state import ProgramStopped

from powertune.local.stepfunctions.history import AbandonedError, Gate


def _now() -> datetime.datetime:
    return datetime.datetime.now(tz=datetime.UTC)


class _Latch(threading.Event):
    """Once set it stays set. Moto clears it in the same moment, so that a wait that begins then misses the end."""

    def clear(self) -> None:
        """Not needed: an environment that has ended does not begin again."""


class LiveEnvironment(Environment):
    """An environment that can be abandoned, with all frames that were opened in it."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self._abandoned = threading.Event()
        self._gate: Gate | None = None
        self._on_abandon: list[Callable[[], None]] = []
        self.execution: Any = None
        super().__init__(*args, **options)
        vars(self)["program_state_event"] = _Latch()

    @classmethod
    def as_frame_of(cls, env: Any, event_history_frame_cache: Any = None) -> Any:
        """A frame with the same variables. Moto's is not of the class of its environment."""
        return cls.as_inner_frame_of(
            env=env, variable_store=env.variable_store, event_history_frame_cache=event_history_frame_cache
        )

    @property
    def event_manager(self) -> Any:
        """The history, which refuses events of a frame that was closed."""
        return self._gate

    @event_manager.setter
    def event_manager(self, manager: Any) -> None:
        history = manager.history if isinstance(manager, Gate) else manager
        self._gate = Gate(self._abandoned.is_set, history)

    @property
    def next_state_name(self) -> str | None:
        """The state that comes next."""
        name: str | None = super().next_state_name
        return name

    @next_state_name.setter
    def next_state_name(self, name: str) -> None:
        with self._state_mutex:
            if self.abandoned:
                raise AbandonedError
            inherited: Any = Environment.next_state_name
            inherited.fset(self, name)

    @property
    def abandoned(self) -> bool:
        """Whether nobody waits for this any more."""
        return self._abandoned.is_set()

    def on_abandon(self, action: Callable[[], None]) -> Callable[[], None]:
        """Do this when the environment is abandoned, at once if it was already. Returns what takes the order back."""

        def forget() -> None:
            with self._state_mutex:
                if action in self._on_abandon:
                    self._on_abandon.remove(action)

        with self._state_mutex:
            if not self.abandoned:
                self._on_abandon.append(action)
                return forget
        action()
        return forget

    def abandon(self) -> None:
        """End everything in this environment: loops stop, waits end, and nothing more is recorded."""
        with self._state_mutex:
            self._abandoned.set()
            self._program_state = ProgramStopped(stop_date=_now(), error=None, cause=None)
            self.program_state_event.set()
            frames: list[Any] = list(self._frames)
            actions = list(self._on_abandon)
            self._on_abandon.clear()
        for frame in frames:
            frame.abandon()
        for action in actions:
            action()

    def pause(self, seconds: float) -> None:
        """Wait, unless it is abandoned or ends before.

        Raises:
            AbandonedError: it was.
        """
        if seconds > 0:
            self.program_state_event.wait(seconds)
        if self.abandoned:
            raise AbandonedError

    def open_frame(self, *args: Any, **options: Any) -> Any:
        """A frame in this environment.

        Raises:
            AbandonedError: it would never be closed.
        """
        with self._state_mutex:
            return self._adopted(super().open_frame(*args, **options))

    def open_inner_frame(self, *args: Any, **options: Any) -> Any:
        """A frame with variables of its own.

        Raises:
            AbandonedError: it would never be closed.
        """
        with self._state_mutex:
            return self._adopted(super().open_inner_frame(*args, **options))

    def close_frame(self, frame: Any) -> None:
        """Continue after a frame. What still runs in it, as a task after its timeout does, is abandoned."""
        super().close_frame(frame)
        frame.abandon()

    def delete_frame(self, frame: Any) -> None:
        """Forget a frame and what happened in it."""
        super().delete_frame(frame)
        frame.abandon()

    def _adopted(self, frame: Any) -> Any:
        frame.execution = self.execution
        if self.abandoned:
            raise AbandonedError
        return frame
