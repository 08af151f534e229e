"""Functions in CDK apps in Python, by Python's own parser."""

import ast
import re
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate

from powertune.iac.candidate import Blank, Candidate, Setting
from powertune.iac.construct import FUNCTIONS, Construct, Property, construct_candidate
from powertune.iac.model import CodeSource
from powertune.iac.reading import BYTE_ORDER_MARK, Token, check_size, too_deep, unreadable
from powertune.iac.spacing import beside

KEYS = {Setting.MEMORY: "memory_size", Setting.ARCHITECTURE: "architecture"}
_NEIGHBORS = ("memory_size", "timeout", "runtime", "handler", "entry", "index", "code", "function_name")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PythonFile:
    """A file and its tree; `lines` are its lines, with their ends, and `starts` the characters that they begin at."""

    path: str
    text: str
    tree: ast.Module
    lines: tuple[str, ...]
    starts: tuple[int, ...]

    def outline(self) -> tuple[Token, ...]:
        """All nodes in order, with what they hold."""
        tokens: list[Token] = []
        todo: list[tuple[int, str, object]] = [(0, "", self.tree)]
        while todo:
            depth, name, value = todo.pop()
            if isinstance(value, ast.AST):
                tokens.append((depth, type(value).__name__, ""))
                todo.extend((depth + 1, field, inner) for field, inner in reversed(list(ast.iter_fields(value))))
            elif isinstance(value, list):
                todo.extend((depth, name, inner) for inner in reversed(value))
            elif value is not None:
                tokens.append((depth, f"{name} {type(value).__name__}", str(value)))
        return tuple(tokens)

    def place(self, line: int, column: int) -> int:
        """The character at a line and a column; the latter counts bytes."""
        return self.starts[line - 1] + len(self.lines[line - 1].encode()[:column].decode())

    def start(self, node: ast.expr | ast.keyword) -> int:
        """The character that a node begins at."""
        return self.place(node.lineno, node.col_offset)

    def end(self, node: ast.expr | ast.keyword) -> int:
        """The character after a node."""
        return self.place(node.end_lineno or node.lineno, node.end_col_offset or node.col_offset)


def read_python(source: CodeSource) -> PythonFile:
    """The tree of a file.

    Raises:
        PlaceRefused: it is no Python, or too large.
    """
    check_size(source)
    text = source.text.removeprefix(BYTE_ORDER_MARK)
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(text.encode().decode())
    except SyntaxError as error:
        raise unreadable(source.path, "Python", error.msg, error.lineno) from None
    except UnicodeEncodeError:
        raise unreadable(source.path, "Python", "it holds half a character") from None
    except ValueError as error:
        raise unreadable(source.path, "Python", str(error)) from None
    except (RecursionError, MemoryError):
        raise too_deep(source.path) from None
    # Python ends lines at these, and at no others.
    lines = tuple(re.findall(r"[^\r\n]*(?:\r\n|\r|\n|\Z)", text))
    skipped = len(source.text) - len(text)
    starts = tuple(accumulate((len(line) for line in lines), initial=skipped))
    return PythonFile(path=source.path, text=source.text, tree=tree, lines=lines, starts=starts)


def python_functions(file: PythonFile) -> Iterator[Candidate]:
    """The functions that a file makes, in order."""
    aliases, constants = _aliases(file.tree), _constants(file.tree)
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Call) and (construct := _construct(file, node, aliases, constants)) is not None:
            yield construct_candidate(construct, KEYS)


def _aliases(tree: ast.Module) -> dict[str, str]:
    """What constructs are called here: `from aws_cdk.aws_lambda import Function as Fn`."""
    imports = (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))
    return {each.asname: each.name for node in imports for each in node.names if each.asname is not None}


def _constants(tree: ast.Module) -> dict[str, str]:
    """Plain texts that names of the file hold, which are set once and mean nothing else in it."""
    bound: Counter[str] = Counter()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.arg(arg=name):
                bound[name] += 1
            case ast.alias(name=name, asname=asname):
                bound[asname or name] += 1
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                bound[name] += 1
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                bound[name] += 1
    found = {}
    for statement in tree.body:
        match statement:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str(text)))
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.Constant(value=str(text)))
            ) if bound[name] == 1:
                found[name] = text
    return found


def _construct(
    file: PythonFile, call: ast.Call, aliases: Mapping[str, str], constants: Mapping[str, str]
) -> Construct | None:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if isinstance(call.func, ast.Name):
        name = aliases.get(name, name)
    given = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg is not None}
    ids = call.args[1] if len(call.args) > 1 else given.get("id")
    if name not in FUNCTIONS or ids is None:
        return None
    function_name = given.get("function_name")
    elsewhere = any(keyword.arg is None for keyword in call.keywords) or len(call.args) > 2
    return Construct(
        path=file.path,
        line=call.lineno,
        id=_text(ids),
        written_id=file.text[file.start(ids) : file.end(ids)],
        name=_name(function_name, constants) if function_name is not None else None if elsewhere else "",
        memory=_property(file, given.get("memory_size")),
        architecture=_property(file, given.get("architecture")),
        spread=elsewhere,
        added=_added(file, call),
        lambda_module=_module(given.get("runtime")),
    )


def _name(node: ast.expr, constants: Mapping[str, str]) -> str | None:
    return constants.get(node.id) if isinstance(node, ast.Name) else _text(node)


def _text(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _property(file: PythonFile, node: ast.expr | None) -> Property | None:
    if node is None:
        return None
    start, end = file.start(node), file.end(node)
    written, literal, prefix = file.text[start:end], None, ""
    if isinstance(node, ast.Constant):
        literal = written
    elif isinstance(node, ast.Attribute) and (match := re.fullmatch(r"((?:\w+\.)*Architecture\.)(\w+)", written)):
        literal, prefix = match[2], match[1]
    return Property(start=start + len(prefix), end=end, line=node.lineno, written=written, literal=literal)


def _module(runtime: ast.expr | None) -> str | None:
    """What the code calls aws_lambda: what stands before `.Runtime.PYTHON_3_13`."""
    match = re.fullmatch(r"((?:\w+\.)+)Runtime\.\w+", ast.unparse(runtime)) if runtime is not None else None
    return match[1] if match is not None else None


def _added(file: PythonFile, call: ast.Call) -> Blank | None:
    """Beside the best neighbor."""
    named = {keyword.arg: keyword for keyword in call.keywords if keyword.arg is not None}
    names = (*(name for name in _NEIGHBORS if name in named), *named)
    if not names:
        return None
    neighbor = named[names[0]]
    at, around = beside(file.text, file.start(neighbor), file.end(neighbor))
    return Blank(path=file.path, start=at, end=at, line=neighbor.lineno, form=around.replace("{entry}", "{key}={}"))
