"""Whose process is at the other end of a loopback connection, as the kernel's table of sockets says."""

import socket
import sys
from pathlib import Path


def user_of(connection: socket.socket, table: Path = Path("/proc/net/tcp")) -> int | None:
    """The user who opened a connection from this machine over IPv4; None where the system does not say."""
    try:
        peer, own = connection.getpeername(), connection.getsockname()
        rows = table.read_text().splitlines()[1:]
    except OSError:
        return None
    wanted = [_shown(*peer), _shown(*own)]
    for row in rows:
        fields = row.split()
        if fields[1:3] == wanted:
            return int(fields[7])
    return None


def _shown(host: str, port: int) -> str:
    """An address as the table has it: the bytes of the host in the order of the machine."""
    number = int.from_bytes(socket.inet_aton(host), sys.byteorder)
    return f"{number:08X}:{port:04X}"
