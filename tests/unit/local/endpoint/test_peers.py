"""Whose process connects."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from powertune.local.endpoint.peers import user_of


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="the system does not say who connects")
@pytest.mark.parametrize(
    ("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::ffff:127.0.0.1")], ids=["IPv4", "mapped"]
)
def test_who_connects(tmp_path: Path, family: socket.AddressFamily, host: str) -> None:
    """A neighbor must not be taken for nobody because of the kind of its socket."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)
        port = server.getsockname()[1]
        script = f"import socket; s = socket.socket({int(family)}); s.connect(({host!r}, {port})); input()"
        with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE) as client:
            with server.accept()[0] as connection:
                assert user_of(connection) == os.geteuid()
                assert user_of(connection, tmp_path) is None
                for name in ("tcp", "tcp6"):
                    (tmp_path / name).write_text("  sl  local_address rem_address\n")
                assert user_of(connection, tmp_path) is None
            client.communicate(b"\n")
