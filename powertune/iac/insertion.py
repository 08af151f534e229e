"""Where a key can be added to a mapping in YAML or JSON, in the style of the keys around it."""

import re

from powertune.iac.candidate import Blank, Slot, refused
from powertune.iac.node import DataDocument, Node, NodeKind
from powertune.iac.spacing import beside, newline_of

#: What is left of a line behind a value, before its end.
_REST = re.compile(r"[ \t]*(?:[ \t]#[^\r\n]*)?(?=\r?\n|\Z)")


def added(
    document: DataDocument, mapping: Node, key: str, neighbors: tuple[str, ...], *, listed: bool = False
) -> Slot:
    """Where a key could be added, without a value yet.

    Args:
        document: the file.
        mapping: what gets the key, which it does not have.
        key: the key.
        neighbors: the keys that it may stand next to, best first.
        listed: whether its value is a list of one.
    """
    if not mapping.is_mapping or mapping.shared:
        what = "is shared through a YAML anchor" if mapping.shared else "is not written out here"
        return refused(
            document.path, mapping.line, f"the mapping that would get {key} {what}", f"write {key} there yourself"
        )
    pairs = sorted(mapping.pairs, key=lambda pair: _rank(pair[0], neighbors))
    # As JSON has it, where the keys beside it are in quotes.
    quoted = document.json or (bool(pairs) and pairs[0][0].quoted)
    value = ('["{}"]' if quoted else "[{}]") if listed else "{}"
    entry = f'"{key}": {value}' if quoted else f"{key}: {value}"
    if mapping.flow or document.json:
        return Slot(own=_in_braces(document, mapping, pairs[0] if pairs else None, entry))
    return Slot(own=_on_a_line(document, pairs, entry))


def _rank(key: Node, neighbors: tuple[str, ...]) -> int:
    return neighbors.index(key.text) if key.text in neighbors else len(neighbors)


def _on_a_line(document: DataDocument, pairs: list[tuple[Node, Node]], entry: str) -> Blank:
    """Below the best neighbor that takes a single line; else above the first key."""
    text = document.text
    indentation = " " * _column(text, pairs[0][0])
    for name, value in pairs:
        if value.kind is NodeKind.SCALAR and value.line == name.line and (value.exact or not value.text):
            rest = _REST.match(text, value.end + value.quoted)
            if rest is not None:
                at = rest.end()
                line = f"{newline_of(text)}{indentation}{entry}"
                return Blank(path=document.path, start=at, end=at, line=name.line, form=line)
    first = min((name for name, _ in pairs), key=lambda name: name.start)
    at = first.start - first.quoted
    line = f"{entry}{newline_of(text)}{indentation}"
    return Blank(path=document.path, start=at, end=at, line=first.line, form=line)


def _in_braces(document: DataDocument, mapping: Node, pair: tuple[Node, Node] | None, entry: str) -> Blank:
    """Beside the best neighbor."""
    if pair is None:
        at = document.text.index("{", mapping.start) + 1
        return Blank(path=document.path, start=at, end=at, line=mapping.line, form=entry)
    name, value = pair
    at, around = beside(document.text, name.start - name.quoted, value.end + value.quoted)
    form = around.replace("{entry}", entry)
    return Blank(path=document.path, start=at, end=at, line=value.line, form=form)


def _column(text: str, key: Node) -> int:
    start = key.start - key.quoted
    return start - max(text.rfind("\n", 0, start), text.rfind("\r", 0, start)) - 1
