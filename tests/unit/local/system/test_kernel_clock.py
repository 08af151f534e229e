"""When bytes arrived, by the kernel's clock."""

import socket
import sys
import time

import pytest

from powertune.local.runtime.runtime_wire import Wire
from powertune.local.system import kernel_clock
from powertune.local.system.kernel_clock import Instant


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux stamps packets")
def test_the_kernel_tells_when_bytes_arrived_not_when_they_were_read() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        ours, _ = server.accept()
        with ours:
            kernel_clock.request_stamps(ours)
            kernel_clock.send(ours, b"earlier")
            sent = kernel_clock.send(ours, b"event")
            client.sendall(b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nok")
            time.sleep(0.3)
            request = Wire(ours).read()
    assert request is not None
    if sent.kernel_ns is None or request.at.kernel_ns is None:
        pytest.skip("this kernel does not stamp packets")
    assert (request.at.clock - sent.clock) * 1000 >= 300
    assert 0 <= sent.until_ms(request.at) < 300


def test_stamps_that_cannot_be_are_not_believed() -> None:
    began, ended = Instant(clock=1.0, kernel_ns=5_000_000), Instant(clock=1.010, kernel_ns=9_000_000)
    assert began.until_ms(ended) == pytest.approx(4)
    assert began.until_ms(Instant(clock=1.010)) == pytest.approx(10)
    assert began.until_ms(Instant(clock=1.010, kernel_ns=50_000_000)) == pytest.approx(10)
    assert began.until_ms(Instant(clock=1.010, kernel_ns=1_000_000)) == pytest.approx(10)
