"""stdout for data, stderr for everything else; a reader that has gone away is no reason to fail."""

import io
import os
import select
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from powertune.errors import UsageError
from powertune.units import printable

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

#: How often to look whether a signal has come, while nobody reads, in seconds.
_LOOK_S = 0.5


class _Forgiving(io.RawIOBase):
    """A descriptor that drops what nobody can read any more: the window was closed, or the pipe's reader has ended.

    An exception from a progress bar or a message must never end an undo that is under way.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def writable(self) -> bool:
        """It is only ever written to."""
        return True

    def fileno(self) -> int:
        """The descriptor, for child processes."""
        return self._descriptor

    def isatty(self) -> bool:
        """Whether it is a terminal; one that was closed is not."""
        return os.isatty(self._descriptor)

    def write(self, data: "ReadableBuffer", /) -> int:
        """Write, or drop."""
        try:
            return os.write(self._descriptor, data)
        except OSError:
            return len(memoryview(data))


def protect_streams() -> None:
    """Make writing to stderr harmless for the rest of the process, whoever writes: progress, logging, tracebacks.

    A stream that was closed before the start, and so is None, becomes one that leads nowhere.
    """
    if sys.stdin is None:
        sys.stdin = Path(os.devnull).open(encoding="utf-8")  # noqa: SIM115 - open as long as the process lives
    if sys.stdout is None:
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - as above
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - as above
        return
    raw = _Forgiving(sys.stderr.fileno())
    sys.stderr = io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=sys.stderr.encoding,
        errors="backslashreplace",
        line_buffering=True,
    )


def say(text: str) -> None:
    """A line for the person who watches, or several; dropped if nobody does any more.

    Part of it may be AWS's or a file's, so it is kept from steering the terminal.
    """
    with suppress(OSError, ValueError):
        sys.stderr.write("".join(f"{printable(line)}\n" for line in text.split("\n")))


def on_terminal() -> bool:
    """Whether somebody sits there who can be asked."""
    try:
        return sys.stdin.isatty() and sys.stderr.isatty()
    except ValueError:  # a stream that was closed
        return False


def terminal_width(stream: TextIO) -> int | None:
    """The columns of the terminal that a stream leads to; None if it leads elsewhere, where lines may be long."""
    try:
        return shutil.get_terminal_size().columns if stream.isatty() else None
    except ValueError:  # a stream that was closed
        return None


def confirmed(question: str) -> bool:
    """Ask, on stderr; only yes is yes."""
    try:
        sys.stderr.write(f"{printable(question)} [y/N] ")
        sys.stderr.flush()
        return sys.stdin.readline().strip().lower() in ("y", "yes")
    except (OSError, ValueError):  # the terminal was closed
        return False


def write_stdout(data: bytes) -> None:
    """Write data to stdout. A reader that has seen enough, such as `head`, is not an error.

    Raises:
        UsageError: it cannot be written, as a disk that is full.
    """
    try:
        sys.stdout.flush()
        descriptor = _stdout_descriptor()
        if descriptor is None:
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
        else:
            _write_when_taken(descriptor, data)
    except KeyboardInterrupt:  # a reader who does not read, such as a pager: nor would they what Python has left
        _give_up_stdout()
        raise
    except OSError as error:
        _give_up_stdout()
        if not isinstance(error, BrokenPipeError):
            raise UsageError(
                f"cannot write to stdout: {error.strerror}", hint="make room, or redirect stdout elsewhere"
            ) from None


def _stdout_descriptor() -> int | None:
    """None where a wait for it cannot be bounded: on Windows, or if stdout is not a file."""
    try:
        return None if sys.platform == "win32" else sys.stdout.fileno()
    except (OSError, ValueError):
        return None


def _write_when_taken(descriptor: int, data: bytes) -> None:
    """Write all of it, part by part, each once it is taken: a signal just before a wait does not end that wait."""
    rest = memoryview(data)
    while rest:
        if select.select([], [descriptor], [], _LOOK_S)[1]:
            # A pipe that takes anything takes as much as this without a wait.
            rest = rest[os.write(descriptor, rest[: select.PIPE_BUF]) :]


def _give_up_stdout() -> None:
    """Lead stdout nowhere: Python flushes it once more at exit, and would change the exit code if that failed."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
