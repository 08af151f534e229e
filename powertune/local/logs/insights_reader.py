"""The characters of a Logs Insights query as words, one after the other, with the place of each."""

import re

from powertune.local.logs.client_regex import ClientRegex

_SPACE = re.compile(r"(?:\s+|#[^\n]*)*")
_WORD = re.compile(
    r"""(?P<period>\d+(?:ms|msec|s|sec|m|min|h|hr|d|w)(?![\w.]))
      | (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w]))
      | (?P<name>[@A-Za-z_][\w@]*(?:\.[\w@]+)*)
      | `(?P<quoted>[^`]+)`
      | (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<sign>=~|!=|<=|>=|[-+*/^%=<>(),|\[\]])
    """,
    re.VERBOSE,
)
_REGEX = re.compile(r"/((?:[^/\\\n]|\\.)+)/")


class MalformedQueryError(ValueError):
    """A query that Logs Insights refuses, with its words and the offset at which it stops making sense."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


class Reader:
    """A place in the text of a query. `kind` and `text` are the word that is next; both are empty at the end."""

    def __init__(self, query: str) -> None:
        self.query = query
        self.end = 0
        self._read(0)

    def _read(self, at: int) -> None:
        at = _SPACE.match(self.query, at).end()  # type: ignore[union-attr] # it matches always
        match = _WORD.match(self.query, at)
        self.at = at
        self.kind = (match.lastgroup or "") if match else "" if at == len(self.query) else "unknown"
        self.text = match[self.kind] if match else self.query[at : at + 1]
        self._next = match.end() if match else at

    def take(self) -> str:
        """Go past a word, and return it."""
        text = self.text
        self.end = self._next
        self._read(self._next)
        return text

    def took(self, *signs: str) -> bool:
        """Go past the next word if it is one of these signs."""
        found = self.kind == "sign" and self.text in signs
        if found:
            self.take()
        return found

    def took_word(self, *words: str) -> bool:
        """Go past the next word if it is one of these keywords, in whatever case."""
        found = self.is_word(*words)
        if found:
            self.take()
        return found

    def is_word(self, *words: str) -> bool:
        """Whether one of these keywords is next."""
        return self.kind == "name" and self.text.lower() in words

    def expect(self, sign: str) -> None:
        """Go past a sign.

        Raises:
            MalformedQueryError: something else is next.
        """
        if not self.took(sign):
            raise self.unexpected()

    def name(self) -> str:
        """Go past the name of a field.

        Raises:
            MalformedQueryError: something else is next.
        """
        if self.kind not in ("name", "quoted"):
            raise self.unexpected()
        return self.take()

    def string(self) -> str:
        """Go past a text in quotes.

        Raises:
            MalformedQueryError: something else is next.
        """
        if self.kind != "string":
            raise self.unexpected()
        return _unescape(self.take()[1:-1])

    def regex(self) -> ClientRegex | None:
        """Go past a regular expression between slashes, if that is next.

        Raises:
            MalformedQueryError: it is none.
        """
        match = _REGEX.match(self.query, self.at)
        if match is None:
            return None
        try:
            pattern = ClientRegex.parse(_python_regex(match[1]))
        except ValueError:
            raise self.malformed(f"invalid regular expression /{match[1]}/") from None
        self.end = match.end()
        self._read(match.end())
        return pattern

    def unexpected(self) -> MalformedQueryError:
        """The next word is none that can be here."""
        return self.malformed(f"unexpected symbol found {self.text or '<EOF>'}")

    def malformed(self, problem: str, at: int | None = None) -> MalformedQueryError:
        """The error, with the place: the next word unless given."""
        offset = self.at if at is None else at
        before = self.query[:offset]
        line, position = before.count("\n") + 1, offset - (before.rfind("\n") + 1)
        return MalformedQueryError(f"{problem} at line {line} and position {position}", offset)


def _unescape(text: str) -> str:
    escapes = {"n": "\n", "t": "\t", "r": "\r"}
    return re.sub(r"\\(.)", lambda match: escapes.get(match[1], match[1]), text, flags=re.DOTALL)


def _python_regex(text: str) -> str:
    """Java's named groups, and its flags in the middle, in Python's words."""
    named = re.sub(r"\(\?<(?=[A-Za-z_@])", "(?P<", text).replace(r"\/", "/")
    flags = "".join(dict.fromkeys(re.findall(r"\(\?([imsx])\)", named)))
    return (f"(?{flags})" if flags else "") + re.sub(r"\(\?[imsx]\)", "", named)
