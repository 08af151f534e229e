"""Analysis to bytes: a renderer per format. Opens no file."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from powertune.analysis import Analysis
from powertune.errors import UsageError
from powertune.report.json_report import render_json

Renderer = Callable[[Analysis], bytes]

#: Every format by the name that --format takes.
FORMATS: Mapping[str, Renderer] = MappingProxyType({"json": render_json})


def render(analysis: Analysis, format: str) -> bytes:  # noqa: A002 - the name of the option
    """The analysis in one of `FORMATS`.

    Raises:
        UsageError: there is no such format.
    """
    renderer = FORMATS.get(format)
    if renderer is None:
        raise UsageError(f"unknown format {format!r}", hint=f"one of: {', '.join(sorted(FORMATS))}")
    return renderer(analysis)
