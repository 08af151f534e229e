"""Waits for published versions to become active, side by side, while others are published."""

from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Event, Thread

from powertune.aws.function_snapshot import Version
from powertune.aws.holder import Holder
from powertune.errors import FunctionBusy, SizeRefused
from powertune.measure import Publishing
from powertune.model import Configuration


class Activations:
    """A thread for each version. They are daemons: a person who abandons a run does not wait for their calls.

    Args:
        publishing: who is told that a configuration is ready, or refused.
        stop: raises once the run is being undone.
    """

    def __init__(self, publishing: Publishing, stop: Callable[[], None]) -> None:
        self._publishing = publishing
        self._stop = stop
        self._ending = Event()
        self._threads: list[Thread] = []
        self._failures: SimpleQueue[BaseException] = SimpleQueue()

    def start(self, holder: Holder, configuration: Configuration, version: Version) -> None:
        """Begin to wait for a version, and give it an alias once it is active."""
        arguments = (holder, configuration, version)
        thread = Thread(target=self._activate, args=arguments, name=f"activate-{version.number}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def check(self) -> None:
        """Raise what one of the threads has failed with, if one has."""
        try:
            failure = self._failures.get_nowait()
        except Empty:
            return
        raise failure

    def wait(self) -> None:
        """Wait until all versions are active, or one of the threads has failed: raises what it failed with."""
        for thread in self._threads:
            while thread.is_alive():
                thread.join(0.05)
                self.check()
        self.check()

    def end(self) -> None:
        """End what is still waiting, and return when nothing is under way any more."""
        self._ending.set()
        for thread in self._threads:
            thread.join()

    def _activate(self, holder: Holder, configuration: Configuration, version: Version) -> None:
        try:
            holder.activate(version, stop=self._stop_if_ending)
        except SizeRefused as refused:
            self._publishing.refused(configuration, refused)
        except BaseException as error:  # carried to the publishing thread, which raises it
            self._failures.put(error)
        else:
            self._publishing.ready(configuration)

    def _stop_if_ending(self) -> None:
        self._stop()
        if self._ending.is_set():
            raise FunctionBusy("publishing has ended", hint="see the first failure")
