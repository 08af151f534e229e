"""Text that is safe to draw: on one line, of bounded length, and made of characters that the font has."""

from functools import cache

from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.textpath import text_to_path

from powertune.units import printable

_UNKNOWN = "\ufffd"
_MORE = "\u2026"


def clean(text: str, most: int = 80) -> str:
    """What a function or a person wrote, harmless: cut to a number of characters."""
    text = " ".join(printable(text[: 4 * most]).split())
    known = _glyphs()
    text = "".join(char if ord(char) in known else _UNKNOWN for char in text)
    return text if len(text) <= most else text[: most - 1].rstrip() + _MORE


def text_width(text: str, size: float, weight: str = "normal") -> float:
    """How wide a text is drawn, in points."""
    font = FontProperties(family=["DejaVu Sans"], size=size, weight=weight)
    return float(text_to_path.get_text_width_height_descent(text, font, ismath=False)[0])


def wrapped(text: str, *, size: float, width: float, lines: int, weight: str = "normal") -> list[str]:
    """A text in lines that are at most `width` points wide; what does not fit into the lines is cut off."""
    rows: list[str] = []
    words = text.split(" ")
    while words and len(rows) < lines:
        row = _fitting(words, size, width, weight)
        rows.append(" ".join(words[:row]) if row else _cut(words[0], size, width, weight))
        words = words[max(row, 1) :]
    if words and rows:
        rows[-1] = _cut(f"{rows[-1]} {words[0]}{_MORE}", size, width, weight)
    return rows


def _fitting(words: list[str], size: float, width: float, weight: str) -> int:
    """How many of the words fit into a line."""
    count = 0
    while count < len(words) and text_width(" ".join(words[: count + 1]), size, weight) <= width:
        count += 1
    return count


def _cut(text: str, size: float, width: float, weight: str) -> str:
    while len(text) > 1 and text_width(text, size, weight) > width:
        text = text.removesuffix(_MORE)[:-1].rstrip() + _MORE
    return text


@cache
def _glyphs() -> frozenset[int]:
    """The characters that the font has, both in its regular and its bold face."""
    faces = (FontProperties(family=["DejaVu Sans"], weight=weight) for weight in ("normal", "bold"))
    regular, bold = (frozenset(get_font(findfont(face)).get_charmap()) for face in faces)
    return regular & bold
