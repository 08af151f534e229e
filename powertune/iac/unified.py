"""Unified diffs as git writes them: difflib takes more for ends of lines, and loses the end of a file."""

from difflib import unified_diff as _unified_diff

_NO_NEWLINE = "\n\\ No newline at end of file\n"
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\t": "\\t", "\n": "\\n", "\r": "\\r"}


def unified_diff(path: str, before: str, after: str) -> str:
    """The difference, with the prefixes a/ and b/; empty if there is none."""
    lines = list(_unified_diff(_lines(before), _lines(after), _name(f"a/{path}"), _name(f"b/{path}")))
    return "".join(line if line.endswith("\n") else line + _NO_NEWLINE for line in lines)


def _lines(text: str) -> list[str]:
    """Lines end at a newline and nowhere else."""
    lines = [f"{line}\n" for line in text.split("\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]


def _name(path: str) -> str:
    """A path as git writes it: quoted where it holds what would end it, and ended by a tab where it holds a space."""
    if any(char in _ESCAPES or not char.isprintable() for char in path):
        return '"' + "".join(_escaped(char) for char in path) + '"'
    return f"{path}\t" if " " in path else path


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    return char if char.isprintable() else "".join(f"\\{byte:03o}" for byte in char.encode(errors="surrogatepass"))
