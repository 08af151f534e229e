"""Which requests come from a web page. Both the control plane and the Runtime API are closed to them."""

import functools
import ipaddress
import re

_HOST = re.compile(r"(?P<name>\[[0-9a-f:]+\]|[^:\[\]]+)(:\d+)?", re.ASCII)
#: A name of 253 characters, a port, and some more.
_LONGEST_HOST = 300
_OWN_SITE = ("none", "same-origin")


def is_loopback(host: str) -> bool:
    """Whether a Host header, with or without a port, names this machine, as `bucket.localhost` of S3 does too."""
    # What is longer than any name is not worth keeping.
    return len(host) <= _LONGEST_HOST and _is_loopback(host)


@functools.lru_cache(maxsize=256)
def _is_loopback(host: str) -> bool:
    match = _HOST.fullmatch(host.lower())
    if match is None:
        return False
    name = match["name"]
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def refusal(origin: str | None, site: str | None, host: str | None) -> str | None:
    """Why a request is not answered: it comes from a web page. None when it does not.

    Args:
        origin: the Origin header.
        site: the Sec-Fetch-Site header.
        host: the Host header.
    """
    if origin is not None or ("none" if site is None else site) not in _OWN_SITE:
        return "the embedded AWS does not answer web pages"
    if not is_loopback(host or ""):
        return f"the embedded AWS answers requests to 127.0.0.1 and localhost only, not to {host or ''!r}"
    return None
