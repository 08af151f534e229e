"""Trees by tree-sitter with the place of every character: Terraform, JSON, TypeScript and JavaScript."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from powertune.iac.model import CodeSource
from powertune.iac.reading import Token, check_size, unreadable

if TYPE_CHECKING:
    from tree_sitter import Node as Branch

#: By language, the module of its grammar, and the function that returns it.
_GRAMMARS = {
    "Terraform": ("tree_sitter_hcl", "language"),
    "JSON": ("tree_sitter_json", "language"),
    "TypeScript": ("tree_sitter_typescript", "language_typescript"),
    "JavaScript": ("tree_sitter_typescript", "language_tsx"),
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Syntax:
    """A file, its bytes, and the tree over them.

    The tree counts bytes, and a text counts characters. `wide` are the bytes where characters of several bytes end;
    `extra` is how many bytes more than characters there are before the first of them, and after each.
    """

    path: str
    text: str
    data: bytes
    root: "Branch"
    wide: tuple[int, ...]
    extra: tuple[int, ...]

    def start(self, branch: "Branch") -> int:
        """The character that a branch begins at."""
        return self._character(branch.start_byte)

    def end(self, branch: "Branch") -> int:
        """The character after a branch."""
        return self._character(branch.end_byte)

    def written(self, branch: "Branch") -> str:
        """The text of a branch."""
        return self.data[branch.start_byte : branch.end_byte].decode()

    def outline(self) -> tuple[Token, ...]:
        """All branches in order, comments too."""
        return tuple(
            (depth, branch.type, "" if branch.child_count else self.written(branch))
            for depth, branch in _branches(self.root)
        )

    def walk(self) -> "Iterator[Branch]":
        """All branches in order."""
        return (branch for _, branch in _branches(self.root))

    def _character(self, byte: int) -> int:
        return byte - self.extra[bisect_right(self.wide, byte)]


def read_syntax(source: CodeSource, language: str) -> Syntax:
    """The tree of a file.

    Raises:
        PlaceRefused: it is not in that language, or too large.
    """
    from tree_sitter import Language, Parser

    check_size(source)
    try:
        data = source.text.encode()
    except UnicodeEncodeError:
        raise unreadable(source.path, language, "it holds half a character") from None
    module, function = _GRAMMARS[language]
    root = Parser(Language(getattr(import_module(module), function)())).parse(data).root_node
    if root.has_error:
        wrong = next((each for _, each in _branches(root) if each.is_error or each.is_missing), root)
        raise unreadable(source.path, language, "a parser cannot read it", wrong.start_point.row + 1)
    wide, extra = _wide(source.text)
    return Syntax(path=source.path, text=source.text, data=data, root=root, wide=wide, extra=extra)


def _wide(text: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    wide, extra, at = [], [0], 0
    for char in "" if text.isascii() else text:
        size = len(char.encode())
        at += size
        if size > 1:
            wide.append(at)
            extra.append(extra[-1] + size - 1)
    return tuple(wide), tuple(extra)


def line_of(branch: "Branch") -> int:
    """The line that a branch begins on, from 1."""
    return branch.start_point.row + 1


def meaningful(branch: "Branch") -> "list[Branch]":
    """What a branch is made of, without comments."""
    return [child for child in branch.children if child.type != "comment"]


def _branches(root: "Branch") -> "Iterator[tuple[int, Branch]]":
    """Every branch with its depth, before what is below it; without recursion, as files may be nested deeply."""
    cursor, depth = root.walk(), 0
    while True:
        if (branch := cursor.node) is not None:
            yield depth, branch
        if cursor.goto_first_child():
            depth += 1
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return
            depth -= 1
