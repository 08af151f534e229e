"""A plan, or a run, as what the person asked to see; and the exit code that a run without an answer has."""

import json
import os
import shutil
import sys
from dataclasses import asdict, dataclass

from powertune.cli.console import write_output
from powertune.errors import UsageError
from powertune.model import TuningRun
from powertune.plan import Plan
from powertune.prices import PriceTable, RegionPrices
from powertune.units import format_seconds, format_usd, plural

FORMATS = ("table", "json")


@dataclass(frozen=True, slots=True)
class Style:
    """A format, and the file to write to; None is stdout."""

    format: str
    output: str | None

    @classmethod
    def parse(cls, format_: str, output: str | None) -> "Style":
        """Check both before anything is measured.

        Raises:
            UsageError: an unknown format.
        """
        if format_ not in FORMATS:
            raise UsageError(f"unknown format {format_!r}", hint=f"one of {', '.join(FORMATS)}")
        return cls(format_, output)


def show_run(run: TuningRun, prices: RegionPrices | PriceTable, strategy: str, style: Style) -> None:
    """Analyze and print a run.

    Raises:
        FunctionFailed, Inconclusive: there is no recommendation; what there is was printed.
    """
    from powertune.analysis import Goal, Strategy, analyze
    from powertune.cli.table import render_table
    from powertune.report import render

    analysis = analyze(run, prices, Goal(strategy=Strategy(strategy)))
    if style.format == "table":
        on_screen = style.output is None and sys.stdout.isatty()
        width = shutil.get_terminal_size().columns if on_screen else None
        data = render_table(analysis, color=on_screen and "NO_COLOR" not in os.environ, width=width)
    else:
        data = render(analysis, style.format)
    write_output(data, style.output)
    if analysis.failure is not None:
        raise analysis.failure


def show_plan(plan: Plan, style: Style) -> None:
    """Print what a run would do."""
    text = plan_json(plan) if style.format == "json" else plan_text(plan)
    write_output(text.encode(), style.output)


def plan_json(plan: Plan) -> str:
    """The plan for a program: function, design and estimate."""
    document = {
        "schema": "powertune/plan/1",
        "currency": plan.prices.currency,
        "function": asdict(plan.function),
        "design": asdict(plan.design),
        "estimate": asdict(plan.estimate),
        "advisories": [asdict(advisory) for advisory in plan.advisories],
    }
    return json.dumps(document, indent=2) + "\n"


def plan_text(plan: Plan) -> str:
    """What a run is going to do, may cost, and changes for how long."""
    function, design, estimate = plan.function, plan.design, plan.estimate
    sizes = ", ".join(str(c.memory_mb) for c in design.configurations)

    def money(amount: float) -> str:
        return format_usd(amount, plan.prices.currency)

    cost = "nothing, on the embedded AWS; on AWS " if function.platform else ""
    cost += f"about {money(estimate.typical_usd)}; " if estimate.typical_usd is not None else ""
    cost += f"at most {money(estimate.worst_usd)} if every invocation ran into the timeout of {function.timeout_s} s"
    took = f"about {format_seconds(estimate.typical_s)}" if estimate.typical_s is not None else "not known beforehand"
    count = len(design.configurations)
    lines = [
        f"{function.name} ({function.runtime}, {function.current} now) in {function.region}",
        f"  sizes        {sizes} MB",
        f"  invocations  {estimate.invocations}: per size {design.lanes} to warm up, {design.invocations} measured "
        f"over {plural(design.lanes, 'lane')}, at most {design.concurrency} at a time",
        f"  cost         {cost}; stops before {money(plan.max_spend)}",
        f"  time         {took}",
        f"  changes      the memory size of $LATEST while sizes are published (put back), {plural(count, 'version')} "
        f"and {count + 1} aliases (deleted)",
        *(f"  note         {advisory.message}; {advisory.next_step}" for advisory in plan.advisories),
    ]
    return "\n".join(lines) + "\n"
