"""YAML by ruamel.yaml, which says where everything stands; nothing is ever written by it."""

from typing import TYPE_CHECKING, Any

from powertune.errors import PlaceRefused
from powertune.iac.model import CodeSource
from powertune.iac.node import DataDocument, Node, NodeKind
from powertune.iac.reading import BYTE_ORDER_MARK, Token, check_size, too_deep, unreadable

if TYPE_CHECKING:
    from ruamel.yaml.nodes import Node as Composed

_CORE = "tag:yaml.org,2002:"


def read_yaml(source: CodeSource) -> DataDocument:
    """The document of a file.

    Raises:
        PlaceRefused: it is no YAML, holds several documents, has a key twice, refers to itself, or is too large.
    """
    check_size(source)
    skipped = len(source.text) - len(source.text.removeprefix(BYTE_ORDER_MARK))
    try:
        composed = _compose(source, source.text[skipped:])
        builder = _Builder(source, skipped)
        root = None if composed is None else builder.build(composed)
    except RecursionError:
        raise too_deep(source.path) from None
    return DataDocument(path=source.path, text=source.text, root=root, outline=tuple(builder.outline), json=False)


def _compose(source: CodeSource, text: str) -> "Composed | None":
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    reader: Any = YAML(typ="safe", pure=True, plug_ins=[])
    # An anchor may be defined again, and then means the later one.
    reader.composer.warn_double_anchors = False
    try:
        documents = [each for each in reader.compose_all(text) if each is not None]
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
        problem = problem.replace("'<stream end>'", "the end of the file")
        raise unreadable(source.path, "YAML", problem, mark.line + 1 if mark else None) from None
    except (ValueError, IndexError, KeyError, AttributeError, TypeError, AssertionError) as error:
        # What ruamel.yaml stumbles over in damaged files: directives, tags and escapes.
        raise unreadable(source.path, "YAML", str(error).partition("\n")[0]) from None
    if len(documents) > 1:
        raise PlaceRefused(
            f"{source.path} holds {len(documents)} documents", hint="keep one document in a file of its own"
        )
    return documents[0] if documents else None


class _Builder:
    """Turns ruamel's nodes into ours, and writes the outline."""

    def __init__(self, source: CodeSource, skipped: int) -> None:
        self._source = source
        self._skipped = skipped
        self._aliased: set[int] = set()
        self._made: dict[int, Node] = {}
        self._open: set[int] = set()
        self.outline: list[Token] = []

    def build(self, root: "Composed") -> Node:
        self._find_aliases(root)
        return self._node(root, shared=False, depth=0)

    def _find_aliases(self, root: Any) -> None:
        todo, seen = [root], set()
        while todo:
            node = todo.pop()
            if id(node) in seen:
                self._aliased.add(id(node))
                continue
            seen.add(id(node))
            if node.id == "mapping":
                todo.extend(each for pair in node.value for each in pair)
            elif node.id == "sequence":
                todo.extend(node.value)

    def _node(self, given: Any, *, shared: bool, depth: int) -> Node:
        key = id(given)
        if key in self._open:
            raise unreadable(self._source.path, "a template", "an alias refers to itself", _line(given))
        if key in self._made:
            self.outline.append((depth, "alias", str(given.anchor)))
            return self._made[key]
        self._open.add(key)
        shared = shared or key in self._aliased
        tag = "" if str(given.tag).startswith(_CORE) else str(given.tag)
        self.outline.append((depth, f"{given.id} {given.tag}", given.value if given.id == "scalar" else ""))
        if given.id == "scalar":
            node = self._scalar(given, tag, shared=shared)
        else:
            node = self._collection(given, tag, shared=shared, depth=depth)
        self._open.remove(key)
        self._made[key] = node
        return node

    def _collection(self, given: Any, tag: str, *, shared: bool, depth: int) -> Node:
        mapping = given.id == "mapping"
        pairs: list[tuple[Node, Node]] = []
        seen: set[str] = set()
        for key, value in given.value if mapping else ():
            pairs.append(tuple(self._node(each, shared=shared, depth=depth + 1) for each in (key, value)))  # type: ignore[arg-type]
            if key.id == "scalar":
                if key.value in seen:
                    problem = f"the key {key.value[:100]!r} occurs twice"
                    raise unreadable(self._source.path, "clear", problem, _line(key))
                seen.add(key.value)
        items = () if mapping else tuple(self._node(each, shared=shared, depth=depth + 1) for each in given.value)
        return Node(
            kind=NodeKind.MAPPING if mapping else NodeKind.SEQUENCE,
            start=given.start_mark.index + self._skipped,
            end=given.end_mark.index + self._skipped,
            line=_line(given),
            tag=tag,
            flow=bool(given.flow_style),
            shared=shared,
            items=items,
            pairs=tuple(pairs),
        )

    def _scalar(self, given: Any, tag: str, *, shared: bool) -> Node:
        """The marks take in anchor, tag and quotes, all of which stand before the value but for the closing quote."""
        quoted = given.style in ("'", '"')
        end = given.end_mark.index + self._skipped - quoted
        start = end - len(given.value)
        return Node(
            kind=NodeKind.SCALAR,
            start=start,
            end=end,
            line=_line(given),
            tag=tag,
            text=given.value,
            exact=self._source.text[max(0, start) : end] == given.value and given.style in (None, "", "'", '"'),
            quoted=quoted,
            shared=shared,
        )


def _line(given: Any) -> int:
    return int(given.start_mark.line) + 1
