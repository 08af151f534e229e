"""What holds for every test: no network beyond this machine, and the same examples on every CI run."""

import os

from hypothesis import HealthCheck, settings
from pytest_socket import socket_allow_hosts

# A slow, shared machine says nothing about a property, so no example has a deadline.
settings.register_profile("default", deadline=None)
settings.register_profile(
    "ci", deadline=None, derandomize=True, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("ci" if os.environ.get("CI") else "default")


def pytest_runtest_setup() -> None:
    socket_allow_hosts(["127.0.0.1", "::1"], allow_unix_socket=True)
