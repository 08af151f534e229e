"""Lists the advisory codes of the package, read from its source: `python tests/advisory_codes.py`."""

import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1] / "powertune"


def codes(root: Path) -> frozenset[str]:
    """The code of every advisory that a package below a folder may raise."""
    return frozenset(
        code for path in sorted(root.rglob("*.py")) for code in _codes(ast.parse(path.read_text("utf-8")))
    )


def _codes(module: ast.Module) -> Iterator[str]:
    constants = dict(_constants(module))
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and (value := _code_of(node)) is not None:
            yield _text(value, constants)


def _code_of(call: ast.Call) -> ast.expr | None:
    """What a call gives as the code; None for a call that makes no advisory, or passes on the code of its caller."""
    name = ast.unparse(call.func).rpartition(".")[2]
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    if name == "Advisory":
        passed_on = isinstance(given["code"], ast.Name) and given["code"].id.islower()
        return None if passed_on else given["code"]
    return call.args[0] if name == "_advise" else None


def _constants(module: ast.Module) -> Iterator[tuple[str, str]]:
    for statement in module.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str(text))):
                yield name, text


def _text(value: ast.expr, constants: Mapping[str, str]) -> str:
    match value:
        case ast.Constant(value=str(text)):
            return text
        case ast.Name(id=name) if name in constants:
            return constants[name]
    raise ValueError(f"line {value.lineno}: the code of an advisory is a literal or a constant of its module")


if __name__ == "__main__":
    sys.stdout.writelines(f"{code}\n" for code in sorted(codes(ROOT)))
