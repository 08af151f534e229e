"""Functions in CDK apps in TypeScript and JavaScript."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from powertune.iac.candidate import Blank, Candidate, Setting
from powertune.iac.construct import FUNCTIONS, Construct, Property, construct_candidate
from powertune.iac.model import CodeSource
from powertune.iac.spacing import beside
from powertune.iac.syntax import Syntax, line_of, meaningful, read_syntax

if TYPE_CHECKING:
    from tree_sitter import Node as Branch

KEYS = {Setting.MEMORY: "memorySize", Setting.ARCHITECTURE: "architecture"}
_NEIGHBORS = ("memorySize", "timeout", "runtime", "handler", "entry", "code", "functionName")


def read_javascript(source: CodeSource) -> Syntax:
    """The tree of a file of TypeScript or JavaScript.

    Raises:
        PlaceRefused: it is neither, or too large.
    """
    plain = source.path.endswith((".ts", ".mts", ".cts"))
    return read_syntax(source, "TypeScript" if plain else "JavaScript")


def javascript_functions(syntax: Syntax) -> Iterator[Candidate]:
    """The functions that a file makes, in order."""
    aliases, constants = _aliases(syntax), _constants(syntax)
    for branch in syntax.walk():
        if branch.type == "new_expression":
            construct = _construct(syntax, branch, aliases, constants)
            if construct is not None:
                yield construct_candidate(construct, KEYS)


def _aliases(syntax: Syntax) -> dict[str, str]:
    """What constructs are called here: `import { Function as Fn }`, or `const { Function: Fn } = require(...)`."""
    fields = {"import_specifier": ("alias", "name"), "pair_pattern": ("value", "key")}
    found = {}
    for branch in syntax.walk():
        alias, name = (branch.child_by_field_name(field) for field in fields.get(branch.type, ("", "")))
        if alias is not None and name is not None:
            found[syntax.written(alias)] = syntax.written(name)
    return found


#: What a name stands in that is given a value there.
_BINDING = frozenset(
    {"variable_declarator", "assignment_expression", "required_parameter", "optional_parameter", "formal_parameters"}
    | {"arrow_function", "object_pattern", "pair_pattern", "array_pattern", "object_assignment_pattern"}
    | {"assignment_pattern", "rest_pattern", "for_in_statement", "catch_clause", "function_declaration"}
    | {"import_specifier", "class_declaration", "augmented_assignment_expression"}
)


def _constants(syntax: Syntax) -> dict[str, str]:
    """Plain texts that constants of the file hold, whose names mean nothing else in it."""
    bound = Counter(
        syntax.written(branch)
        for branch in syntax.walk()
        if branch.type in ("identifier", "shorthand_property_identifier_pattern")
        and branch.parent is not None
        and branch.parent.type in _BINDING
        and not (branch.parent.type == "variable_declarator" and branch.parent.child_by_field_name("value") == branch)
    )
    found = {}
    for statement in syntax.root.children:
        given = statement.child_by_field_name("declaration") if statement.type == "export_statement" else statement
        if given is None or given.type != "lexical_declaration" or given.children[0].type != "const":
            continue
        for each in given.named_children:
            name, value = each.child_by_field_name("name"), each.child_by_field_name("value")
            if name is None or value is None or value.type == "number" or bound[syntax.written(name)] != 1:
                continue
            if (text := _plain(syntax, value)) is not None:
                found[syntax.written(name)] = text
    return found


def _construct(
    syntax: Syntax, branch: "Branch", aliases: Mapping[str, str], constants: Mapping[str, str]
) -> Construct | None:
    kind, arguments = branch.child_by_field_name("constructor"), branch.child_by_field_name("arguments")
    if kind is None or arguments is None:
        return None
    called = syntax.written(kind)
    if aliases.get(called, called).rpartition(".")[2] not in FUNCTIONS:
        return None
    given = [child for child in meaningful(arguments) if child.is_named]
    # JavaScript's own Function takes texts only.
    if len(given) < 2 or given[0].type in ("string", "template_string"):
        return None
    written_out = len(given) == 3 and given[2].type == "object"
    properties = _properties(syntax, given[2]) if written_out else {}
    names = {syntax.written(child) for child in given[-1].children if child.type == "shorthand_property_identifier"}
    elsewhere = not written_out or any(child.type == "spread_element" for child in given[2].children)
    name = properties.get("functionName")
    unnamed = name is None and not elsewhere and "functionName" not in names
    return Construct(
        path=syntax.path,
        line=line_of(branch),
        id=_plain(syntax, given[1]),
        written_id=syntax.written(given[1]),
        name="" if unnamed else None if name is None else name.literal or constants.get(name.written),
        memory=properties.get("memorySize"),
        architecture=_last_name(properties.get("architecture")),
        spread=elsewhere or bool(names & set(KEYS.values())),
        added=_added(syntax, given[2]) if written_out else None,
        lambda_module=_module(properties.get("runtime")),
    )


def _properties(syntax: Syntax, given: "Branch") -> dict[str, Property]:
    found = {}
    for pair in given.children:
        key, value = pair.child_by_field_name("key"), pair.child_by_field_name("value")
        if pair.type == "pair" and key is not None and value is not None:
            found[syntax.written(key).strip("'\"")] = Property(
                start=syntax.start(value),
                end=syntax.end(value),
                line=line_of(value),
                written=syntax.written(value),
                literal=_plain(syntax, value),
            )
    return found


def _plain(syntax: Syntax, branch: "Branch") -> str | None:
    """The text of a number, or of a text without escapes and substitutions."""
    written = syntax.written(branch)
    if branch.type == "number":
        return written
    pieces = [child.type for child in branch.named_children]
    if branch.type in ("string", "template_string") and pieces in ([], ["string_fragment"]):
        return written[1:-1]
    return None


def _last_name(given: Property | None) -> Property | None:
    """`lambda.Architecture.ARM_64` as its last name, which is what is changed."""
    match = re.fullmatch(r"((?:\w+\.)*Architecture\.)(\w+)", given.written, re.ASCII) if given is not None else None
    if given is None or match is None:
        return given
    return Property(
        start=given.start + len(match[1]),
        end=given.end,
        line=given.line,
        written=given.written,
        literal=match[2],
    )


def _module(runtime: Property | None) -> str | None:
    match = re.fullmatch(r"((?:\w+\.)+)Runtime\.\w+", runtime.written, re.ASCII) if runtime is not None else None
    return match[1] if match is not None else None


def _added(syntax: Syntax, given: "Branch") -> Blank | None:
    """Beside the best neighbor."""
    pairs = [child for child in given.children if child.type == "pair"]
    names = {syntax.written(key): pair for pair in pairs if (key := pair.child_by_field_name("key")) is not None}
    neighbor = next((names[name] for name in _NEIGHBORS if name in names), pairs[0] if pairs else None)
    if neighbor is None:
        return None
    at, around = beside(syntax.text, syntax.start(neighbor), syntax.end(neighbor))
    return Blank(
        path=syntax.path, start=at, end=at, line=line_of(neighbor), form=around.replace("{entry}", "{key}: {}")
    )
