"""The options of the autopilot: the table [autopilot] of the configuration file, then the command line."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from powertune.config import values
from powertune.config.from_file import inside
from powertune.config.toml import read_table, refuse_unknown
from powertune.config.values import Parser
from powertune.errors import UsageError
from powertune.units import shown

#: What a label of GitHub may have: it is written in a list with commas.
_LABEL = re.compile(r"[^,\x00-\x1f\x7f]{1,50}")
_MONEY = re.compile(r"(?P<amount>\d{1,9}(?:\.\d{1,6})?)\s*(?P<currency>usd|cny)?", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class AutopilotOptions:
    """What the autopilot may do.

    `monthly_budget` is an amount and its currency. `functions` and `ignore` are patterns of names and ARNs, with `*`
    and `?`: what to tune, and what to leave alone. `payloads` are pairs of such a pattern and the event for these
    functions, as --payload takes it; `resources` pairs of a function's name and what its code calls it. At most
    `max_functions` are tuned in one run, and no more than `max_open` proposals are open at one time.
    """

    monthly_budget: tuple[float, str] = (5.0, "USD")
    functions: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    payloads: tuple[tuple[str, str], ...] = ()
    resources: tuple[tuple[str, str], ...] = ()
    labels: tuple[str, ...] = ("powertune",)
    max_open: int = 5
    max_functions: int = 5

    def payload(self, name: str, arn: str) -> str | None:
        """The event of a function: that of the first pattern that matches; None if none does."""
        for pattern, event in self.payloads:
            if fnmatchcase(name, pattern) or fnmatchcase(arn, pattern):
                return event
        return None


def load_autopilot(folder: Path, options: Mapping[str, Any]) -> AutopilotOptions:
    """Options from the command line, then the table `autopilot` of the configuration file.

    The file may be somebody else's: it decides neither which functions are invoked, nor what may be spent.

    Args:
        options: from the command line; None means not given.

    Raises:
        UsageError: an unknown key, an invalid value, or a path in the file that leaves its folder.
    """
    table = read_table(folder, "autopilot")
    refuse_unknown(table, _FROM_FILE, "the table [autopilot]")
    given = {name: value for name, value in options.items() if value not in (None, [])}
    from_file = {name: _AUTOPILOT[name](name, value) for name, value in table.items() if name not in given}
    from_options = {name: _AUTOPILOT[name](f"--{values.dashed(name)}", value) for name, value in given.items()}
    found = AutopilotOptions(**from_file, **from_options)
    for _, event in found.payloads:
        if event.startswith("@"):
            inside(folder, event[1:], f"payload {event!r} in the table [autopilot]")
    return found


def money(name: str, value: Any) -> tuple[float, str]:
    """`5usd`, `5`, `30cny`: an amount and its currency."""
    match = _MONEY.fullmatch(str(value).strip()) if isinstance(value, str | int | float) else None
    if match is None:
        raise UsageError(f"{values.dashed(name)} {shown(value)} is not an amount of money", hint="for example 5usd")
    return float(match["amount"]), (match["currency"] or "USD").upper()


def _texts(name: str, value: Any) -> tuple[str, ...]:
    """A list of texts, or a text with commas."""
    given = value.split(",") if isinstance(value, str) else value
    if not isinstance(given, list):
        raise UsageError(f"{values.dashed(name)} {shown(value)} is not a list of texts", hint='write ["...", "..."]')
    listed = [values.text(values.dashed(name), each).strip() for item in given for each in _split(item)]
    found = tuple(dict.fromkeys(each for each in listed if each))
    if given and not found:
        words = shown(",".join(map(str, given)))
        raise UsageError(f"{values.dashed(name)} {words} names nothing", hint="name some, or leave it out")
    return found


def _split(item: Any) -> list[Any]:
    return list(item.split(",")) if isinstance(item, str) else [item]


def _labels(name: str, value: Any) -> tuple[str, ...]:
    found = _texts(name, value)
    for each in found:
        if not _LABEL.fullmatch(each) or each.startswith("-"):
            raise UsageError(f"{shown(each)} is not a label", hint="up to 50 characters, without a comma")
    return found


def _payloads(name: str, value: Any) -> tuple[tuple[str, str], ...]:
    """A table: a pattern of functions, and their event."""
    if not isinstance(value, dict):
        hint = 'write payloads = { "orders-*" = "@event.json" }'
        raise UsageError(f"{name} {shown(value)} is not a table", hint=hint)
    found = tuple((pattern, values.payload(f"{name}.{pattern}", event)) for pattern, event in value.items())
    if any(event == "@-" for _, event in found):
        raise UsageError(f"{name} cannot come from stdin", hint="name a file, as @event.json")
    return found


def _resources(name: str, value: Any) -> tuple[tuple[str, str], ...]:
    """A table: the name of a function, and its logical id or address in the code."""
    if not isinstance(value, dict):
        hint = 'write resources = { "orders" = "OrdersFunction" }'
        raise UsageError(f"{name} {shown(value)} is not a table", hint=hint)
    return tuple((function, values.text(f"{name}.{function}", resource)) for function, resource in value.items())


_AUTOPILOT: Mapping[str, Parser] = {
    "monthly_budget": money,
    "functions": _texts,
    "ignore": _texts,
    "payloads": _payloads,
    "resources": _resources,
    "labels": _labels,
    "max_open": values.whole(1, 100),
    "max_functions": values.whole(1, 100),
}
_FROM_FILE = ("ignore", "payloads", "resources", "labels", "max_open", "max_functions")
