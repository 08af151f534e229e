"""`powertune gate`: fail a build that made a function slower or more expensive."""

from typing import Annotated, ClassVar

import typer

from powertune.cli import gate_options, groups
from powertune.cli import options as common
from powertune.cli.help import PanelGroup

EXAMPLES = """
Examples:
  # Compare the code on disk with that of main, on this machine, without AWS
  powertune gate --local src/app.py:handler --baseline-ref main -p @event.json
  # Compare two aliases on AWS, side by side, without any change to the function
  powertune gate --run orders:candidate --baseline-run orders:prod -p @event.json
  # Judge what was measured before by budgets, and by the last baseline of main
  powertune gate run.json --budget "p(95)<300ms" --budget "cost<5usd/1M" --baseline s3://bucket/baselines/
  # Write what CI systems read
  powertune gate run.json --baseline base.json -o gate.xml -o gate.json
  # Find out how small a change can be told from noise on this machine
  powertune gate calibrate --local src/app.py:handler
"""


class GateGroup(PanelGroup):
    """`powertune gate`, with the options that matter most in front."""

    panels: ClassVar = {
        "What is judged": ("run", "local", "memory", "payload", "allowed_errors"),
        "What it is compared with": ("baseline", "baseline_branch", "baseline_run", "baseline_ref"),
        "What fails a build": (
            *("budget", "max_regression", "min_effect", "on_inconclusive", "functions", "invocations_per_month"),
        ),
        "Limits": ("max_invocations", "max_spend", "concurrency", "prices"),
        "AWS": ("region", "profile", "endpoint_url"),
        "Output": ("output", "format_", "save", "save_baseline"),
    }


@groups.spread
def gate(
    ctx: typer.Context,
    files: Annotated[
        list[str] | None,
        typer.Argument(help="Results files of candidates, from `powertune run`.", show_default=False),
    ] = None,
    *,
    subject: gate_options.SubjectOptions,
    against: gate_options.BaselineOptions,
    judging: gate_options.JudgingOptions,
    limits: gate_options.GateLimitOptions,
    invocations_per_month: Annotated[
        str | None,
        typer.Option(help="Monthly traffic, such as 2.5M, to tell what a change costs.  [default: from CloudWatch]"),
    ] = None,
    prices: common.Prices = None,
    place: common.AwsPlace,
    keeping: gate_options.GateKeepingOptions,
    format_: Annotated[
        str | None,
        typer.Option(
            "--format",
            help="table, json, markdown or junit.  [default: table, or by the file's ending]",
            show_default=False,
        ),
    ] = None,
    output: common.Output = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask. Required on AWS if there is no terminal to ask on.")
    ] = False,
    quiet: common.Quiet = False,
    _verbose: common.Verbose = False,
) -> None:
    """Fail a build that made a function slower or more expensive: judge it by budgets and against a baseline.

    A metric is worse only if the change is significant and larger than --max-regression. Exit code 0: passed;
    10: failed; 8: the samples do not decide it.
    """
    if ctx.invoked_subcommand is not None:
        return
    from powertune.cli import gating
    from powertune.cli.gate_request import GateRequest, check_request
    from powertune.cli.outputs import name_outputs
    from powertune.report import GATE

    request = GateRequest(
        files=tuple(files or ()),
        subject=subject,
        against=against,
        judging=judging,
        limits=limits,
        keeping=keeping,
        place=place.connection,
        outputs=name_outputs(format_, output or (), (), GATE.formats),
        prices=prices,
        traffic=invocations_per_month,
        yes=yes,
        quiet=quiet,
    )
    check_request(request)
    gating.gate(request)
