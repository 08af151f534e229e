"""What a Logs Insights query is once it is parsed: its commands, and the expressions in them."""

from dataclasses import dataclass

from powertune.local.logs.client_regex import ClientRegex
from powertune.local.logs.insights_values import Value


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, a text, or a period in ms."""

    value: Value


@dataclass(frozen=True, slots=True)
class Field:
    """What an event, or an earlier command, calls by this name."""

    name: str


@dataclass(frozen=True, slots=True)
class Regex:
    """What stands between slashes."""

    pattern: ClientRegex


@dataclass(frozen=True, slots=True)
class Call:
    """A function, or an operator by its sign."""

    name: str
    arguments: tuple["Expression", ...]


Expression = Literal | Field | Regex | Call


@dataclass(frozen=True, slots=True)
class Named:
    """An expression and the field that it makes: its alias, or its own text."""

    name: str
    expression: Expression


@dataclass(frozen=True, slots=True)
class Fields:
    """`fields`: adds to what is shown."""

    items: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class Display:
    """`display`: is all that is shown."""

    items: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class Filter:
    """`filter`: keeps the rows for which the condition holds."""

    condition: Expression


@dataclass(frozen=True, slots=True)
class Parse:
    """`parse`: fields from the groups of a regular expression, in the order of `names`."""

    source: Field
    pattern: ClientRegex
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stats:
    """`stats`: one row for each group."""

    items: tuple[Named, ...]
    by: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class Sort:
    """`sort`: names, and whether they descend."""

    keys: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class Limit:
    """`limit`: the first rows."""

    count: int


@dataclass(frozen=True, slots=True)
class Dedup:
    """`dedup`: the first row of each combination of values."""

    names: tuple[str, ...]


Command = Fields | Display | Filter | Parse | Stats | Sort | Limit | Dedup
