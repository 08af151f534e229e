"""Parameters that samconfig.toml passes to a template whenever it is deployed."""

import shlex
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from posixpath import basename, dirname
from typing import Any

from powertune.iac.model import CodeSource
from powertune.iac.reading import BYTE_ORDER_MARK, check_size, too_deep, unreadable

SAM_CONFIG = "samconfig.toml"
_KEY = "parameter_overrides"


def read_overrides(sources: Iterable[CodeSource], template: str) -> dict[str, str]:
    """The parameters that the configuration beside a template sets, and its path.

    Raises:
        PlaceRefused: it is no TOML, or too large.
    """
    found = {}
    for source in sources:
        if basename(source.path) == SAM_CONFIG and dirname(source.path) == dirname(template):
            found.update(dict.fromkeys(_names(_load(source)), source.path))
    return found


def _load(source: CodeSource) -> Mapping[str, Any]:
    check_size(source)
    try:
        return tomllib.loads(source.text.removeprefix(BYTE_ORDER_MARK))
    except tomllib.TOMLDecodeError as error:
        raise unreadable(source.path, "TOML", str(error)) from None
    except RecursionError:
        raise too_deep(source.path) from None
    except ValueError as error:  # integers of thousands of digits
        raise unreadable(source.path, "TOML", str(error)) from None


def _names(config: Mapping[str, Any]) -> Iterator[str]:
    """The names in `parameter_overrides` of any environment and command."""
    todo: list[Any] = [config]
    while todo:
        value = todo.pop()
        if isinstance(value, Mapping):
            for key, inner in value.items():
                if key == _KEY:
                    yield from _overridden(inner)
                else:
                    todo.append(inner)


def _overridden(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield from value
        return
    for text in value if isinstance(value, list) else [value]:
        try:
            words = shlex.split(str(text))
        except ValueError:  # a quote that is not closed
            words = str(text).split()
        for word in words:
            # Either Name=value, or ParameterKey=Name,ParameterValue=value.
            key, _, rest = word.partition("=")
            yield rest.partition(",")[0] if key == "ParameterKey" else key
