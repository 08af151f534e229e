"""TCP keep-alive that is heard of before the network between here and Lambda forgets a silent connection."""

import logging
import socket
from typing import Any

_log = logging.getLogger(__name__)

#: NAT gateways, VPC endpoints and Network Load Balancers drop a connection that was idle for 350 s, some firewalls
#: sooner. A connection is given up only after a silence of IDLE_S + COUNT * INTERVAL_S, about five minutes.
IDLE_S, INTERVAL_S, COUNT = 45, 30, 10
#: What each system calls the options; a system has those that Python's socket module names.
_OPTIONS = (
    ("TCP_KEEPIDLE", IDLE_S),
    ("TCP_KEEPALIVE", IDLE_S),  # macOS's name of the same
    ("TCP_KEEPINTVL", INTERVAL_S),
    ("TCP_KEEPCNT", COUNT),
)


def keepalive_options() -> tuple[tuple[int, int, int], ...]:
    """Socket options, as `setsockopt` takes them."""
    timing = [
        (socket.IPPROTO_TCP, int(getattr(socket, name)), value) for name, value in _OPTIONS if hasattr(socket, name)
    ]
    return ((socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1), *timing)


def keep_alive(client: Any) -> None:
    """Let the connections of a boto3 client, which has not been used yet, send keep-alive probes in time.

    `tcp_keepalive` sets nothing but SO_KEEPALIVE, with which Linux sends the first probe after two hours, and
    botocore has no setting for more (its issue 2916). The client's HTTP session, however, hands one list of options
    to each connection that it opens. Should a version of botocore not have it, connections stay as they were.
    """
    session = getattr(getattr(client, "_endpoint", None), "http_session", None)
    options = getattr(session, "_socket_options", None)
    if not isinstance(options, list):
        _log.warning(
            "this version of botocore does not accept socket options: "
            "answers that take longer than 350 s may be lost behind a NAT gateway"
        )
        return
    options.extend(option for option in keepalive_options() if option not in options)
