"""The style of a file around a place: how lines end, and what space stands before something."""

import re


def newline_of(text: str) -> str:
    """How the lines of a file end."""
    end = text.find("\n")
    return "\r\n" if end > 0 and text[end - 1] == "\r" else "\n"


def space_before(text: str, start: int) -> str:
    """The space that separates what begins at a place from what stands before it; one space if there is none.

    Blank lines are left out: a line more is no reason for another one.
    """
    space = text[len(text[:start].rstrip(" \t\r\n")) : start]
    _, newline, indentation = space.rpartition("\n")
    if not newline:
        return space or " "
    return f"{newline_of(text)}{indentation}"


#: What is left of a line behind an entry that a comma ends.
_ENDED = re.compile(r"[ \t]*,[ \t]*(?:(?://|#)[^\r\n]*)?(?=\r?\n)")
_COMMENT = re.compile(r"[ \t]*(?://|#|/\*)")


def beside(text: str, start: int, end: int) -> tuple[int, str]:
    """Where to add an entry beside one that begins and ends there, among others with commas between them.

    Comments stay with the entry that they are about.

    Returns:
        The place, and what to put there, with `{entry}` in the place of the entry.
    """
    separator = space_before(text, start)
    if "\n" in separator:
        if (rest := _ENDED.match(text, end)) is not None:
            return rest.end(), f"{separator}{{entry}},"
        if _COMMENT.match(text, end) is not None:
            return start, f"{{entry}},{separator}"
    return end, f",{separator}{{entry}}"
