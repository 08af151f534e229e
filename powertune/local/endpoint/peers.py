"""Whose process is at the other end of a loopback connection, as the kernel's tables of sockets say."""

import socket
import struct
from pathlib import Path


def user_of(connection: socket.socket, tables: Path = Path("/proc/net")) -> int | None:
    """The user who opened an IPv4 connection from this machine; None where the system does not say.

    The other end may be a socket of IPv6, which is in a table of its own, with the same addresses mapped.
    """
    try:
        addresses = [connection.getpeername(), connection.getsockname()]
    except OSError:
        return None
    for name, mapped in (("tcp", False), ("tcp6", True)):
        wanted = " ".join(_shown(host, port, mapped=mapped) for host, port in addresses)
        # There may be hundreds of rows: only the one that matches is split.
        row = next((row for row in _rows(tables / name) if wanted in row), None)
        if row is not None:
            return int(row.split()[7])
    return None


def _rows(table: Path) -> list[str]:
    try:
        return table.read_text().splitlines()[1:]
    except OSError:
        return []


def _shown(host: str, port: int, *, mapped: bool) -> str:
    """An address as the tables have it: in words of 32 bits, each in the order of the machine."""
    packed = socket.inet_aton(host)
    if mapped:
        packed = b"\0" * 10 + b"\xff" * 2 + packed
    words = struct.unpack(f"={len(packed) // 4}I", packed)
    return "".join(f"{word:08X}" for word in words) + f":{port:04X}"
