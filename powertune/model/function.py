"""A function, what it is configured with, and what it is sent."""

import re
from dataclasses import dataclass
from enum import StrEnum

from powertune.errors import UsageError
from powertune.units import shown


class Architecture(StrEnum):
    """An instruction set that Lambda offers."""

    X86_64 = "x86_64"
    ARM64 = "arm64"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Configuration:
    """A memory size and an architecture: the key everywhere."""

    memory_mb: int
    architecture: Architecture

    def __str__(self) -> str:
        return f"{self.memory_mb} MB {self.architecture}"


_NAME = r"[A-Za-z0-9_-]{1,64}"
_QUALIFIER = r"\$LATEST|[A-Za-z0-9_-]{1,128}"
_ARN = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):lambda:(?P<region>[a-z0-9-]+):(?P<account>\d{12})"
    rf":function:(?P<name>{_NAME})(?::(?P<qualifier>{_QUALIFIER}))?"
)
_PARTIAL_ARN = re.compile(rf"(?P<account>\d{{12}}):function:(?P<name>{_NAME})(?::(?P<qualifier>{_QUALIFIER}))?")
_PLAIN = re.compile(rf"(?P<name>{_NAME})(?::(?P<qualifier>{_QUALIFIER}))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionRef:
    """A function as a person names it: `name`, `name:alias`, a partial ARN or a full ARN in any partition."""

    name: str
    qualifier: str | None = None
    region: str | None = None
    account_id: str | None = None
    partition: str | None = None

    @classmethod
    def parse(cls, text: str) -> "FunctionRef":
        """Read a name, `name:alias`, `123456789012:function:name[:alias]` or a full ARN.

        Raises:
            UsageError: the text is none of these.
        """
        for pattern in (_ARN, _PARTIAL_ARN, _PLAIN):
            if match := pattern.fullmatch(text):
                part = match.groupdict()
                return cls(
                    name=part["name"],
                    qualifier=part["qualifier"],
                    region=part.get("region"),
                    account_id=part.get("account"),
                    partition=part.get("partition"),
                )
        raise UsageError(
            f"{shown(text)} is not the name or ARN of a Lambda function",
            hint="give a name, name:alias or an ARN",
        )

    def __str__(self) -> str:
        return self.unqualified if self.qualifier is None else f"{self.unqualified}:{self.qualifier}"

    @property
    def unqualified(self) -> str:
        """What the API takes as FunctionName: the name, with the account when it was given."""
        if self.account_id is None:
            return self.name
        if self.region is None:
            return f"{self.account_id}:function:{self.name}"
        return f"arn:{self.partition}:lambda:{self.region}:{self.account_id}:function:{self.name}"


def charges_for_snapshots(runtime: str) -> bool:
    """Whether SnapStart snapshots of a runtime are charged: not those of Java."""
    return not runtime.startswith("java")


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionState:
    """What AWS says about a function before it is touched.

    `fingerprint` is a digest of the code and of everything configured except the memory size: while it stays the
    same, nobody else has deployed. `code_sha256` is AWS's digest of the code alone. `provisioned_concurrency` is that
    of the alias which is tuned. `platform` is what limits the CPU on the embedded AWS, and `cores` what it has; both
    are None on AWS itself. `vpc` says whether it is connected to a VPC. `system_log_level` is None for text logs,
    which have no levels. `package_bytes` is the size of the deployment package without layers; None for container
    images, and in older files.
    """

    name: str
    arn: str
    region: str
    qualifier: str | None
    runtime: str
    memory_mb: int
    architecture: Architecture
    timeout_s: int
    ephemeral_storage_mb: int = 512
    package_type: str = "Zip"
    snapstart: bool = False
    log_format: str = "Text"
    log_group: str = ""
    system_log_level: str | None = None
    reserved_concurrency: int | None = None
    provisioned_concurrency: int = 0
    fingerprint: str = ""
    code_sha256: str = ""
    platform: str | None = None
    cores: float | None = None
    vpc: bool = False
    package_bytes: int | None = None

    @property
    def drops_reports(self) -> bool:
        """Whether the report of an invocation that goes well is not logged: it is of level INFO."""
        return self.system_log_level == "WARN"

    @property
    def pays_for_snapshots(self) -> bool:
        """Whether SnapStart snapshots are charged."""
        return self.snapstart and charges_for_snapshots(self.runtime)

    @property
    def current(self) -> Configuration:
        """The configuration that is in effect now: the baseline."""
        return Configuration(memory_mb=self.memory_mb, architecture=self.architecture)


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """One event to send, as JSON bytes, and its share of the traffic."""

    body: bytes
    weight: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """The events a configuration is measured with: one payload, or several with weights.

    Every configuration gets the same events in the same order. The order is smooth weighted round-robin (as nginx
    balances upstreams): every prefix holds each payload in proportion to its weight, to within one.
    """

    payloads: tuple[Payload, ...]

    def first(self, count: int) -> tuple[int, ...]:
        """Which payload each of the first `count` events is: indexes into `payloads`."""
        total = sum(payload.weight for payload in self.payloads)
        credit = [0.0] * len(self.payloads)
        order = []
        for _ in range(count):
            credit = [have + payload.weight for have, payload in zip(credit, self.payloads, strict=True)]
            chosen = credit.index(max(credit))
            credit[chosen] -= total
            order.append(chosen)
        return tuple(order)
