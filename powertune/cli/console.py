"""stdout for data, stderr for everything else."""

import sys

from powertune.errors import UsageError
from powertune.units import printable


def say(text: str) -> None:
    """A line for the person who watches, or several. Part of it may be AWS's or a file's: it steers no terminal."""
    sys.stderr.write("".join(f"{printable(line)}\n" for line in text.split("\n")))


def on_terminal() -> bool:
    """Whether somebody sits there who can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def confirmed(question: str) -> bool:
    """Ask, on stderr; only yes is yes."""
    sys.stderr.write(f"{printable(question)} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def write_stdout(data: bytes) -> None:
    """Write data to stdout.

    Raises:
        UsageError: it cannot be written, as a disk that is full.
    """
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise UsageError(f"cannot write to stdout: {error.strerror}", hint="choose a file with --output") from None
