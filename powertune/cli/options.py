"""Options that mean the same on every command."""

from typing import Annotated

import typer


def show_calls(wanted: bool) -> bool:
    """Let our log of calls to AWS through to stderr."""
    if wanted:
        import logging

        logging.basicConfig(format="%(relativeCreated)6d ms  %(message)s")
        logging.getLogger("powertune").setLevel(logging.DEBUG)
    return wanted


Region = Annotated[str | None, typer.Option(help="AWS region. [default: from the ARN, or your AWS configuration]")]
Profile = Annotated[str | None, typer.Option(help="AWS profile.")]
EndpointUrl = Annotated[
    str | None,
    typer.Option(help="Talk to this endpoint instead of AWS, such as the one that `powertune local` prints."),
]
Strategy = Annotated[
    str | None, typer.Option(help="What to look for: cost, speed or balanced.  [default: cost]", show_default=False)
]
Format = Annotated[str, typer.Option("--format", help="What to print: table or json.")]
Output = Annotated[str | None, typer.Option("--output", "-o", help="Write it to this file instead of stdout.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, only results, warnings and errors.")]
Prices = Annotated[str | None, typer.Option(help="Price file to use instead of the bundled one.")]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Show every call to AWS.", callback=show_calls, expose_value=True)
]
