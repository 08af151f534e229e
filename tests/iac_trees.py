"""What infrastructure code says, where possible by other parsers than those that change it; and what differs."""

import ast
import json
from collections.abc import Iterator
from typing import Any

import yaml
from tree_sitter import Language, Node, Parser
from tree_sitter_hcl import language as hcl
from tree_sitter_typescript import language_tsx, language_typescript


class _Loader(yaml.SafeLoader):
    """YAML with tags that it does not know, all values as texts."""


def _tagged(loader: _Loader, tag: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        value: Any = loader.construct_mapping(node, deep=True)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = node.value
    return {f"!{tag}": value}


def _text(loader: _Loader, node: yaml.ScalarNode) -> str:
    return str(node.value)


_Loader.add_multi_constructor("!", _tagged)
for _kind in ("int", "float", "bool", "null", "timestamp"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_kind}", _text)


def tree(path: str, text: str) -> Any:
    """A file as nested values."""
    text = text.removeprefix("\ufeff")
    if path.endswith((".yaml", ".yml")):
        return yaml.load(text, _Loader)
    if path.endswith(".json"):
        return json.loads(text, parse_int=str)
    if path.endswith(".py"):
        return _python(ast.parse(text))
    grammar = hcl() if path.endswith((".tf", ".tfvars")) else language_typescript()
    grammar = language_tsx() if path.endswith(".js") else grammar
    return _branch(Parser(Language(grammar)).parse(text.encode()).root_node) if not path.endswith(".toml") else text


def _branch(node: Node) -> Any:
    """The names and texts of a tree, without its punctuation."""
    children = [_branch(child) for child in node.children if child.is_named]
    return {node.type: children} if children else f"{node.type} {node.text.decode() if node.text else ''}"


def _python(node: object) -> Any:
    if isinstance(node, list):
        return [_python(each) for each in node]
    if not isinstance(node, ast.AST):
        return repr(node)
    return {type(node).__name__: [{name: _python(value)} for name, value in ast.iter_fields(node)]}


def differences(before: Any, after: Any, path: str = "") -> Iterator[str]:
    """Every value that is not the same, with its place."""
    if isinstance(before, dict) and isinstance(after, dict) and (set(before) & set(after) or not before):
        for key in sorted({*before, *after}, key=str):
            yield from differences(before.get(key), after.get(key), f"{path}.{key}" if path else str(key))
    elif isinstance(before, list) and isinstance(after, list) and path:
        yield from _in_lists(before, after, path)
    elif before != after:
        yield f"{path}: {_short(before)} -> {_short(after)}"


def _in_lists(before: list[Any], after: list[Any], path: str) -> Iterator[str]:
    """What a list has more than another one; the rest is compared, in its order."""
    rest = iter(enumerate(before))
    number, current = next(rest, (len(before), None))
    for item in after:
        if item == current or (len(before) == len(after)) or _first(item) == _first(current):
            yield from differences(current, item, f"{path}[{number}]")
            number, current = next(rest, (len(before), None))
        else:
            yield f"{path}[{number}]: + {_short(item)}"
    if number < len(before):
        yield f"{path}[{number}]: gone"


def _first(value: Any) -> str | None:
    """The first text in a value: the name of what has one."""
    while isinstance(value, (dict, list)) and value:
        value = next(iter(value.values())) if isinstance(value, dict) else value[0]
    return value if isinstance(value, str) else None


def _short(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
