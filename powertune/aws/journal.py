"""What a run has to undo, written on the function itself, so that any machine can undo it."""

import json
from dataclasses import dataclass
from typing import Any

from powertune.errors import UsageError
from powertune.units import shown

#: The alias whose description is the journal, and whose existence is the lock.
JOURNAL_ALIAS = "powertune-journal"
#: Lambda's limit on an alias's description.
DESCRIPTION_LIMIT = 256
_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """A run and what it found: `memory_mb` is the original size, `sizes` those that it may set, None if too many.

    `copies` is how many copies of the function it makes; their names follow from its id.
    """

    run_id: str
    started_at: int
    memory_mb: int
    sizes: tuple[int, ...] | None = None
    copies: int = 0

    @property
    def mark(self) -> str:
        """The description of every version that the run publishes."""
        return f"powertune {self.run_id}"

    def alias(self, memory_mb: int) -> str:
        """The name of the alias of one size."""
        return f"powertune-{self.run_id}-{memory_mb}"

    def owns_alias(self, name: str) -> bool:
        """Whether the run created the alias of that name."""
        return name.startswith(f"powertune-{self.run_id}-")

    def owns_memory(self, memory_mb: int) -> bool:
        """Whether the run may have set this memory size; when it does not say which ones it sets, any."""
        return self.sizes is None or memory_mb in self.sizes

    def encode(self) -> str:
        """Compact JSON of at most 256 characters; leaves out the sizes where they do not fit."""
        fields: dict[str, Any] = {"v": _VERSION, "run": self.run_id, "at": self.started_at, "mem": self.memory_mb}
        if self.copies:
            fields["copies"] = self.copies
        for document in ({**fields, "sizes": self.sizes}, fields):
            text = json.dumps(document, separators=(",", ":"))
            if len(text) <= DESCRIPTION_LIMIT:
                return text
        raise AssertionError("a journal without sizes always fits")

    @classmethod
    def decode(cls, text: str) -> "Journal":
        """Read a description.

        Raises:
            UsageError: it is not a journal, or one of a newer version.
        """
        try:
            document = json.loads(text)
            if (version := document["v"]) != _VERSION:
                raise UsageError(
                    f"alias {JOURNAL_ALIAS} was written by another version of powertune (format {shown(version)})",
                    hint="restore with the version that started the run",
                )
            sizes = document.get("sizes")
            return cls(
                run_id=str(document["run"]),
                started_at=int(document["at"]),
                memory_mb=int(document["mem"]),
                sizes=None if sizes is None else tuple(int(size) for size in sizes),
                copies=int(document.get("copies", 0)),
            )
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            raise UsageError(
                f"the description of alias {JOURNAL_ALIAS} is not a journal: {text[:DESCRIPTION_LIMIT]!r}",
                hint="look at the function's memory size and aliases, then delete the alias by hand",
            ) from None
