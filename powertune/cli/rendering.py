"""A plan, or a run, as what the person asked to see; and the exit code that a run without an answer has."""

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from powertune.cli.console import say, write_stdout
from powertune.cli.outputs import TABLE, Output, write_file
from powertune.cli.trust import settings_document, settings_lines
from powertune.errors import UsageError
from powertune.model import Exploration, Goal, TuningRun, Usage
from powertune.plan import Plan
from powertune.prices import PriceTable, RegionPrices
from powertune.units import format_seconds, format_share, format_usd, plural, printable

if TYPE_CHECKING:
    from powertune.analysis import Analysis


def show_run(
    run: TuningRun,
    prices: RegionPrices | PriceTable,
    judgement: tuple[Goal, Usage],
    outputs: Sequence[Output],
    *,
    quiet: bool = False,
) -> None:
    """Analyze a run, and write every report that was asked for.

    Raises:
        FunctionFailed, Inconclusive: there is no recommendation; what there is was written.
        UsageError: a report cannot be written, or prices are not known.
    """
    from powertune.analysis import analyze
    from powertune.report.wording import headline

    analysis = analyze(run, prices, *judgement)
    for output in outputs:
        deliver(_rendered(analysis, output), output, quiet=quiet)
    if not quiet and not any(output.on_stdout for output in outputs):
        say(printable(headline(analysis)))
    if analysis.failure is not None:
        raise analysis.failure


def deliver(data: bytes, output: Output, *, quiet: bool) -> None:
    """Write a report to its file, or to stdout; show it, if that was asked for."""
    if output.on_stdout:
        write_stdout(data)
        return
    path = output.path or Path(tempfile.mkdtemp(prefix="powertune-")) / f"report.{output.format}"
    write_file(data, path)
    if not quiet:
        say(f"wrote {path}")
    if output.shown:
        import webbrowser

        if not webbrowser.open(path.resolve().as_uri()):
            say(f"note: no browser was found; open {path}")


def check_plan_outputs(outputs: Sequence[Output]) -> None:
    """Find out whether a plan can be written as the outputs say.

    Raises:
        UsageError: a plan has no such format.
    """
    for output in outputs:
        if output.shown:
            raise UsageError("--open shows the report of a run, and --dry-run makes none", hint="leave one out")
        if output.format not in _PLAN_FORMATS:
            raise UsageError(
                f"a plan has no format {output.format}", hint=f"with --dry-run, one of {', '.join(_PLAN_FORMATS)}"
            )


def show_plan(plan: Plan, outputs: Sequence[Output]) -> None:
    """Print what a run would do, in formats that were checked."""
    for output in outputs:
        deliver(_PLAN_FORMATS[output.format](plan).encode(), output, quiet=True)


def _rendered(analysis: "Analysis", output: Output) -> bytes:
    from powertune.cli.table import render_table
    from powertune.report import render

    if output.format != TABLE:
        return render(analysis, output.format)
    on_screen = output.on_stdout and sys.stdout.isatty()
    return render_table(
        analysis,
        color=on_screen and "NO_COLOR" not in os.environ,
        width=shutil.get_terminal_size().columns if on_screen else None,
        encoding=(sys.stdout.encoding or "ascii") if on_screen else "utf-8",
    )


def plan_json(plan: Plan) -> str:
    """The plan for a program: function, design and estimate."""
    document = {
        "schema": "powertune/plan/1",
        "currency": plan.prices.currency,
        "function": asdict(plan.function),
        "design": asdict(plan.design),
        "copies": list(plan.copies),
        "placement": {**asdict(plan.placement), "why": plan.placement.why, "touches_original": plan.touches_original},
        "concurrency": asdict(plan.share),
        "others_notice": list(_noticed(plan)),
        "configuration_file": settings_document(plan.from_file),
        "estimate": asdict(plan.estimate),
        "advisories": [asdict(advisory) for advisory in plan.advisories],
    }
    return json.dumps(document, indent=2) + "\n"


