"""Programs on a pseudo-terminal."""

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Terminal:
    """A program on a pseudo-terminal, 100 columns wide."""

    def __init__(self, *arguments: str, environment: dict[str, str] | None = None) -> None:
        self._ours, theirs = pty.openpty()
        variables = {**os.environ, "COLUMNS": "100", "LINES": "40", "TERM": "xterm-256color", **(environment or {})}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "powertune", *arguments], stdin=theirs, stdout=theirs, stderr=theirs, env=variables
        )
        os.close(theirs)
        self.seen = ""

    def read(self) -> bool:
        """Take in what there is; False at the end."""
        readable, _, _ = select.select([self._ours], [], [], 0.1)
        if readable:
            try:
                data = os.read(self._ours, 65536)
            except OSError:  # Linux says so when the other end is closed
                return False
            self.seen += data.decode(errors="replace")
            return bool(data)
        return self.process.poll() is None

    def wait_for(self, words: str) -> None:
        deadline = time.monotonic() + 60
        while words not in self.seen:
            assert self.read(), self.seen
            assert time.monotonic() < deadline, self.seen

    def say(self, words: str) -> None:
        os.write(self._ours, f"{words}\n".encode())

    def end(self) -> int:
        while self.read():
            pass
        return self.process.wait(60)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._ours)


@contextmanager
def terminal(*arguments: str, **environment: str) -> Iterator[Terminal]:
    started = Terminal(*arguments, environment=environment)
    try:
        yield started
    finally:
        started.close()
