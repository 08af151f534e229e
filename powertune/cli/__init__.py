"""The only door to typer and rich, and the only place where the parts are put together."""


def main() -> None:
    """The command line, from arguments to exit code."""
    from powertune.cli.app import run_app
    from powertune.cli.console import protect_streams

    protect_streams()
    raise SystemExit(run_app())
