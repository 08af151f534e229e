"""Ending a run by a request, which it looks for where it can end well.

Python raises KeyboardInterrupt between any two instructions of the main thread: also just after it took a lock, which
is then never released, or in a finalizer, which drops the exception. In other threads it never raises it. So a run
looks for the request wherever it tells its observer, calls AWS or sleeps, and raises KeyboardInterrupt itself.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from powertune.aws.client import Aws
from powertune.engine.access import Access
from powertune.measure import Observer, Publishing, Target
from powertune.model import Batch, Configuration, Invocation, TuningRun

#: The longest sleep without a look at whether to stop, in seconds.
_LOOK_S = 0.5


class StopRequest:
    """Whether a run is to end, and what became of that, as `powertune.engine.direct.Interruptions` tells."""

    def __init__(self) -> None:
        self.restored = False
        self.insisted = False
        #: Whether sizes were published, and so perhaps invoked.
        self.published = False
        # No Event: the handler of a signal asks, and must not wait for a lock that its own thread holds.
        self._asked = False
        self._restoring = False
        self._wake: Callable[[], None] = lambda: None

    def ask(self) -> None:
        """Have the run end, and its function restored. Called from any thread, or by the handler of a signal."""
        self._asked = True
        self._wake()

    def wake_by(self, wake: Callable[[], None]) -> None:
        """What has the run look at once, while it waits for invocations."""
        self._wake = wake
        if self._asked:
            wake()

    def check(self) -> None:
        """Called wherever a run may end.

        Raises:
            KeyboardInterrupt: it is to end, and its function is not being restored.
        """
        if self._asked and not self._restoring:
            raise KeyboardInterrupt

    def sleeping(self, sleep: Callable[[float], None]) -> Callable[[float], None]:
        """What waits for a number of seconds as `sleep` does, and looks now and then: it raises as `check` does."""

        def sleep_and_look(seconds: float) -> None:
            self.check()
            while seconds > 0:
                part = min(seconds, _LOOK_S)
                sleep(part)
                seconds -= part
                self.check()

        return sleep_and_look

    def restoring(self, under_way: bool) -> None:
        """Whether the function is being restored, which nothing may end."""
        self._restoring = under_way


@dataclass(frozen=True, slots=True, kw_only=True)
class StoppableAccess:
    """A way to AWS whose calls end the run once that is asked for."""

    access: Access
    request: StopRequest

    def aws(self, *, function_timeout_s: int = 900, concurrency: int = 10, rate: float = 5.0) -> Aws:
        """AWS for one run."""
        aws = self.access.aws(function_timeout_s=function_timeout_s, concurrency=concurrency, rate=rate)
        return replace(aws, give_up=self.request.check, sleep=self.request.sleeping(aws.sleep))

    @property
    def ends_at(self) -> float | None:
        """When the credentials end."""
        return self.access.ends_at


class StoppableTarget:
    """A target whose run looks at once when it is asked to end: an invocation may take 15 minutes."""

    def __init__(self, target: Target, request: StopRequest) -> None:
        self._target = target
        self._request = request

    def __getattr__(self, name: str) -> Any:
        return getattr(self._target, name)

    def publish(self, configurations: Sequence[Configuration], publishing: Publishing) -> None:
        """Publish; from now on, the thread that measures can be woken."""
        self._request.wake_by(lambda: publishing.waiting(configurations[0], "stopping"))
        self._request.published = True
        self._target.publish(configurations, publishing)

    def undo(self) -> None:
        """Undo what the run changed.

        Raises:
            KeyboardInterrupt: a person has insisted on leaving the function as it is.
        """
        if self._request.insisted:
            raise KeyboardInterrupt
        self._target.undo()


class StoppableObserver:
    """Hands everything on to another observer, and ends the run once that is asked for."""

    def __init__(self, observer: Observer, request: StopRequest) -> None:
        self._observer = observer
        self._request = request

    def chosen(self, batch: Batch) -> None:
        """The search has chosen."""
        self._request.check()
        self._observer.chosen(batch)

    def waiting(self, configuration: Configuration, what: str) -> None:
        """A size waits; or this only wakes the run."""
        self._request.check()
        self._observer.waiting(configuration, what)

    def published(self, configuration: Configuration) -> None:
        """A size can be invoked."""
        self._observer.published(configuration)
        self._request.check()

    def unmeasured(self, configuration: Configuration, reason: str) -> None:
        """A size is left out."""
        self._observer.unmeasured(configuration, reason)

    def invoked(self, configuration: Configuration, invocation: Invocation, spent: float) -> None:
        """An invocation has ended, and is recorded."""
        self._observer.invoked(configuration, invocation, spent)
        self._request.check()

    def saved(self, run: TuningRun) -> None:
        """Hand the round on; once the function is restored, what is left may end at once."""
        self._observer.saved(run)
        if self._request.restored:
            self._request.restoring(False)

    def restoring(self) -> None:
        """From here on, nothing may end the run."""
        self._request.restoring(True)
        self._observer.restoring()

    def restored(self) -> None:
        """The function is as it was found."""
        self._request.restored = True
        self._observer.restored()
