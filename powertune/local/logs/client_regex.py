"""Regular expressions that clients send: searched for a limited time, while other threads of the server go on."""

from collections.abc import Mapping
from dataclasses import dataclass

import regex
from moto.logs.exceptions import InvalidParameterException

ASCII, DOTALL = int(regex.ASCII), int(regex.DOTALL)

SEARCH_S = 1.0
"""How long one message is searched. With some expressions, Python's own search would not end within years."""


class TooSlowError(InvalidParameterException):
    """A regular expression takes too long on one message."""


@dataclass(frozen=True, slots=True)
class ClientRegex:
    """A compiled regular expression."""

    pattern: "regex.Pattern[str]"

    @classmethod
    def parse(cls, text: str, flags: int = 0) -> "ClientRegex":
        """Compile an expression in Python's syntax.

        Raises:
            ValueError: it is none.
        """
        try:
            return cls(regex.compile(text, flags))
        except (regex.error, OverflowError, RecursionError) as error:
            raise ValueError(str(error)) from None

    @property
    def names(self) -> Mapping[str, int]:
        """The named groups and their numbers."""
        names: Mapping[str, int] = self.pattern.groupindex
        return names

    def search(self, text: str, *, limit_s: float = SEARCH_S) -> "regex.Match[str] | None":
        """The first place where it is found.

        Raises:
            TooSlowError: it takes too long to say.
        """
        try:
            # `concurrent` lets go of the interpreter meanwhile: other clients are answered.
            return self.pattern.search(text, concurrent=True, timeout=limit_s)
        except TimeoutError:
            shown = self.pattern.pattern
            raise TooSlowError(f"The regular expression '{shown}' takes too long on a log event.") from None
