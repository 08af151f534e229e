"""What is executed: a function's code and configuration as they are at the moment of an invocation."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from powertune.local.settings import own_architecture
from powertune.units import MB_PER_VCPU

_LEVELS = ("DEBUG", "INFO", "WARN")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFormat:
    """How a function logs: `Text`, or `JSON` with the lowest level of platform events that is kept."""

    json: bool = False
    system_level: str = "INFO"

    def keeps(self, level: str) -> bool:
        """Whether a platform event of this level is logged. Text logs have no levels."""
        return not self.json or _LEVELS.index(level) >= _LEVELS.index(self.system_level)


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
    ephemeral_storage_mb: int = 512
    architecture: str = field(default_factory=own_architecture)
    provisioned_by: str = ""
    """The allocation of provisioned concurrency that an environment of it belongs to; empty for one on demand."""

    @property
    def key(self) -> tuple[str, str]:
        """What its environments are kept under."""
        return (self.deployment, self.version)

    @property
    def initialization_type(self) -> str:
        """Lambda's word for why an environment of it is initialized."""
        return "provisioned-concurrency" if self.provisioned_by else "on-demand"

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


_LOCATOR = re.compile(
    r"(?:arn:aws[a-zA-Z-]*:lambda:)?(?:(?P<region>[a-z]{2,4}(?:-[a-z]+)+-\d):)?(?:(?P<account>\d{12}):)?(?:function:)?"
    r"(?P<name>[^:]+)(?::(?P<qualifier>[^:]+))?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Locator:
    """How a caller names a function: by its name, or an ARN or the end of one, with or without a qualifier."""

    name: str
    qualifier: str | None = None
    account: str | None = None
    region: str | None = None

    @classmethod
    def parse(cls, text: str) -> "Locator":
        """Read any form in which the API takes a function's name."""
        match = _LOCATOR.fullmatch(text)
        return cls(name=text) if match is None else cls(**match.groupdict())


def split_name(text: str) -> tuple[str, str | None]:
    """The name and the qualifier of a function, from any form in which the API takes it."""
    locator = Locator.parse(text)
    return locator.name, locator.qualifier
