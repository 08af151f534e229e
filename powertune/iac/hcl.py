"""Terraform's language as far as values are concerned: blocks, attributes and expressions, with their places."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from powertune.iac.model import CodeSource
from powertune.iac.reading import too_deep, unreadable
from powertune.iac.syntax import Syntax, line_of, meaningful, read_syntax

if TYPE_CHECKING:
    from tree_sitter import Node as Branch


class Form(Enum):
    """What an expression is, as far as it matters."""

    LITERAL = "literal"
    REFERENCE = "reference"
    TEMPLATE = "template"
    LIST = "list"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Expression:
    """The value of an attribute.

    `text` is that of a literal, without quotes; of anything else, the code. `start` and `end` are its characters: of
    a text, those between the quotes. `reference` is what it refers to, such as `("var", "memory")`. `parts` are those
    of a template, or the items of a list.
    """

    form: Form
    path: str
    start: int
    end: int
    line: int
    text: str
    reference: tuple[str, ...] = ()
    parts: "tuple[Expression, ...]" = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Attribute:
    """A name and its value; `start` is where the name begins, `equals` where the sign stands."""

    name: str
    value: Expression
    start: int
    equals: int
    branch: "Branch"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Block:
    """`type "label" "label" { ... }`; a whole file has neither type nor labels."""

    type: str
    labels: tuple[str, ...]
    attributes: Mapping[str, Attribute]
    blocks: "tuple[Block, ...]"
    file: Syntax
    line: int
    branch: "Branch"

    def inner(self, kind: str) -> "Iterator[Block]":
        """The blocks in it of a kind."""
        return (block for block in self.blocks if block.type == kind)

    def value(self, name: str) -> Expression | None:
        """The value of an attribute."""
        attribute = self.attributes.get(name)
        return None if attribute is None else attribute.value


def read_terraform(source: CodeSource) -> Block:
    """A file as a block without type and labels.

    Raises:
        PlaceRefused: it is no Terraform, gives an attribute twice, or is too large.
    """
    syntax = read_syntax(source, "Terraform")
    try:
        attributes, blocks = _contents(syntax, syntax.root)
    except RecursionError:
        raise too_deep(source.path) from None
    return Block(type="", labels=(), attributes=attributes, blocks=blocks, file=syntax, line=1, branch=syntax.root)


def references(block: Block) -> "Iterator[tuple[tuple[str, ...], Branch]]":
    """Everything that a block refers to: `var.memory` as `("var", "memory")`."""
    todo = [block.branch]
    while todo:
        branch = todo.pop()
        if branch.type == "variable_expr":
            yield _reference(block.file, branch), branch
        todo.extend(branch.children)


def selected(variable: "Branch") -> tuple[str, ...]:
    """The names of the attributes that follow a variable, with those behind an index or a splat."""
    names: list[str] = []
    sibling = variable.next_named_sibling
    while sibling is not None:
        todo = [sibling]
        while todo:
            branch = todo.pop()
            if branch.type == "get_attr" and branch.text is not None:
                names.append(branch.text.decode().lstrip(". \r\n\t"))
            elif branch.type in ("splat", "attr_splat", "full_splat"):
                todo.extend(reversed(branch.children))
        sibling = sibling.next_named_sibling
    return tuple(names)


def attribute_around(branch: "Branch") -> str:
    """The name of the attribute whose value a branch is part of; empty if there is none."""
    around = branch.parent
    while around is not None and around.type != "attribute":
        around = around.parent
    name = meaningful(around)[0].text if around is not None else None
    return "" if name is None else name.decode()


def _contents(syntax: Syntax, branch: "Branch") -> tuple[dict[str, Attribute], tuple[Block, ...]]:
    """What is in the body of a file or of a block."""
    attributes: dict[str, Attribute] = {}
    blocks = []
    for child in (each for body in branch.children if body.type == "body" for each in body.children):
        if child.type == "attribute":
            attribute = _attribute(syntax, child)
            if attribute.name in attributes:
                problem = f"{attribute.name} is given twice"
                raise unreadable(syntax.path, "clear", problem, line_of(child))
            attributes[attribute.name] = attribute
        elif child.type == "block":
            blocks.append(_block(syntax, child))
    return attributes, tuple(blocks)


def _block(syntax: Syntax, branch: "Branch") -> Block:
    names = [child for child in branch.children if child.type in ("identifier", "string_lit")]
    if not names:
        raise unreadable(syntax.path, "Terraform", "a block has no type", line_of(branch))
    kind, *labels = [syntax.written(name).strip('"') for name in names]
    attributes, blocks = _contents(syntax, branch)
    return Block(
        type=kind,
        labels=tuple(labels),
        attributes=attributes,
        blocks=blocks,
        file=syntax,
        line=line_of(branch),
        branch=branch,
    )


def _attribute(syntax: Syntax, branch: "Branch") -> Attribute:
    name, equals, value = (*meaningful(branch), None, None, None)[:3]
    if name is None or equals is None or value is None:
        raise unreadable(syntax.path, "Terraform", "an attribute has no value", line_of(branch))
    return Attribute(
        name=syntax.written(name),
        value=_expression(syntax, value),
        start=syntax.start(name),
        equals=syntax.start(equals),
        branch=branch,
    )


def _expression(syntax: Syntax, branch: "Branch") -> Expression:
    inner = branch
    # What wraps a single branch says nothing; what follows a variable are its attributes.
    while inner.type in ("expression", "literal_value", "template_expr", "collection_value"):
        children = meaningful(inner)
        if len(children) != 1:
            break
        inner = children[0]
    match inner.type:
        case "numeric_lit":
            return _made(syntax, inner, Form.LITERAL)
        case "string_lit":
            return _text(syntax, inner)
        case "quoted_template":
            return _made(syntax, inner, Form.TEMPLATE, parts=_pieces(syntax, inner))
        case "tuple":
            items = [child for child in inner.children if child.type == "expression"]
            loops = any(child.type.startswith("for_") for child in inner.children)
            parts = tuple(_expression(syntax, item) for item in items)
            return _made(syntax, inner, Form.OTHER if loops else Form.LIST, parts=parts)
        case "variable_expr" | "expression":
            names = meaningful(inner) if inner.type == "expression" else [inner]
            reference = _reference(syntax, names[0]) if names and names[0].type == "variable_expr" else ()
            # An index, a splat or a comment in between makes it more than a name and its attributes.
            if reference and len(reference) == len(names):
                return _made(syntax, inner, Form.REFERENCE, reference=reference)
    return _made(syntax, inner, Form.OTHER)


def _text(syntax: Syntax, branch: "Branch") -> Expression:
    """A text between quotes; one with escapes is not plain."""
    start, end = syntax.start(branch) + 1, syntax.end(branch) - 1
    text = syntax.text[start:end]
    form = Form.OTHER if "\\" in text or "$${" in text or "%%{" in text else Form.LITERAL
    return Expression(form=form, path=syntax.path, start=start, end=end, line=line_of(branch), text=text)


def _pieces(syntax: Syntax, template: "Branch") -> tuple[Expression, ...]:
    pieces = []
    for child in template.named_children:
        if child.type == "template_literal":
            written = syntax.written(child)
            pieces.append(_made(syntax, child, Form.OTHER if "\\" in written else Form.LITERAL))
        elif child.type == "template_interpolation":
            inner = [each for each in child.named_children if each.type == "expression"]
            pieces.append(_expression(syntax, inner[0]) if len(inner) == 1 else _made(syntax, child, Form.OTHER))
        elif child.type not in ("quoted_template_start", "quoted_template_end"):
            pieces.append(_made(syntax, child, Form.OTHER))
    return tuple(pieces)


def _made(
    syntax: Syntax,
    branch: "Branch",
    form: Form,
    *,
    reference: tuple[str, ...] = (),
    parts: tuple[Expression, ...] = (),
) -> Expression:
    return Expression(
        form=form,
        path=syntax.path,
        start=syntax.start(branch),
        end=syntax.end(branch),
        line=line_of(branch),
        text=syntax.written(branch),
        reference=reference,
        parts=parts,
    )


def _reference(syntax: Syntax, variable: "Branch") -> tuple[str, ...]:
    """The names of a variable and of the attributes that follow it, up to an index or a call."""
    names = [syntax.written(variable)]
    sibling = variable.next_named_sibling
    while sibling is not None and sibling.type == "get_attr":
        names.append(syntax.written(sibling).lstrip(". \n\t"))
        sibling = sibling.next_named_sibling
    return tuple(names)
