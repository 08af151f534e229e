"""Which endpoints are asked without a proxy: what is on this machine is of no concern to another one."""

import ipaddress
from urllib.parse import urlsplit


def is_local(url: str) -> bool:
    """Whether an address leads to this machine: a proxy would read the code and the keys that are sent there."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
