"""`powertune gate calibrate`: how small a change can be told from noise."""

from typing import Annotated

import typer

from powertune.cli import gate_options, groups
from powertune.cli import options as common


@groups.spread
def calibrate(
    *,
    subject: gate_options.SubjectOptions,
    repeats: Annotated[int, typer.Option(min=2, max=100, help="How often to measure both sides.")] = 5,
    max_spend: Annotated[
        str | None,
        typer.Option(help="Stop before more than this is spent, in USD.  [default: 1.00]", show_default=False),
    ] = None,
    prices: common.Prices = None,
    place: common.AwsPlace,
    save: Annotated[
        str | None,
        typer.Option(
            metavar="FOLDER", help="Folder for results files.  [default: powertune-results]", show_default=False
        ),
    ] = None,
    output: Annotated[
        str | None, typer.Option("--output", "-o", help="JSON file to write, which --min-effect of a gate takes.")
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask. Required on AWS if there is no terminal to ask on.")
    ] = False,
    quiet: common.Quiet = False,
    _verbose: common.Verbose = False,
) -> None:
    """Measure the same code as candidate and as baseline, and print the smallest change that a gate can tell.

    Prints the noise of each metric, and the lines for powertune.toml that keep a gate from failing below it.
    """
    from powertune.cli.calibrating import calibrate_gate
    from powertune.cli.gate_request import GateRequest, check_request

    request = GateRequest(
        files=(),
        subject=subject,
        against=gate_options.BaselineOptions(),
        judging=gate_options.JudgingOptions(),
        limits=gate_options.GateLimitOptions(max_spend=max_spend),
        keeping=gate_options.GateKeepingOptions(save=save),
        place=place.connection,
        outputs=(),
        prices=prices,
        traffic=None,
        yes=yes,
        quiet=quiet,
    )
    check_request(request)
    calibrate_gate(request, repeats, output)
