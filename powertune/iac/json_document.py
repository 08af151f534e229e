"""JSON by tree-sitter, which says where everything stands, checked by Python's own strict parser."""

import json
from typing import TYPE_CHECKING

from powertune.iac.model import CodeSource
from powertune.iac.node import DataDocument, Node, NodeKind
from powertune.iac.reading import BYTE_ORDER_MARK, Token, too_deep, unreadable
from powertune.iac.syntax import Syntax, line_of, read_syntax

if TYPE_CHECKING:
    from tree_sitter import Node as Branch


def read_json(source: CodeSource) -> DataDocument:
    """The document of a file.

    Raises:
        PlaceRefused: it is no JSON, has a key twice, or is too large.
    """
    syntax = read_syntax(source, "JSON")
    try:
        # The grammar takes comments and several documents.
        json.loads(source.text.removeprefix(BYTE_ORDER_MARK), parse_int=str, parse_float=str)
        outline: list[Token] = []
        root = _build(syntax, syntax.root.named_children[0], outline, 0)
    except json.JSONDecodeError as error:
        raise unreadable(source.path, "JSON", error.msg, error.lineno) from None
    except RecursionError:
        raise too_deep(source.path) from None
    return DataDocument(path=source.path, text=source.text, root=root, outline=tuple(outline), json=True)


def _build(syntax: Syntax, branch: "Branch", outline: list[Token], depth: int) -> Node:
    line = line_of(branch)
    start, end = syntax.start(branch), syntax.end(branch)
    if branch.type in ("object", "array"):
        mapping = branch.type == "object"
        outline.append((depth, branch.type, ""))
        pairs = tuple(_pair(syntax, each, outline, depth + 1) for each in branch.named_children if mapping)
        items = () if mapping else tuple(_build(syntax, each, outline, depth + 1) for each in branch.named_children)
        _refuse_twice(syntax, pairs)
        kind = NodeKind.MAPPING if mapping else NodeKind.SEQUENCE
        return Node(kind=kind, start=start, end=end, line=line, flow=True, items=items, pairs=pairs)
    written = syntax.text[start:end]
    quoted = branch.type == "string"
    text = json.loads(written) if quoted else written
    outline.append((depth, branch.type, text))
    exact = not quoted or written == f'"{text}"'
    return Node(
        kind=NodeKind.SCALAR, start=start + quoted, end=end - quoted, line=line, text=text, exact=exact, quoted=quoted
    )


def _pair(syntax: Syntax, branch: "Branch", outline: list[Token], depth: int) -> tuple[Node, Node]:
    key, value = branch.named_children
    return _build(syntax, key, outline, depth), _build(syntax, value, outline, depth)


def _refuse_twice(syntax: Syntax, pairs: tuple[tuple[Node, Node], ...]) -> None:
    seen: set[str] = set()
    for key, _ in pairs:
        if key.text in seen:
            raise unreadable(syntax.path, "clear", f"the key {key.text[:100]!r} occurs twice", key.line)
        seen.add(key.text)
