"""Plain HTTP beside boto3: downloads from signed addresses, and the addresses that no proxy may see."""

import http.client
import ipaddress
import urllib.error
import urllib.request
from urllib.parse import urlsplit

_TIMEOUT_S = 60
_CHUNK_BYTES = 1024 * 1024


def is_local(url: str) -> bool:
    """Whether an address is on this machine: a proxy would read the code and the keys that are sent there."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def fetch(url: str, limit: int) -> bytes:
    """Download in one attempt; reads at most one byte more than the limit. Follows no redirect.

    Raises:
        OSError, HTTPException: the download failed or is incomplete.
    """
    opener = urllib.request.OpenerDirector()
    opener.add_handler(urllib.request.ProxyHandler({} if is_local(url) else None))
    for handler in (
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPErrorProcessor,
        urllib.request.HTTPDefaultErrorHandler,
    ):
        opener.add_handler(handler())
    with opener.open(url, timeout=_TIMEOUT_S) as response:
        chunks = []
        left = limit + 1
        while left and (chunk := response.read(min(left, _CHUNK_BYTES))):
            chunks.append(chunk)
            left -= len(chunk)
        if left and response.length:
            raise http.client.IncompleteRead(b"", response.length)
        return b"".join(chunks)


def is_transient(error: Exception) -> bool:
    """Whether a failed download may succeed when it is tried again."""
    return not isinstance(error, urllib.error.HTTPError) or error.code == 429 or error.code >= 500


def failure_text(error: Exception) -> str:
    """What went wrong, for a person, without the address."""
    if isinstance(error, urllib.error.HTTPError):
        error.close()
        return f"HTTP status {error.code}"
    return str(getattr(error, "reason", None) or error) or type(error).__name__
