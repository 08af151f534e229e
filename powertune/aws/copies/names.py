"""What a copy of a function is called and tagged, so that it is known again and nothing else is taken for one."""

import re
from collections.abc import Mapping

from powertune.errors import UsageError
from powertune.model import FunctionRef

#: The ARN of the function that a copy was made of.
SOURCE_TAG = "powertune:source"
#: The run that made it.
RUN_TAG = "powertune:run"
_NAME_LIMIT = 64
_LONGEST_END = "-powertune-00000000-2"
_COPY = re.compile(r"(?P<stem>.+)-powertune-(?P<run_id>[0-9a-f]{8})(-2)?", re.ASCII)


def stem(function_name: str) -> str:
    """As much of a function's name as the names of its copies have room for."""
    return function_name[: _NAME_LIMIT - len(_LONGEST_END)]


def copy_names(function_name: str, run_id: str, count: int) -> tuple[str, ...]:
    """The names of the copies that a run makes of a function: one, or one for each architecture."""
    first = f"{stem(function_name)}-powertune-{run_id}"
    return (first, f"{first}-2")[:count]


def run_of(name: str, source: str) -> str | None:
    """The id of the run whose copy of the function `source` has this name; None if no such copy is called so."""
    match = _COPY.fullmatch(name)
    return match["run_id"] if match is not None and match["stem"] == stem(source) else None


def maker(tags: Mapping[str, str], source: FunctionRef, region: str) -> str | None:
    """The id of the run that made a copy of the function `source` in this region, as the copy's tags say; or None."""
    try:
        original = FunctionRef.parse(tags.get(SOURCE_TAG, ""))
    except UsageError:
        return None
    same = (original.name, original.region) == (source.name, source.region or region)
    return tags.get(RUN_TAG) if same and source.account_id in (None, original.account_id) else None


def is_copy(name: str, tags: Mapping[str, str]) -> bool:
    """Whether a function is a copy; its name says so, too, to who may not read tags."""
    return SOURCE_TAG in tags or _COPY.fullmatch(name) is not None
