"""What runtime clients send that is no HTTP, and where it ends."""

import socket

import pytest

from powertune.local.containment.contention import Contention
from powertune.local.runtime import runtime_wire
from powertune.local.runtime.runtime_wire import Wire


@pytest.mark.parametrize(
    "sent",
    [b"GET", b"GET / HTTP/1.1\r\nContent-Length: 5\r\n\r\nabc", b"POST / x\r\nContent-Length: -1\r\n\r\n",
     b"POST / x\r\nContent-Length: 99999999999\r\n\r\n", b"POST / x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
     b"nonsense\r\n\r\n"],
)  # fmt: skip
def test_what_is_not_http_is_an_error(sent: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(sent)
        theirs.shutdown(socket.SHUT_WR)
        with pytest.raises(ValueError):  # noqa: PT011 - whatever the reason
            Wire(ours).read()


@pytest.mark.parametrize("piece", [1, 3, 1000])
def test_requests_may_come_in_any_pieces(piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime_wire, "_CHUNK_BYTES", piece)
    sent = (
        b"POST /a HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n3;x=y\r\n\r\n\n\r\n2\r\nok\r\n0\r\nTrailer: 1\r\n\r\n"
        b"POST /b HTTP/1.1\nX-Name:  some: value \ncontent-length: 2\n\n\r\n"
        b"GET /c HTTP/1.1\r\n\r\n"
    )
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            theirs.sendall(sent)
        wire = Wire(ours)
        found = [wire.read() for _ in range(4)]
    assert found.pop() is None
    requests = [(each.method, each.path, each.headers, each.body) for each in found if each is not None]
    assert requests == [
        ("POST", "/a", {"transfer-encoding": "Chunked"}, b"\r\n\nok"),
        ("POST", "/b", {"x-name": "some: value", "content-length": "2"}, b"\r\n"),
        ("GET", "/c", {}, b""),
    ]


def test_the_end_between_requests_is_none() -> None:
    ours, theirs = socket.socketpair()
    with ours:
        theirs.close()
        assert Wire(ours).read() is None


def test_what_is_notable() -> None:
    assert not Contention(waited_ms=0.1).is_notable(1.0)
    assert Contention(waited_ms=0.3).is_notable(1.0)
    assert not Contention(waited_ms=4.0).is_notable(100)
    assert Contention(waited_ms=6.0).is_notable(100)
