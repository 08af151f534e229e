"""Lists class and module names that the package defines more than once: `python tests/duplicate_names.py`."""

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1] / "powertune"
#: Names that every package may have.
_USUAL = ("__init__",)


def duplicates(root: Path) -> Mapping[str, tuple[str, ...]]:
    """What is defined more than once below a folder, and where: `class Name` or `module name` -> modules."""
    places: dict[str, list[str]] = defaultdict(list)
    for path in sorted(root.rglob("*.py")):
        module = path.relative_to(root).with_suffix("").as_posix()
        if path.stem not in _USUAL:
            places[f"module {path.stem}"].append(module)
        for name in _classes(path):
            places[f"class {name}"].append(module)
    return {name: tuple(where) for name, where in sorted(places.items()) if len(where) > 1}


def _classes(path: Path) -> Iterator[str]:
    for statement in ast.parse(path.read_text("utf-8")).body:
        if isinstance(statement, ast.ClassDef):
            yield statement.name


if __name__ == "__main__":
    for name, where in duplicates(ROOT).items():
        sys.stdout.write(f"{name:30} {', '.join(where)}\n")
