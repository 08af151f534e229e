"""The tables of powertune.toml and pyproject.toml, read within limits: somebody else may have written them."""

import re
import tomllib
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from powertune.errors import UsageError
from powertune.units import did_you_mean, shown

_TABLES = ("run", "local", "scan", "gate", "autopilot")
#: What may hold dots in TOML beside keys, and a hundred keys in one another, each the name of a table in the last.
_TEXT = re.compile(
    r"""\"{3}(?s:.*?)\"{3}|'{3}(?s:.*?)'{3}|"(?:\\.|[^"\\\n])*+"|'[^'\n]*+'|(?P<comment>\#[^\n]*+)""", re.VERBOSE
)
_DEEP = re.compile(r"(?:\.[ \t]*+[\w-]++[ \t]*+){100}")


def read_table(folder: Path, name: str) -> dict[str, Any]:
    """The table [NAME] of powertune.toml, or [tool.powertune.NAME] of pyproject.toml; empty if there is neither.

    Raises:
        UsageError: the file cannot be read, is no TOML, or has something else in this place.
    """
    for file, path in (("powertune.toml", (name,)), ("pyproject.toml", ("tool", "powertune", name))):
        try:
            document = _read_toml(folder / file)
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            raise UsageError(f"{folder / file}: {error}", hint="fix the file, or run from another folder") from None
        except RecursionError:
            raise UsageError(
                f"{folder / file}: tables are nested too deeply", hint="fix the file, or run from another folder"
            ) from None
        tables = document
        for depth, key in enumerate(path):
            if depth == len(path) - 1 and isinstance(tables, dict):
                refuse_unknown(tables, _TABLES, file)
            tables = tables.get(key, {}) if isinstance(tables, dict) else None
        if not isinstance(tables, dict):
            raise UsageError(f"{folder / file}: {name!r} is not a table", hint=f"write [{'.'.join(path)}]")
        if tables or file == "powertune.toml":
            return tables
    return {}


def refuse_unknown(table: Iterable[str], known: Collection[str], where: str) -> None:
    """See that a table has known keys only.

    Raises:
        UsageError: it has another one.
    """
    for name in table:
        if name not in known:
            keys = f"the keys are {', '.join(sorted(known))}"
            raise UsageError(f"unknown key {shown(name)} in {where}", hint=did_you_mean(name, sorted(known), keys))


def _read_toml(path: Path) -> Any:
    """The content of a TOML file.

    Raises:
        OSError, ValueError, RecursionError: it cannot be read, is no TOML, or is nested deeply. For tables that are
            nested by dots, tomllib takes quadratic time: minutes for a line of 200 kB.
    """
    text = path.read_text(encoding="utf-8")
    if _DEEP.search(_TEXT.sub(lambda match: "" if match["comment"] else "text", text)):
        raise RecursionError
    return tomllib.loads(text)
