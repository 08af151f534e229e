"""The language of Logs Insights: the text of a query to commands and expressions.

Not supported, and refused by name: `pattern`, `diff`, `anomaly`, `join`, `lookup`, `unnest`, `unmask`, `filterIndex`,
`SOURCE`, `addtotals`, subqueries, functions for JSON and IP addresses, months and longer periods.
"""

import re
from collections.abc import Callable

from powertune.local.logs.client_regex import DOTALL, ClientRegex
from powertune.local.logs.insights_commands import (
    Command,
    Dedup,
    Display,
    Expression,
    Field,
    Fields,
    Filter,
    Limit,
    Named,
    Parse,
    Sort,
    Stats,
)
from powertune.local.logs.insights_expression_syntax import Expressions, listed
from powertune.local.logs.insights_reader import Reader

MOST_ROWS = 100_000


def parse_query(query: str) -> tuple[Command, ...]:
    """The commands of a query.

    Raises:
        MalformedQueryError: it is none, with the line and position of the first word that does not fit.
    """
    reader = Reader(query)
    commands = [_command(reader, None)]
    while reader.took("|"):
        if not reader.kind:
            break
        commands.append(_command(reader, commands[-1]))
    if reader.kind:
        raise reader.unexpected()
    return tuple(commands)


def _command(reader: Reader, previous: Command | None) -> Command:
    word = reader.text.lower() if reader.kind == "name" else ""
    if word not in _COMMANDS or (isinstance(previous, Dedup) and word != "limit"):
        raise reader.unexpected()
    reader.take()
    return _COMMANDS[word](reader)


def _stats(reader: Reader) -> Stats:
    items = listed(reader, lambda each: _named(each, aggregated=True))
    by = listed(reader, _named) if reader.took_word("by") else ()
    return Stats(items, by)


def _parse(reader: Reader) -> Parse:
    # Not an expression: the slash of the regular expression would be a division.
    source = Field("@message" if reader.kind == "string" else reader.name())
    pattern = reader.regex()
    if pattern is not None:
        if not pattern.names:
            raise reader.malformed("parse needs a named group in its regular expression")
        return Parse(source, pattern, tuple(sorted(pattern.names, key=lambda name: pattern.names[name])))
    glob = reader.string()
    if not reader.took_word("as"):
        raise reader.unexpected()
    at = reader.at
    names = listed(reader, Reader.name)
    if len(names) != glob.count("*"):
        raise reader.malformed(f"the number of fields must be that of the wildcards in '{glob}'", at)
    return Parse(source, _glob(glob), names)


def _glob(glob: str) -> ClientRegex:
    """Each `*` is as little as will do; one at the end is the rest."""
    body = "(.*?)".join(re.escape(part) for part in glob.split("*"))
    return ClientRegex.parse(body + (r"\n?\Z" if glob.endswith("*") else ""), DOTALL)


def _sort(reader: Reader) -> Sort:
    reader.took_word("by")

    def key(each: Reader) -> tuple[str, bool]:
        name = each.name()
        descending = each.took_word("desc")
        if not descending:
            each.took_word("asc")
        return name, descending

    return Sort(listed(reader, key))


def _limit(reader: Reader) -> Limit:
    if reader.kind != "number" or not reader.text.isdigit() or not 1 <= int(reader.text[:9]) <= MOST_ROWS:
        raise reader.unexpected()
    return Limit(int(reader.take()))


_COMMANDS: dict[str, Callable[[Reader], Command]] = {
    "fields": lambda reader: Fields(listed(reader, _named)),
    "display": lambda reader: Display(listed(reader, _named)),
    "filter": lambda reader: Filter(_expression(reader)),
    "where": lambda reader: Filter(_expression(reader)),
    "parse": _parse,
    "stats": _stats,
    "sort": _sort,
    "order": _sort,
    "limit": _limit,
    "head": _limit,
    "dedup": lambda reader: Dedup(listed(reader, Reader.name)),
}


def _named(reader: Reader, *, aggregated: bool = False) -> Named:
    began = reader.at
    expression = Expressions(reader, aggregated=aggregated).read()
    shown = expression.name if isinstance(expression, Field) else reader.query[began : reader.end]
    return Named(reader.name() if reader.took_word("as") else shown, expression)


def _expression(reader: Reader) -> Expression:
    return Expressions(reader, aggregated=False).read()
