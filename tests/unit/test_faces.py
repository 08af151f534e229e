"""An `__init__.py` is the face of its package: what it is for and what it exports, and no logic."""

import ast
from pathlib import Path

import pytest

import powertune

ROOT = Path(powertune.__file__).parent
FACES = sorted(ROOT.rglob("__init__.py"))


def beyond_a_face(text: str) -> list[str]:
    """The statements of a module that are neither its docstring, nor an import, nor a constant such as `__all__`."""
    first, *others = ast.parse(text).body
    assert isinstance(first, ast.Expr), "no docstring"
    return [ast.unparse(statement).splitlines()[0] for statement in others if not _belongs(statement)]


def _belongs(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Assign):
        return all(isinstance(target, ast.Name) for target in statement.targets) and _is_literal(statement.value)
    return isinstance(statement, ast.Import | ast.ImportFrom)


def _is_literal(value: ast.expr) -> bool:
    """A constant, a list or a tuple of constants: `__all__`, `__version__`."""
    if isinstance(value, ast.List | ast.Tuple):
        return all(isinstance(each, ast.Constant) for each in value.elts)
    return isinstance(value, ast.Constant)


@pytest.mark.parametrize("path", FACES, ids=lambda path: path.parent.relative_to(ROOT.parent).as_posix())
def test_a_package_is_nothing_but_its_face(path: Path) -> None:
    assert beyond_a_face(path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('"""What it is."""\n\nfrom a import b\nimport c\n\n__all__ = ["b"]\n__version__ = "1"\n', []),
        ('"""What it is."""\n\ndef f() -> None:\n    ...\n', ["def f() -> None:"]),
        ('"""What it is."""\n\nclass C:\n    ...\n', ["class C:"]),
        ('"""What it is."""\n\nlimit = compute()\n', ["limit = compute()"]),
        ('"""What it is."""\n\nTABLE = {"a": 1}\n', ["TABLE = {'a': 1}"]),
        ('"""What it is."""\n\nfor each in ():\n    print(each)\n', ["for each in ():"]),
    ],
)
def test_what_a_face_may_hold(text: str, found: list[str]) -> None:
    assert beyond_a_face(text) == found
