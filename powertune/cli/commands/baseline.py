"""`powertune baseline`: keep results that later ones are compared with, list them, and show one."""

from typing import Annotated

import typer

from powertune.cli import groups
from powertune.cli import options as common


@groups.spread
def save(
    files: Annotated[list[str], typer.Argument(help="Results files, from `powertune run` or a gate.")],
    *,
    to: Annotated[str, typer.Option(metavar="PLACE", help="Folder, or s3://bucket/prefix/, to keep them in.")],
    branch: Annotated[
        str | None,
        typer.Option(help="Branch that they are of.  [default: that of the CI job, or main]", show_default=False),
    ] = None,
    commit: Annotated[
        str | None,
        typer.Option(
            help="Commit that they are of.  [default: that of the CI job, or the run's id]", show_default=False
        ),
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace a baseline of the same name.")] = False,
    place: common.AwsPlace,
    quiet: common.Quiet = False,
    _verbose: common.Verbose = False,
) -> None:
    """Keep each memory size of a run as a baseline, under its function, size, events, branch and commit."""
    from pathlib import Path

    from powertune import results
    from powertune.cli.baseline_places import branch_of_job, commit_of_job, open_store
    from powertune.cli.console import say

    runs = [results.load(Path(file)) for file in files]
    of_branch, of_commit = branch or branch_of_job(), commit or commit_of_job()
    with open_store(to, place.connection) as store:
        for run in runs:
            for where in store.save(run, branch=of_branch, commit=of_commit, replacing=replace):
                if not quiet:
                    say(f"saved {where}")


@groups.spread
def list_(
    baselines: Annotated[str, typer.Argument(metavar="PLACE", help="Folder, or s3://bucket/prefix/.")],
    *,
    function: Annotated[str | None, typer.Option(help="Only those of this function.")] = None,
    branch: Annotated[str | None, typer.Option(help="Only those of this branch.")] = None,
    top: Annotated[int, typer.Option(min=1, help="How many to list.")] = 50,
    place: common.AwsPlace,
    _verbose: common.Verbose = False,
) -> None:
    """List baselines, the newest first; what cannot be read is named, and left out."""
    from powertune.cli.baseline_places import open_store
    from powertune.cli.console import say, write_stdout
    from powertune.cli.tables.baselines import baselines_text

    with open_store(baselines, place.connection) as store:
        found = store.list(function=function, branch=branch, most=top)
    for skipped in found.skipped:
        say(f"warning: {skipped.where} was left out: {skipped.reason}")
    write_stdout(baselines_text(found).encode())


@groups.spread
def show(
    baseline: Annotated[
        str, typer.Argument(metavar="BASELINE", help="File or address, as `baseline list` prints it.")
    ],
    *,
    prices: common.Prices = None,
    place: common.AwsPlace,
    format_: Annotated[
        str | None,
        typer.Option(
            "--format", help="table, json, markdown, csv or html.  [default: table, or by the file's ending]"
        ),
    ] = None,
    output: common.Output = None,
    _verbose: common.Verbose = False,
) -> None:
    """Show what a baseline holds, as `powertune report` shows a results file."""
    from pathlib import Path

    from powertune.analysis import analyze
    from powertune.cli.baseline_places import bucket_opener
    from powertune.cli.outputs import name_outputs, refuse_overwriting
    from powertune.cli.rendering import show as render
    from powertune.cli.sources import load_prices
    from powertune.config import parse_judgement
    from powertune.engine.baselines.lookup import read_baseline
    from powertune.report import RUN

    outputs = name_outputs(format_, output or (), (), RUN.formats)
    refuse_overwriting([wanted.path for wanted in outputs], [baseline, prices])
    with bucket_opener(place.connection) as bucket:
        run = read_baseline(baseline, bucket).run
    goal, usage = parse_judgement({}, run.design.goal, run.design.usage)
    render(RUN, analyze(run, load_prices(Path(prices) if prices else None), goal, usage), outputs)
