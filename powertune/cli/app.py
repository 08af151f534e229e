"""The commands, and the one place where an error becomes a message and an exit code."""

import sys
from typing import Annotated

import typer

from powertune import __version__
from powertune.cli.commands import (
    apply,
    autopilot,
    baseline,
    calibrate,
    compare,
    deploy,
    destroy,
    gate,
    iam,
    local,
    prices,
    report,
    restore,
    run,
    scan,
    watch,
)
from powertune.cli.console import protect_streams, say
from powertune.cli.endings import show_bug, show_error
from powertune.cli.help import PanelCommand
from powertune.errors import ExitCode, PowertuneError

app = typer.Typer(
    name="powertune",
    help="Find the memory size at which an AWS Lambda function is cheapest or fastest, by measuring it.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"powertune {__version__}\n")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[  # noqa: ARG001 - Typer calls the callback with it
        bool, typer.Option("--version", help="Show the version and exit.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Find the memory size at which an AWS Lambda function is cheapest or fastest, by measuring it."""
    # Imported here: it would be a tenth of the time of `--help`, which does not need it.
    import logging

    # A log record that cannot be written, as to a terminal that was closed, must not fail the call that is logged.
    logging.raiseExceptions = False


app.command(cls=run.RunCommand, epilog=run.EXAMPLES)(run.run)
app.command(cls=PanelCommand)(report.report)
app.command(cls=PanelCommand)(compare.compare)
app.command(cls=apply.ApplyCommand, epilog=apply.EXAMPLES)(apply.apply)
gates = typer.Typer(cls=gate.GateGroup, invoke_without_command=True, rich_markup_mode=None, epilog=gate.EXAMPLES)
gates.callback()(gate.gate)
gates.command(cls=PanelCommand)(calibrate.calibrate)
app.add_typer(gates, name="gate")
kept = typer.Typer(
    help="Keep results that later ones are compared with, list them, and show one.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
kept.command(cls=PanelCommand)(baseline.save)
kept.command("list", cls=PanelCommand)(baseline.list_)
kept.command(cls=PanelCommand)(baseline.show)
app.add_typer(kept, name="baseline")
app.command()(restore.restore)
app.command(cls=scan.ScanCommand, epilog=scan.EXAMPLES)(scan.scan)
app.command(cls=watch.WatchCommand, epilog=watch.EXAMPLES)(watch.watch)
app.command(cls=autopilot.AutopilotCommand, epilog=autopilot.EXAMPLES)(autopilot.autopilot)
app.command(cls=deploy.DeployCommand, epilog=deploy.EXAMPLES)(deploy.deploy)
app.command()(destroy.destroy)
app.command()(prices.prices)
app.command()(iam.iam)
app.command()(local.local)


def run_app(arguments: list[str] | None = None) -> int:
    """Run the command line; every error becomes a message on stderr and an exit code."""
    try:
        app(arguments)
    except PowertuneError as error:
        return show_error(error)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else ExitCode.DONE
    except KeyboardInterrupt:
        say("interrupted")
        return ExitCode.INTERRUPTED
    except Exception as bug:  # the outermost place: a bug is shown whole, and said to be one
        return show_bug(bug)
    return ExitCode.DONE


def start() -> int:
    """The command line of a process: whatever becomes of its streams, it ends with an exit code."""
    protect_streams()
    return run_app()
