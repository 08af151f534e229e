"""What can be set about an embedded AWS, and how it travels to the server process."""

import json
import platform
from dataclasses import asdict, dataclass, fields
from typing import TypeVar

from powertune.errors import UsageError
from powertune.model import Architecture
from powertune.units import MEMORY_MAX_MB

ACCOUNT_ID = "123456789012"
"""The account that moto gives to every access key it does not know."""

ROLE_NAME = "powertune-local"


def own_architecture() -> Architecture:
    """The embedded AWS runs code on this machine's processor, and on no other."""
    return Architecture.ARM64 if platform.machine() in ("aarch64", "arm64") else Architecture.X86_64


@dataclass(frozen=True, slots=True, kw_only=True)
class Latencies:
    """How long the control plane takes to carry out what it has accepted, in milliseconds.

    `create_ms` is how long a new function is `Pending`, `update_ms` how long a change is `InProgress`, and
    `snapshot_ms` how long a published version of a function with SnapStart is `Pending`.
    """

    create_ms: float = 50.0
    update_ms: float = 50.0
    snapshot_ms: float = 200.0


LATENCIES = {"short": Latencies(), "aws": Latencies(create_ms=1500.0, update_ms=1000.0, snapshot_ms=150_000.0)}
"""`short` is long enough for a client that does not wait to fail. `aws` is about what AWS takes."""


Read = TypeVar("Read", "Latencies", "Settings")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the embedded AWS behaves. Times carry their unit in the name.

    `containment` is `auto`, `cgroup v2`, `cgroup v1` or `duty cycle`. `python_client` is `auto` or `bootstrap`, which
    runs Python functions by the client of this package even where AWS's own is installed. `function_user` is `auto`,
    `own` (functions run as the server's user) or `other` (as one without rights, which takes root).
    `sandbox` is `auto`, `off`, or `namespaces`: then the server does not start where functions cannot have their own.
    `service_latency_ms` stands for the network and the service: S3 takes 100 to 200 ms to a first byte (Amazon S3
    performance guidelines), DynamoDB less than 10. `hide_reports` leaves the REPORT line out of LogResult (not
    out of CloudWatch Logs), as is met in practice. Without `tell_disturbed`, no response says that others were in
    the way of an invocation, as servers that share a machine for a test are. `parent_fd` is a pipe whose end says
    that the parent process has died.
    """

    region: str = "us-east-1"
    port: int = 0
    account_memory_limit_mb: int = MEMORY_MAX_MB
    account_concurrency: int = 1000
    service_latency_ms: float = 60.0
    hide_reports: bool = False
    tell_disturbed: bool = True
    containment: str = "auto"
    python_client: str = "auto"
    function_user: str = "auto"
    sandbox: str = "auto"
    init_timeout_s: float = 10.0
    admission_timeout_s: float = 900.0
    idle_timeout_s: float = 300.0
    max_environments: int = 100
    seed: int = 0
    latencies: Latencies = Latencies()
    parent_fd: int | None = None

    @property
    def partition(self) -> str:
        """The partition that the region belongs to."""
        if self.region.startswith("cn-"):
            return "aws-cn"
        return "aws-us-gov" if self.region.startswith("us-gov-") else "aws"

    @property
    def role_arn(self) -> str:
        """The execution role that exists from the start, so that a client can create functions at once."""
        return f"arn:{self.partition}:iam::{ACCOUNT_ID}:role/{ROLE_NAME}"

    def to_json(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Settings":
        """Read what `to_json` wrote.

        Raises:
            UsageError: not JSON, or a setting that does not exist.
        """
        try:
            values = json.loads(text)
        except ValueError as error:
            raise UsageError(f"the settings of the embedded AWS are not JSON: {error}") from error
        if isinstance(values, dict) and "latencies" in values:
            values["latencies"] = _read(Latencies, values["latencies"], text)
        return _read(cls, values, text)


def _read(kind: type[Read], values: object, text: str) -> Read:
    known = {field.name for field in fields(kind)}
    if not isinstance(values, dict) or set(values) - known:
        raise UsageError(
            f"unknown setting of the embedded AWS in {text!r}", hint=f"known settings: {', '.join(sorted(known))}"
        )
    return kind(**values)
