"""Every call that AWS's SDK makes, as the SDK itself tells it: by Client Side Monitoring, whoever made the client."""

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

#: IAM's name of a service, by the SDK's.
_SERVICES = {
    "Account": "account",
    "CloudWatch": "cloudwatch",
    "CloudWatch Logs": "logs",
    "Compute Optimizer": "compute-optimizer",
    "Cost Explorer": "ce",
    "Lambda": "lambda",
    "Organizations": "organizations",
    "STS": "sts",
}
_BUFFER_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class Monitor:
    """Listens to other processes that have `environment`: the SDK leaves its socket open, which a test may not."""

    environment: Mapping[str, str]
    listening: socket.socket

    def calls(self) -> tuple[str, ...]:
        """What was called since the last time, as `lambda:ListFunctions`; what is sent by loopback has arrived.

        A service that IAM's name is not known of is named as the SDK names it.
        """
        return tuple(self._received())

    def _received(self) -> Iterator[str]:
        while True:
            try:
                told = json.loads(self.listening.recv(65_536))
            except BlockingIOError:
                return
            # Each attempt of a call is told of as well.
            if told["Type"] == "ApiCall":
                yield f"{_SERVICES.get(told['Service'], told['Service'])}:{told['Api']}"


@contextmanager
def client_monitor() -> Iterator[Monitor]:
    """Listen on this machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        listening.bind(("127.0.0.1", 0))
        listening.setblocking(False)
        environment = {
            "AWS_CSM_ENABLED": "true",
            "AWS_CSM_HOST": "127.0.0.1",
            "AWS_CSM_PORT": str(listening.getsockname()[1]),
        }
        yield Monitor(environment, listening)
