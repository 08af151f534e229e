"""YAML and JSON as one tree of nodes that know where they are written."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from powertune.iac.reading import Token


class NodeKind(Enum):
    """What a node is."""

    SCALAR = "scalar"
    SEQUENCE = "sequence"
    MAPPING = "mapping"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Node:
    """A value, and the characters that hold it: of a text in quotes, those between the quotes.

    `tag` is an explicit one, such as `!Ref`, else empty. `text` is what a scalar holds. `exact`: the characters of a
    scalar are its text, one by one. `flow`: in brackets or braces. `shared`: it, or what it is part of, is used in
    several places by an alias.
    """

    kind: NodeKind
    start: int
    end: int
    line: int
    tag: str = ""
    text: str = ""
    exact: bool = False
    quoted: bool = False
    flow: bool = False
    shared: bool = False
    items: "tuple[Node, ...]" = ()
    pairs: "tuple[tuple[Node, Node], ...]" = ()

    @property
    def is_mapping(self) -> bool:
        """Whether it has keys, and no tag that makes something else of them."""
        return self.kind is NodeKind.MAPPING and not self.tag

    @property
    def literal(self) -> str | None:
        """The text of a scalar without a tag."""
        return self.text if self.kind is NodeKind.SCALAR and not self.tag else None

    def get(self, key: str) -> "Node | None":
        """The value of a key that is written in the mapping itself."""
        return next((value for name, value in self.pairs if name.literal == key), None) if self.is_mapping else None

    def at(self, *keys: str) -> "Node | None":
        """The value at the end of a path of keys."""
        node: Node | None = self
        for key in keys:
            node = node.get(key) if node is not None else None
        return node

    def merged(self, key: str) -> "Node | None":
        """The value of a key that the mapping gets from others by `<<`, and does not have itself."""
        todo, seen = [self], set()
        while todo:
            node = todo.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            if (found := node.get(key)) is not None:
                return found if node is not self else None
            given = node.get("<<")
            if given is not None:
                # The first one wins, and what it merges itself goes before the second one.
                todo.extend(reversed(given.items if given.kind is NodeKind.SEQUENCE else (given,)))
        return None

    def walk(self) -> "Iterator[Node]":
        """It and everything below it, each once: aliases make a tree of a few lines endless."""
        todo, seen = [self], set()
        while todo:
            node = todo.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            yield node
            todo.extend(node.items)
            todo.extend(each for pair in node.pairs for each in pair)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DataDocument:
    """A file of YAML or JSON. `root` is None if it is empty; `json`: commas and quotes are as JSON has them."""

    path: str
    text: str
    root: Node | None
    outline: tuple[Token, ...]
    json: bool
