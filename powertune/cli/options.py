"""Options that mean the same on every command, alone and in groups."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from powertune.aws.identity import ConnectionOptions
    from powertune.cli import outputs


def show_calls(wanted: bool) -> bool:
    """Let our log of calls to AWS through to stderr."""
    if wanted:
        import logging

        logging.basicConfig(format="%(relativeCreated)6d ms  %(message)s")
        logging.getLogger("powertune").setLevel(logging.DEBUG)
    return wanted


File = Annotated[str | None, typer.Option("--output", "-o", help="Write it to this file instead of stdout.")]
TableOrJson = Annotated[
    str | None,
    typer.Option("--format", help="table or json.  [default: table, or by the file's ending]", show_default=False),
]
More = Annotated[list[str] | None, typer.Argument(hidden=True)]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, only results, warnings and errors.")]
Prices = Annotated[str | None, typer.Option(help="Price file to use instead of the bundled one.")]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Show every call to AWS.", callback=show_calls, expose_value=True)
]
StackName = Annotated[str, typer.Option(help="Name of the CloudFormation stack.")]
Region = Annotated[str | None, typer.Option(help="AWS region. [default: from the ARN, or your AWS configuration]")]
Profile = Annotated[str | None, typer.Option(help="AWS profile.")]
EndpointUrl = Annotated[
    str | None,
    typer.Option(help="Talk to this endpoint instead of AWS, such as the one that `powertune local` prints."),
]
Payload = Annotated[
    str | None,
    typer.Option(
        "--payload",
        "-p",
        help="Event: JSON, @file, file://file, @- or s3://bucket/key; may hold several, with weights.  [default: {}]",
    ),
]
AllowedErrors = Annotated[
    str | None,
    typer.Option(help="Types of errors that are no failures, such as NotFound,Throttled.", show_default=False),
]
Output = Annotated[
    list[str] | None,
    typer.Option(
        "--output", "-o", help="File to write instead of stdout; several as report.{html,png}, or one -o for each."
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsPlace:
    """Where to find AWS."""

    region: Region = None
    profile: Profile = None
    endpoint_url: EndpointUrl = None

    @property
    def connection(self) -> "ConnectionOptions":
        """The place, for the room that connects to it."""
        from powertune.aws.identity import ConnectionOptions

        return ConnectionOptions(region=self.region, profile=self.profile, endpoint_url=self.endpoint_url)


@dataclass(frozen=True, slots=True, kw_only=True)
class GoalOptions:
    """What makes one size better than another."""

    strategy: Annotated[
        str | None,
        typer.Option(
            help="What to look for: cost, speed, balanced; or tolerance, the fastest whose cost is within "
            "--cost-tolerance of the cheapest, allowing for noise.  [default: tolerance]",
            show_default=False,
        ),
    ] = None
    cost_tolerance: Annotated[
        str | None,
        typer.Option(
            help="How much more a faster size may cost than the cheapest.  [default: 5%]", show_default=False
        ),
    ] = None
    balanced_weight: Annotated[
        str | None,
        typer.Option(help="Weight of cost against speed for balanced, 0 to 1.  [default: 0.5]", show_default=False),
    ] = None
    max_duration: Annotated[
        str | None, typer.Option(help='Constraint: "p95<=300ms"; mean, p50, p95 or p99, in ms or s.')
    ] = None
    max_cost: Annotated[str | None, typer.Option(help='Constraint: "<=5usd/1M", per million invocations.')] = None
    headroom: Annotated[
        str | None,
        typer.Option(help="Constraint: size of at least this multiple of the most memory used, such as 1.1."),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageOptions:
    """How the function is used, as far as it matters for what it costs."""

    cold_share: Annotated[
        str | None,
        typer.Option(help="Share of invocations that start cold, such as 2%.  [default: from CloudWatch, or none]"),
    ] = None
    invocations_per_month: Annotated[
        str | None,
        typer.Option(help="Monthly traffic, such as 2.5M, to estimate savings.  [default: from CloudWatch]"),
    ] = None
    savings_plan: Annotated[
        str | None, typer.Option(help="Discount of a Compute Savings Plan on duration, such as 12%.")
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """What to write, and where."""

    format_: Annotated[
        str | None,
        typer.Option(
            "--format",
            help="table, json, markdown, csv, html, png, svg, junit or visualizer.  "
            "[default: table, or by the file's ending]",
            show_default=False,
        ),
    ] = None
    output: Output = None
    raw: Annotated[bool, typer.Option("--raw", help="With csv: one row for each invocation.")] = False
    open_: Annotated[bool, typer.Option("--open", help="Show the HTML report in a browser.")] = False

    @property
    def given(self) -> bool:
        """Whether any report was asked for."""
        return bool(self.format_ or self.output or self.raw or self.open_)

    def parse(self, more: Sequence[str] | None) -> "tuple[outputs.Output, ...]":
        """What to write, and where; `more` are the arguments that no option has taken.

        Raises:
            UsageError: an output that cannot be written as asked.
        """
        from powertune.cli.outputs import parse_outputs

        return parse_outputs(self.format_, self.output or (), more or (), raw=self.raw, page=self.open_)
