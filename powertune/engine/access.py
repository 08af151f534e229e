"""How a run reaches its function."""

from dataclasses import dataclass
from typing import Protocol

from powertune.aws.client import Aws
from powertune.model import FunctionRef


class Access(Protocol):
    """A way to AWS, such as a `Connection`. `ends_at` is when the credentials end, in seconds since the epoch."""

    def aws(self, *, function_timeout_s: int = 900, concurrency: int = 10, rate: float = 5.0) -> Aws:
        """AWS for one run."""
        ...

    @property
    def ends_at(self) -> float | None:
        """None if they do not end, or it is not known when."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TunedFunction:
    """A function, and how it is reached. `restore_command` is what a person types to undo a run of it by hand."""

    access: Access
    ref: FunctionRef
    restore_command: str
