"""A program in a terminal of its own, as in a window."""

import fcntl
import os
import pty
import subprocess
import sys
import termios
from collections.abc import Callable
from typing import Any


class Window:
    """A terminal of its own for a program, that can be closed as a window is."""

    def __init__(self, *arguments: str, ready: Callable[[], None] = lambda: None, **streams: Any) -> None:
        self._ours, theirs = pty.openpty()

        def take_terminal() -> None:
            os.setsid()
            fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)
            ready()

        self.process = subprocess.Popen(
            [sys.executable, "-m", "powertune", *arguments],
            preexec_fn=take_terminal,
            **{"stdin": theirs, "stdout": theirs, "stderr": theirs, **streams},
        )
        os.close(theirs)

    def wait_for(self, words: str) -> None:
        """Read until the program has said this."""
        seen = ""
        while words not in seen:
            seen += self._read()

    def _read(self) -> str:
        try:
            return os.read(self._ours, 65536).decode(errors="replace")
        except OSError:  # Linux says so when the program has ended
            return ""

    def close(self) -> None:
        """What the kernel does then: SIGHUP to the program, and an error for whatever it writes."""
        if self._ours >= 0:
            os.close(self._ours)
            self._ours = -1

    def end(self) -> int:
        """Wait for the program, and take in what it still says."""
        try:
            while self._ours >= 0 and self._read():
                pass
            return self.process.wait(30)
        finally:
            self.close()
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