def plan_text(plan: Plan) -> str:
    """What a run is going to do, may cost, and changes for how long."""
    function, design, estimate = plan.function, plan.design, plan.estimate

    def money(amount: float) -> str:
        return format_usd(amount, plan.prices.currency)

    cost = "nothing, on the embedded AWS; on AWS " if function.platform else ""
    cost += f"about {money(estimate.typical_usd)}; " if estimate.typical_usd is not None else ""
    worst = (
        f"at most {money(estimate.worst_usd)} if every invocation ran into the timeout of {function.timeout_s} s; "
    )
    cost += worst if design.exploration is None else ""
    took = (
        f"about {format_seconds(estimate.publishing_s)} to publish, and the invocations, whose duration is not known"
    )
    if estimate.typical_s is not None:
        took = (
            f"about {format_seconds(estimate.typical_s)}, of which {format_seconds(estimate.publishing_s)} to publish"
        )
    how = (
        f"{estimate.invocations}: per size {design.lanes} to warm up, {design.invocations} measured over "
        f"{plural(design.lanes, 'lane')}"
    )
    if design.exploration is not None:
        how = f"about {estimate.invocations}, as many as it takes; stops {_until(design.exploration)}"
    lines = [
        f"{function.name} ({function.runtime}, {function.current} now) in {function.region}",
        f"  sizes        {_sizes(plan)}",
        f"  invocations  {how}",
        f"  cost         {cost}stops before {money(plan.max_spend)}",
        f"  time         {took}",
        f"  where        {_where(plan)}",
        f"  concurrency  {_concurrency(plan)}",
        f"  changes      {_changes(plan)}",
        *(f"  noticed      {words}" for words in _noticed(plan)),
        *settings_lines(plan.from_file),
        *(f"  note         {advisory.message}; {advisory.next_step}" for advisory in plan.advisories),
    ]
    # What AWS says of a function must not steer a terminal.
    return "".join(f"{printable(line)}\n" for line in lines)


def _sizes(plan: Plan) -> str:
    """`128, 256 MB`, and the architectures where they are not just the function's own."""
    sizes = ", ".join(str(size) for size in sorted({c.memory_mb for c in plan.design.configurations})) + " MB"
    if (explored := plan.design.exploration) is not None:
        sizes = f"searched from {explored.smallest_mb} to {explored.largest_mb:,} MB"
    architectures = plan.design.architectures
    elsewhere = architectures != (plan.function.architecture,)
    return sizes + (f" on {' and '.join(architectures)}" if elsewhere else "")


def _until(explored: Exploration) -> str:
    """When a search ends."""
    from powertune.search.adaptive import precision_of

    precise = f"when no size is expected to be {format_share(precision_of(explored))} better"
    if explored.precision is None and explored.invocations_per_month is not None:
        return f"{precise}, or more is not worth its price"
    return precise


def explanation(run: TuningRun, currency: str) -> str:
    """Why each batch of a search was chosen, and what the best answer was at that moment."""
    if not run.batches:
        return "this run measured the given sizes equally often; there was nothing to choose\n"
    lines = []
    for number, batch in enumerate(run.batches, start=1):
        what = ", ".join(f"{trial.invocations} x {trial.configuration}" for trial in batch.trials) or "stop"
        lines += [f"{number:>3}  {what}", f"     why   {batch.why}"]
        if batch.leader is not None:
            low, high = (format_usd(1e6 * cost, currency) for cost in batch.leader.cost)
            loss = format_share(batch.leader.loss)
            lines.append(f"     best  {batch.leader.configuration}, {low} to {high} per million, may lose {loss}")
    return "".join(f"{printable(line)}\n" for line in lines)


def _changes(plan: Plan) -> str:
    """What a run changes, and for how long."""
    number = "a temporary copy" if len(plan.copies) == 1 else f"{len(plan.copies)} temporary copies"
    copies = f"{number} of it for {' and '.join(plan.copies)}"
    if not plan.touches_original:
        return f"nothing on {plan.function.name} itself; {copies} (deleted)"
    count = sum(c.architecture is plan.function.architecture for c in plan.design.configurations)
    what = f"{plural(count, 'version')} and {count + 1} aliases"
    if plan.design.exploration is not None:
        what = "a version and an alias for each size, and one more alias"
    changes = f"the memory size of $LATEST while a size is published (put back), {what} (deleted)"
    return changes + (f", {copies} (deleted)" if plan.copies else "")


def _where(plan: Plan) -> str:
    """Whether the function itself is measured, and why."""
    return f"{'on a temporary copy' if plan.placement.isolate else 'in place'}, {plan.placement.why}"


def _concurrency(plan: Plan) -> str:
    """How many invocations run at a time, and what that leaves to others."""
    share = plan.share
    used = "how much others use is not known"
    if share.in_use is not None:
        used = f"others used {f'up to {share.in_use:,}' if share.in_use else 'none'} in the last two weeks"
    if plan.function.platform is not None:
        return f"at most {share.concurrency} at a time"
    return f"at most {share.concurrency} at a time, of the {share.pool} of {share.limit:,} ({used})"


def _noticed(plan: Plan) -> tuple[str, ...]:
    """What others may notice of the run; nobody else uses the embedded AWS."""
    if plan.function.platform is not None:
        return ()
    name = plan.function.name
    if not plan.touches_original:
        return (f"callers of {name} notice nothing; its log group gets the log lines of the copies",)
    return (
        "callers of $LATEST get a trial size while it is published; so does a version that somebody else publishes "
        "at that moment",
        f"the metrics, alarms, and log group of {name} include the invocations and errors of this run",
    )


_PLAN_FORMATS: Mapping[str, Callable[[Plan], str]] = {TABLE: plan_text, "json": plan_json}
