"""The names of aliases that may be moved for somebody."""

import re

from powertune.errors import UsageError
from powertune.units import shown

#: Names of aliases that are a run's own, among them that of its lock: any other such alias would block the function.
OWN_ALIASES = "powertune-"
#: Lambda's own pattern: a name that is not a number, as these are versions.
_ALIAS = re.compile(r"(?!\d+\Z)[A-Za-z0-9_-]{1,128}")


def check_alias_name(what: str, name: object) -> str:
    """See that this is the name of an alias, and not one of powertune's own; returns it.

    Args:
        what: how the name was given, such as `--alias`.

    Raises:
        UsageError: it is not.
    """
    if not isinstance(name, str) or not _ALIAS.fullmatch(name):
        raise UsageError(
            f"{what} {shown(name)} is not the name of an alias",
            hint="use letters, digits, - and _, and not digits alone",
        )
    if name.startswith(OWN_ALIASES):
        raise UsageError(
            f"{what} {shown(name)} begins with {OWN_ALIASES}, as powertune's own aliases do",
            hint="choose another name",
        )
    return name
