"""Which hosts are this machine."""

import pytest

from powertune.local.endpoint.hosts import is_loopback
from powertune.local.web import refusal


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.0.0.1:5000", "127.8.9.10:1", "[::1]", "[::1]:80", "localhost", "LOCALHOST:5000",
     "bucket.localhost", "my.bucket.s3.localhost:5000"],
)  # fmt: skip
def test_hosts_that_are_this_machine(host: str) -> None:
    assert is_loopback(host)
    assert refusal({"HTTP_HOST": host}) is None
    assert refusal({"HTTP_HOST": host, "HTTP_SEC_FETCH_SITE": "none"}) is None
    for header in ({"HTTP_ORIGIN": "null"}, {"HTTP_ORIGIN": ""}, {"HTTP_SEC_FETCH_SITE": "cross-site"}):
        assert "web pages" in str(refusal({"HTTP_HOST": host, **header}))


@pytest.mark.parametrize(
    "host",
    ["", "evil.example", "evil.example:5000", "127.0.0.1.evil.example", "127.evil.example", "localhost.evil.example",
     "evil-localhost", "127.0.0.1:5000@evil.example", "127.0.0.1,evil.example", "128.0.0.1", "0.0.0.0", "[::2]",
     "[::1", "::1", "127.0.0.1:port", "127.0.0.1\n"],
)  # fmt: skip
def test_hosts_that_are_not(host: str) -> None:
    assert not is_loopback(host)
    assert repr(host) in str(refusal({"HTTP_HOST": host}))
    assert refusal({}) is not None
