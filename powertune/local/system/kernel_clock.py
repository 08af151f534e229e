"""When bytes really left and arrived, by the kernel's clock: a busy server reads its own clock too late.

Linux stamps the packets of a TCP connection on request (SO_TIMESTAMPING, Documentation/networking/timestamping.rst).
It stamps those that leave as they are handed to the device, which for the loopback interface is when the receiver is
woken up, and those that arrive as they are queued. The stamps do not depend on when a thread of the server gets the
processor or the interpreter. Elsewhere, and where a stamp is missing, the clock of the process has to do.
"""

import contextlib
import socket
import struct
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

_SO_TIMESTAMPING = 37
_TX_SOFTWARE, _RX_SOFTWARE, _SOFTWARE, _OPT_TSONLY = 1 << 1, 1 << 3, 1 << 4, 1 << 11
_WANTED = _TX_SOFTWARE | _RX_SOFTWARE | _SOFTWARE | _OPT_TSONLY
_TIMESPEC = struct.Struct("@ll")
_ANCILLARY_BYTES = 512
_FROM_QUEUE = int(getattr(socket, "MSG_ERRQUEUE", 0)) | int(getattr(socket, "MSG_DONTWAIT", 0))
_TOLERANCE_MS = 0.05
"""How much longer than by the clock of the process an interval may seem by the kernel's before that was set anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instant:
    """A moment: on the performance counter, in seconds, and by the kernel's stamp, in ns, if there is one."""

    clock: float
    kernel_ns: int | None = None

    @classmethod
    def now(cls, kernel_ns: int | None = None) -> "Instant":
        """This moment, which the kernel has stamped before or not at all."""
        return cls(clock=time.perf_counter(), kernel_ns=kernel_ns)

    def until_ms(self, later: "Instant") -> float:
        """The time from here to a later moment, by the kernel's stamps if they are there and plausible, in ms.

        The stamps lie within what the process sees. They do not if the clock of the system was set in between.
        """
        seen = (later.clock - self.clock) * 1000
        if self.kernel_ns is None or later.kernel_ns is None:
            return seen
        stamped = (later.kernel_ns - self.kernel_ns) / 1e6
        return stamped if 0 <= stamped <= seen + _TOLERANCE_MS else seen


def request_stamps(connection: socket.socket) -> None:
    """Have a connection's packets stamped, where that is possible."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPING, _WANTED)


def send(connection: socket.socket, message: bytes) -> Instant:
    """Send a message; returns when its first packet left, or when the sending began if nobody stamped it.

    Raises:
        OSError: the connection has ended.
    """
    for _ in _stamps_of_sent(connection):
        continue
    began = time.perf_counter()
    connection.sendall(message)
    # The first: a fast receiver may already have been answered by another thread.
    return Instant(clock=began, kernel_ns=next(_stamps_of_sent(connection), None))


def receive(connection: socket.socket, size: int) -> tuple[bytes, int | None]:
    """Wait for bytes; returns them and the kernel's stamp of the last packet they came in. No bytes are the end.

    Raises:
        OSError: the connection has ended.
    """
    if sys.platform != "linux":
        return connection.recv(size), None
    data, ancillary, _, _ = connection.recvmsg(size, _ANCILLARY_BYTES)
    return data, _stamp(ancillary)


def _stamps_of_sent(connection: socket.socket) -> Iterator[int]:
    """The stamps of packets that have left and were not asked for before."""
    if sys.platform != "linux":
        return
    with contextlib.suppress(OSError):
        while True:
            _, ancillary, _, _ = connection.recvmsg(1, _ANCILLARY_BYTES, _FROM_QUEUE)
            if (stamp := _stamp(ancillary)) is not None:
                yield stamp


def _stamp(ancillary: list[tuple[int, int, bytes]]) -> int | None:
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPING and len(data) >= _TIMESPEC.size:
            seconds, nanoseconds = _TIMESPEC.unpack_from(data)
            if seconds:
                return int(seconds) * 1_000_000_000 + int(nanoseconds)
    return None
