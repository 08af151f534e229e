"""The regions that a scan looks at, as an option or an accounts file names them."""

import re
from collections.abc import Collection, Sequence
from typing import Any

from powertune.errors import UsageError
from powertune.units import did_you_mean, shown

#: All regions that are enabled in an account.
ALL_REGIONS = ("all",)
#: `us-east-1`, `us-gov-west-1`, `eusc-de-east-1`.
_REGION = re.compile(r"[a-z]{2,}(?:-[a-z]+)+-\d{1,2}", re.ASCII)


def parse_regions(name: str, value: Any, known: Collection[str] = ()) -> tuple[str, ...]:
    """Regions in the order in which they are named, each once: `us-east-1,eu-west-1`, a list, or `all`.

    Args:
        name: what the option is called, for messages.
        known: all regions that there are; without any, each name that looks like a region is taken.

    Returns:
        Names of regions, or `ALL_REGIONS`.

    Raises:
        UsageError: nothing is named, something is named twice, or something is no region.
    """
    given = value.split(",") if isinstance(value, str) else value
    if not isinstance(given, Sequence) or not all(isinstance(each, str) for each in given):
        raise UsageError(f"{name} {shown(value)} is not a list of regions", hint="for example us-east-1,eu-west-1")
    words = tuple(each.strip() for each in given)
    if words == ALL_REGIONS:
        return ALL_REGIONS
    if not any(words):
        raise UsageError(f"{name} names no region", hint="for example us-east-1,eu-west-1, or all")
    for at, word in enumerate(words):
        if word in ALL_REGIONS:
            raise UsageError(f"{name} names {word!r} beside other regions", hint="write either all, or regions")
        if not _REGION.fullmatch(word) or (known and word not in known):
            hint = did_you_mean(word, sorted(known), "for example us-east-1, or all")
            raise UsageError(f"{name}: {shown(word)} is not a region of AWS", hint=hint)
        if word in words[:at]:
            raise UsageError(f"{name} names {word} twice", hint="name each region once")
    return words
