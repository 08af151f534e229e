"""Code that AWS hands out under a signed address, downloaded with the patience of any other call."""

import http.client
import logging
from urllib.parse import urlsplit

from powertune.aws.client import Aws
from powertune.aws.http import failure_text, is_transient
from powertune.aws.retry import retry
from powertune.errors import Unavailable, UsageError

_log = logging.getLogger(__name__)

#: More than any package: Lambda takes 250 MB, and that is unpacked.
LIMIT_BYTES = 300 * 1024 * 1024
_ATTEMPTS = 5


def download(aws: Aws, url: str, what: str) -> bytes:
    """What is at an address that AWS has signed. The address is a secret, and is in no message.

    Args:
        what: what it is, for a person.

    Raises:
        Unavailable: it cannot be had now.
        UsageError: it is larger than any package, or the address is not one of the web.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        raise UsageError(f"AWS returned no download URL for {what}", hint="look at the function in the console")

    def attempt() -> bytes:
        aws.give_up()
        return aws.fetch(url, LIMIT_BYTES)

    def judge(error: Exception, number: int, _: float) -> None:
        words = failure_text(error)
        _log.debug("download: %s", words)
        if number == _ATTEMPTS - 1 or not is_transient(error):
            raise Unavailable(
                f"downloading {what} from {urlsplit(url).hostname} failed: {words}",
                hint="check that this machine can reach it, then try again",
            ) from None

    data = retry(attempt, judge, aws.backoff, errors=(OSError, http.client.HTTPException))
    if len(data) > LIMIT_BYTES:
        raise UsageError(
            f"{what} is larger than {LIMIT_BYTES:,} bytes", hint="Lambda does not accept a package of this size"
        )
    return data
