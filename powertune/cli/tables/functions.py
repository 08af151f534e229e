"""Several functions for a terminal: what became of each, ranked; and what is planned for them."""

import io

from rich.console import Console
from rich.table import Table
from rich.text import Text

from powertune.cli.tables.plan import brief_lines, plan_text
from powertune.cli.tables.screen import Screen, broken
from powertune.report.functions import FunctionPlans, FunctionResults
from powertune.report.functions.text import HEADERS, FunctionRow, FunctionsText, write_functions_text
from powertune.units import format_seconds, format_usd, plural, printable

_LEAST = 60
_INDENT = "    "


def render_functions_table(results: FunctionResults, screen: Screen) -> bytes:
    """A line for each function, then what applies the answers, and why functions have none.

    Commands are not broken, so that they can be copied.
    """
    text = write_functions_text(results)
    buffer = io.StringIO()
    console = Console(
        file=buffer,
        force_terminal=screen.color,
        no_color=not screen.color,
        width=max(_LEAST, screen.width if screen.terminal else _width(text)),
        highlight=False,
    )
    console.print(Text(printable(text.title), style="bold"))
    console.print()
    console.print(_table(text.rows))
    table = "".join(f"{line.rstrip()}\n" for line in buffer.getvalue().splitlines())
    width = screen.width if screen.terminal else None
    applying = [f"  {name}: {command}" for name, command in text.commands]
    missing = [f"  {name}: {why}" for name, why in text.unanswered]
    parts = (
        table,
        broken(["to apply the answers:", *applying], None, indent=_INDENT) if applying else "",
        broken(["without an answer:", *missing], width, indent=_INDENT) if missing else "",
        broken(text.notes, width, indent=_INDENT),
    )
    return "\n".join(part for part in parts if part).encode(screen.encoding, "replace")


def render_plans_table(plans: FunctionPlans, screen: Screen) -> bytes:
    """What all runs take together, then every plan whole."""
    width = screen.width if screen.terminal else None
    whole = [plan_text(plan, width=width, shared_budget=True) for plan in plans.plans]
    return "\n".join([broken(_totals(plans), width, indent=_INDENT), *whole]).encode()


def plans_text(plans: FunctionPlans, *, width: int | None) -> str:
    """What all runs take together, and of each plan what a person has to know before agreeing."""
    lines = [f"  {line}" for plan in plans.plans for line in brief_lines(plan)]
    return broken([*_totals(plans), *lines], width, indent=_INDENT)


def _totals(plans: FunctionPlans) -> list[str]:
    refused = [f"  refused      {each.target}: {each.error.message}" for each in plans.refusals]
    if not plans.plans:
        return ["no function can be tuned", *refused]
    costs = [plan.estimate.typical_usd for plan in plans.plans]
    known = [cost for cost in costs if cost is not None]
    embedded = any(plan.function.platform is not None for plan in plans.plans)
    cost = "nothing, as the embedded AWS is free; at AWS's prices it " if embedded else ""
    if known:
        missing = f" for the {len(known)} whose duration is known" if len(known) < len(costs) else ""
        cost += f"takes about {format_usd(sum(known), plans.currency)}{missing}, and "
    cost += f"stops before {format_usd(plans.max_spend, plans.currency)} for all functions together"
    lines = [
        f"{plural(len(plans.plans), 'function')}{_at_once(plans)}",
        f"  cost         {cost}",
    ]
    if plans.typical_s is not None:
        lines.append(f"  time         at most about {format_seconds(plans.typical_s)}, one after another")
    return [
        *lines,
        *(f"  note         {advisory.message}; {advisory.next_step}" for advisory in plans.advisories),
        *refused,
    ]


def _at_once(plans: FunctionPlans) -> str:
    if len(plans.plans) == 1:
        return ""
    if plans.at_once == 1:
        return ", one after another"
    return f", up to {plans.at_once} at a time"


def _table(rows: tuple[FunctionRow, ...]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column(HEADERS[0], overflow="fold")
    for name in HEADERS[1:]:
        table.add_column(name, justify="right", overflow="fold")
    for row in rows:
        style = "bold" if row.change else "" if row.result == "stay" else "yellow"
        table.add_row(*(Text(printable(each), style=style) for each in row.cells))
    return table


def _width(text: FunctionsText) -> int:
    """What the table needs in a file, which keeps its lines whole."""
    rows = (HEADERS, *(row.cells for row in text.rows))
    return sum(max(map(len, column)) + 2 for column in zip(*rows, strict=True))
