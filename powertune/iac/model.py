"""What goes in and what comes out: files, the function that is wanted, its place in them, and the changes to make."""

from dataclasses import dataclass
from enum import StrEnum

from powertune.errors import UsageError
from powertune.iac.unified import unified_diff
from powertune.model import Architecture
from powertune.units import MEMORY_MAX_MB, MEMORY_MIN_MB


class Tool(StrEnum):
    """What reads the file that defines the function."""

    CLOUDFORMATION = "CloudFormation"
    SAM = "SAM"
    TERRAFORM = "Terraform"
    SERVERLESS = "Serverless Framework"
    CDK = "CDK"


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeSource:
    """A file: its path, with slashes, as messages and diffs name it; and its text, with its own ends of lines."""

    path: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedFunction:
    """The function whose place is looked for.

    `function_name` is its name on AWS, without qualifier. `resource` is what a person calls it in the code: a logical
    id, a Terraform address, a key below `functions`, or the id of a construct. `logical_id` is the function's tag
    `aws:cloudformation:logical-id`. `memory_mb` is its memory size on AWS, where that is known.
    """

    function_name: str
    resource: str | None = None
    logical_id: str | None = None
    memory_mb: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """The memory size in MB and the architecture that the code is to say; None leaves one as it is.

    Raises:
        UsageError: Lambda has no such memory size.
    """

    memory_mb: int | None = None
    architecture: Architecture | None = None

    def __post_init__(self) -> None:
        if self.memory_mb is not None and not MEMORY_MIN_MB <= self.memory_mb <= MEMORY_MAX_MB:
            raise UsageError(
                f"memory size {self.memory_mb} MB is out of range",
                hint=f"Lambda offers {MEMORY_MIN_MB} to {MEMORY_MAX_MB} MB",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class CodePlace:
    """Where a function is defined.

    `line` counts from 1. `resource` is what `WantedFunction` takes. `memory_mb` and `architecture` are what the code
    says, which may be what a default says; None where it cannot be told without deploying.
    """

    tool: Tool
    path: str
    line: int
    resource: str
    memory_mb: int | None
    architecture: Architecture | None

    def __str__(self) -> str:
        return f"{self.resource} ({self.path}:{self.line})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A file, before and after."""

    path: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeChange:
    """The files to change, and what to know about it. No edits: the code says so already."""

    place: CodePlace
    edits: tuple[Edit, ...]
    notes: tuple[str, ...]

    def diff(self) -> str:
        """All edits as a unified diff, for `git apply` and `patch -p1`."""
        return "".join(unified_diff(edit.path, edit.before, edit.after) for edit in self.edits)
