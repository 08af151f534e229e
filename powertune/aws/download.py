"""Code that AWS hands out under a signed address: fetched by HTTP, with the patience of any other call."""

import http.client
import logging
import urllib.error
import urllib.request
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from powertune.aws.proxies import is_local
from powertune.errors import Unavailable, UsageError

if TYPE_CHECKING:
    from powertune.aws.client import Aws

_log = logging.getLogger(__name__)

#: More than any package: Lambda takes 250 MB, and that is unpacked.
LIMIT_BYTES = 300 * 1024 * 1024
_TIMEOUT_S = 60
_ATTEMPTS = 5
_CHUNK_BYTES = 1024 * 1024


def fetch(url: str, limit: int) -> bytes:
    """One attempt; reads at most one byte more than the limit. Follows no redirection.

    Raises:
        OSError, HTTPException: it did not come, or not whole.
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


def download(aws: "Aws", url: str, what: str) -> bytes:
    """What is at an address that AWS has signed. The address is a secret, and is in no message.

    Args:
        what: what it is, for a person.

    Raises:
        Unavailable: it cannot be had now.
        UsageError: it is larger than any package, or the address is not one of the web.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        raise UsageError(f"AWS gave no address from which {what} can be downloaded", hint="look at it in the console")
    for attempt in range(_ATTEMPTS):
        aws.give_up()
        try:
            data = aws.fetch(url, LIMIT_BYTES)
        except (OSError, http.client.HTTPException) as error:
            words = _words(error)
            _log.debug("download: %s", words)
            if attempt == _ATTEMPTS - 1 or not _may_pass(error):
                raise Unavailable(
                    f"downloading {what} from {urlsplit(url).hostname} failed: {words}",
                    hint="see whether this machine may reach it; try later",
                ) from None
            aws.sleep(aws.backoff(attempt))
        else:
            if len(data) > LIMIT_BYTES:
                raise UsageError(f"{what} is larger than {LIMIT_BYTES:,} bytes", hint="no function can be so large")
            return data
    raise AssertionError("the last attempt returns or raises")


def _may_pass(error: Exception) -> bool:
    return not isinstance(error, urllib.error.HTTPError) or error.code == 429 or error.code >= 500


def _words(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        error.close()
        return f"HTTP status {error.code}"
    return str(getattr(error, "reason", None) or error) or type(error).__name__
