"""What functions write to stdout and stderr, collected from pipes by one thread for all environments."""

import contextlib
import os
import selectors
import threading
import time
from collections import deque
from dataclasses import dataclass

_KEPT_BYTES = 16 * 1024 * 1024
_CHUNK_BYTES = 65536


@dataclass(frozen=True, slots=True)
class Line:
    """A line, with its newline if it had one, and when it was read, in ms since the epoch."""

    at_ms: int
    text: str


class Output:
    """The pipe of one process. The child's end is to be closed once the child has it."""

    def __init__(self) -> None:
        self.read_end, self.write_end = os.pipe()
        os.set_blocking(self.read_end, False)
        self._lock = threading.Lock()
        self._lines: deque[tuple[int, bytes]] = deque()
        self._size = 0
        self._partial = b""
        self._open = True

    def handed_over(self) -> None:
        """The child has inherited its end."""
        os.close(self.write_end)

    def pump(self) -> bool:
        """Read what is there; False at the end."""
        with self._lock:
            return self._open and self._pump()

    def take(self) -> tuple[Line, ...]:
        """All that was written until now and not taken before: what a process wrote before it answered is here."""
        with self._lock:
            while self._open and self._pump(until_empty=True):
                continue
            if self._partial:
                self._keep(self._partial)
                self._partial = b""
            lines, self._lines, self._size = self._lines, deque(), 0
        return tuple(Line(at, text.decode(errors="replace")) for at, text in lines)

    def close(self) -> None:
        """Close our end."""
        with self._lock:
            if self._open:
                self._open = False
                os.close(self.read_end)

    def _pump(self, until_empty: bool = False) -> bool:
        try:
            chunk = os.read(self.read_end, _CHUNK_BYTES)
        except BlockingIOError:
            return not until_empty
        if not chunk:
            return False
        *whole, self._partial = (self._partial + chunk).split(b"\n")
        for line in whole:
            self._keep(line + b"\n")
        if len(self._partial) > _KEPT_BYTES:
            self._keep(self._partial)
            self._partial = b""
        return True

    def _keep(self, line: bytes) -> None:
        self._lines.append((time.time_ns() // 1_000_000, line))
        self._size += len(line)
        while self._size > _KEPT_BYTES and len(self._lines) > 1:
            self._size -= len(self._lines.popleft()[1])


class Outputs:
    """The thread that empties the pipes, so that a function which writes much is never blocked for long."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._wake_read, self._wake_write = os.pipe()
        self._selector.register(self._wake_read, selectors.EVENT_READ)
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="outputs", daemon=True)
        self._thread.start()

    def open(self) -> Output:
        """A new pipe."""
        output = Output()
        with self._lock:
            self._selector.register(output.read_end, selectors.EVENT_READ, output)
        return output

    def close_one(self, output: Output) -> None:
        """Forget a pipe."""
        self._forget(output)
        output.close()

    def close(self) -> None:
        """End the thread."""
        os.write(self._wake_write, b"x")
        self._thread.join()
        self._selector.close()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _forget(self, output: Output) -> None:
        with self._lock, contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(output.read_end)

    def _run(self) -> None:
        while True:
            for key, _ in self._selector.select():
                if key.data is None:
                    return
                output: Output = key.data
                if not output.pump():
                    self._forget(output)
