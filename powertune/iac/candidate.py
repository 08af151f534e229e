"""A function that code defines: how it is called, and where each of its settings is written or could be."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType

from powertune.iac.called import Called
from powertune.iac.model import CodePlace, Desired, Tool
from powertune.model import Architecture
from powertune.units import shortened

#: Names in a file may be as long as the file. A message says no more of them.
MOST_SHOWN = 300


class Setting(StrEnum):
    """What can be changed."""

    MEMORY = "memory size"
    ARCHITECTURE = "architecture"


#: What Lambda takes where the code says nothing.
LAMBDA_DEFAULTS: Mapping[Setting, str] = MappingProxyType(
    {Setting.MEMORY: "128", Setting.ARCHITECTURE: Architecture.X86_64}
)


def wanted_values(desired: Desired) -> dict[Setting, str]:
    """What is desired, setting by setting, as code usually writes it."""
    values = {Setting.MEMORY: desired.memory_mb, Setting.ARCHITECTURE: desired.architecture}
    return {setting: str(value) for setting, value in values.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Blank:
    """Characters of a file, from `start` to before `end`, and what to put there; `{}` in it stands for the value.

    `line` counts from 1.
    """

    path: str
    start: int
    end: int
    line: int
    form: str = "{}"

    def filled(self, value: str) -> str:
        """What to put there."""
        return self.form.replace("{}", value)

    @property
    def span(self) -> tuple[str, int, int]:
        """What makes two of them the same place."""
        return self.path, self.start, self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """Why a setting cannot be changed, with the place in its first words; and what to do instead."""

    reason: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """Where a setting of a function is written.

    `value` is what it is now; None if that cannot be told. `blank` is where it is written; `own` is where a function
    could get a value of its own. `via` says what the value comes through, such as a parameter. `inherited`: other
    functions without a value of their own get it, too. `allowed`, `least` and `most` are what may be written there.
    `obstacle` says why nothing can be; `kept` says so of what is inherited. `{}` in a note stands for the new value.
    """

    value: str | None = None
    blank: Blank | None = None
    own: Blank | None = None
    via: str = ""
    inherited: bool = False
    allowed: tuple[str, ...] = ()
    least: int | None = None
    most: int | None = None
    obstacle: Obstacle | None = None
    kept: str = ""
    notes: tuple[str, ...] = ()

    def inherited_by(self, own: "Slot", via: str, *, alone: bool = True) -> "Slot":
        """What a function gets that has no value of its own, but could have one where `own` says.

        Args:
            own: where it could have one.
            via: what it gets the value from.
            alone: whether all others that may get it are known.
        """
        blank = self.blank if alone else None
        kept = self.obstacle.reason if self.obstacle is not None else ""
        obstacle = own.obstacle if kept or blank is None else None
        via = self.via or via
        return replace(self, blank=blank, own=own.own, via=via, inherited=True, obstacle=obstacle, kept=kept)


def refused(path: str, line: int, problem: str, hint: str) -> Slot:
    """A slot that cannot be filled."""
    return Slot(obstacle=Obstacle(reason=f"{path}, line {line}: {shortened(problem, MOST_SHOWN)}", hint=hint))


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A function that code defines.

    `addresses` are what a person may call it, the usual one first. `logical_id` is a regular expression for its
    logical id in CloudFormation. `words` are architectures as the code writes them.
    """

    tool: Tool
    path: str
    line: int
    addresses: tuple[str, ...]
    called: Called
    slots: Mapping[Setting, Slot]
    logical_id: str | None = None
    words: Mapping[str, str] = field(default_factory=dict)

    def has_logical_id(self, logical_id: str) -> bool:
        """Whether CloudFormation calls it that."""
        return self.logical_id is not None and re.fullmatch(self.logical_id, logical_id, re.ASCII) is not None

    def word(self, value: str) -> str:
        """A value as the code writes it."""
        return self.words.get(value, value)

    @property
    def place(self) -> CodePlace:
        """Where it is defined."""
        memory, architecture = self.slots[Setting.MEMORY].value, self.slots[Setting.ARCHITECTURE].value
        return CodePlace(
            tool=self.tool,
            path=self.path,
            line=self.line,
            resource=self.addresses[0],
            memory_mb=None if memory is None else int(memory),
            architecture=None if architecture is None else Architecture(architecture),
        )


def memory_value(text: str) -> str | None:
    """The text of a memory size, if it is a plain whole number that Lambda could have."""
    return text if text.isascii() and text.isdigit() and len(text) <= 5 and not text.startswith("0") else None


def architecture_value(text: str) -> str | None:
    """The text of an architecture, if it is one."""
    return text if text in tuple(Architecture) else None


def value_of(setting: Setting, text: str) -> str | None:
    """The text of a value, if it is one."""
    return memory_value(text) if setting is Setting.MEMORY else architecture_value(text)
