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
    str | None,
    typer.Option(
        help="What to look for: cost, speed, balanced; or tolerance, the fastest within --cost-tolerance of the "
        "cheapest.  [default: tolerance]",
        show_default=False,
    ),
]
CostTolerance = Annotated[
    str | None,
    typer.Option(help="How much more a faster size may cost than the cheapest.  [default: 5%]", show_default=False),
]
BalancedWeight = Annotated[
    str | None,
    typer.Option(help="Weight of cost against speed for balanced, 0 to 1.  [default: 0.5]", show_default=False),
]
MaxDuration = Annotated[str | None, typer.Option(help='Constraint: "p95<=300ms"; mean, p50, p95 or p99, in ms or s.')]
MaxCost = Annotated[str | None, typer.Option(help='Constraint: "<=5usd/1M", per million invocations.')]
Headroom = Annotated[
    str | None, typer.Option(help="Constraint: size of at least this multiple of the most memory used, such as 1.1.")
]
ColdShare = Annotated[
    str | None,
    typer.Option(help="Share of invocations that start cold, such as 2%.  [default: from CloudWatch, or none]"),
]
InvocationsPerMonth = Annotated[
    str | None, typer.Option(help="Monthly traffic, such as 2.5M, to estimate savings.  [default: from CloudWatch]")
]
SavingsPlan = Annotated[str | None, typer.Option(help="Discount of a Compute Savings Plan on duration, such as 12%.")]
Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        help="table, json, markdown, csv, html, png, svg, junit or visualizer.  "
        "[default: table, or by the file's ending]",
        show_default=False,
    ),
]
Output = Annotated[
    list[str] | None,
    typer.Option(
        "--output", "-o", help="File to write instead of stdout; several as report.{html,png}, or one -o for each."
    ),
]
File = Annotated[str | None, typer.Option("--output", "-o", help="Write it to this file instead of stdout.")]
TableOrJson = Annotated[str, typer.Option("--format", help="What to print: table or json.")]
More = Annotated[list[str] | None, typer.Argument(hidden=True)]
Raw = Annotated[bool, typer.Option("--raw", help="With csv: one row for each invocation.")]
Open = Annotated[bool, typer.Option("--open", help="Show the HTML report in a browser.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, only results, warnings and errors.")]
Prices = Annotated[str | None, typer.Option(help="Price file to use instead of the bundled one.")]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Show every call to AWS.", callback=show_calls, expose_value=True)
]
