"""What is executed: a function's code and configuration as they are at the moment of an invocation."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from powertune.local.reports import LogFormat
from powertune.local.settings import own_architecture
from powertune.units import MB_PER_VCPU


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """One version of a function. `deployment` changes with every change of code or configuration.

    Environments are kept per `key`: two versions never share one, nor do $LATEST before and after a change, nor a
    function and another of the same name that was created after its deletion.
    """

    account: str
    region: str
    name: str
    version: str
    arn: str
    deployment: str
    runtime: str
    handler: str
    memory_mb: int
    timeout_s: int
    code: bytes = field(repr=False)
    layers: tuple[bytes, ...] = field(default=(), repr=False)
    variables: Mapping[str, str] = field(default_factory=dict)
    log_group: str = ""
    log_format: LogFormat = field(default_factory=LogFormat)
    application_log_level: str | None = None
    reserved_concurrency: int | None = None
    package_type: str = "Zip"
    architecture: str = field(default_factory=own_architecture)

    @property
    def key(self) -> tuple[str, str]:
        """What its environments are kept under."""
        return (self.deployment, self.version)

    @property
    def cpus(self) -> float:
        """The CPU share that Lambda allots to the memory size."""
        return self.memory_mb / MB_PER_VCPU

    def new_log_stream(self, at: float, number: str) -> str:
        """The log stream of an environment that starts at a time, in seconds since the epoch.

        In a group other than the function's default one, which functions may share, it carries the function's name.
        """
        own = self.log_group in ("", f"/aws/lambda/{self.name}")
        day = datetime.fromtimestamp(at, UTC).strftime("%Y/%m/%d")
        return f"{day}/{'' if own else self.name}[{self.version}]{number}"


_ARN = re.compile(r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:(?P<name>[^:]+)(?::(?P<qualifier>[^:]+))?")
_PARTIAL = re.compile(r"\d{12}:function:(?P<name>[^:]+)(?::(?P<qualifier>[^:]+))?")
_PLAIN = re.compile(r"(?P<name>[^:]+)(?::(?P<qualifier>[^:]+))?")


def split_name(text: str) -> tuple[str, str | None]:
    """The name and the qualifier of a function, from any form in which the API takes it."""
    for pattern in (_ARN, _PARTIAL, _PLAIN):
        if match := pattern.fullmatch(text):
            return match["name"], match["qualifier"]
    return text, None
