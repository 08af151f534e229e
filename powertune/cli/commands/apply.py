"""`powertune apply`: put the answer of a run into effect on AWS, at once or by a canary, or take that back."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import typer

from powertune.cli import groups
from powertune.cli import options as common
from powertune.cli.help import PanelCommand

EXAMPLES = """
Examples:
  powertune apply run.json --dry-run
  powertune apply run.json --alias prod --canary 10% --watch 30m
  powertune apply --rollback my-fn:prod
  powertune apply run.json --iac template.yaml --write
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeOptions:
    """What to change, and how carefully."""

    memory: Annotated[
        str | None,
        typer.Option(help="Memory size in MB to apply instead of the recommended one.", show_default=False),
    ] = None
    alias: Annotated[
        str | None,
        typer.Option(
            help="Publish a version, and move this alias to it.  [default: the alias that was measured]",
            show_default=False,
        ),
    ] = None
    canary: Annotated[
        str | None,
        typer.Option(
            help="Move the alias for this share of its invocations first, such as 10%, and roll back if it is worse.",
            show_default=False,
        ),
    ] = None
    watch: Annotated[
        str | None,
        typer.Option(help="How long to watch the canary, such as 30m or 2h.  [default: 10m]", show_default=False),
    ] = None
    max_p95_increase: Annotated[
        str | None,
        typer.Option(help="How much longer the canary's p95 duration may be.  [default: 10%]", show_default=False),
    ] = None
    min_invocations: Annotated[
        str | None,
        typer.Option(
            help="Fewer invocations than this, of the canary or of the version before, are too few to tell: it is "
            "rolled back.  [default: 100]",
            show_default=False,
        ),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeOptions:
    """Infrastructure code that is changed instead of the function."""

    iac: Annotated[
        str | None,
        typer.Option(
            help="Print the change of this file, or of the code in this folder, as a diff. AWS is not touched.",
            show_default=False,
        ),
    ] = None
    resource: Annotated[
        str | None,
        typer.Option(help="What the code calls the function.  [default: found by its name]", show_default=False),
    ] = None
    write: Annotated[bool, typer.Option("--write", help="With --iac: write the change, after asking.")] = False


class ApplyCommand(PanelCommand):
    """`powertune apply`, with what it changes in front."""

    panels: ClassVar = {
        "Most used": ("memory", "alias", "rollback", "dry_run", "yes"),
        "Canary": ("canary", "watch", "max_p95_increase", "min_invocations"),
        "Infrastructure code": ("iac", "resource", "write"),
        "Goal": (
            *("strategy", "cost_tolerance", "balanced_weight", "max_duration", "max_cost", "headroom"),
            *("cold_share", "invocations_per_month", "savings_plan", "prices"),
        ),
        "AWS": ("region", "profile", "endpoint_url"),
    }


@groups.spread
def apply(
    file: Annotated[
        str,
        typer.Argument(help="Results file of a run; with --rollback, the function's name, name:alias or ARN."),
    ],
    *,
    change: ChangeOptions,
    code: CodeOptions,
    goal: common.GoalOptions,
    usage: common.UsageOptions,
    prices: common.Prices = None,
    rollback: Annotated[
        bool, typer.Option("--rollback", help="Take back what was last applied to the function, or to its alias.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be changed, and stop.")] = False,
    place: common.AwsPlace,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask. Required if there is no terminal to ask on.")
    ] = False,
    quiet: common.Quiet = False,
    _verbose: common.Verbose = False,
) -> None:
    """Give a function the memory size that a run recommends, and move an alias to it; or take that back.

    Nothing is changed if the function was deployed since it was measured.
    """
    from powertune.cli import applying, applying_to_code, rolling_back
    from powertune.cli.applying import Manner

    manner = Manner(place=place.connection, dry_run=dry_run, yes=yes, quiet=quiet)
    given = groups.given(change, goal, usage) | ({"prices": prices} if prices else {})
    applying_to_code.check_options(given, iac=code.iac, resource=code.resource, write=code.write)
    if rollback:
        given |= {"iac": code.iac} if code.iac else {}
        rolling_back.roll_back(file, given, manner)
        return
    asked = applying.parse_asked(change.memory, change.alias, groups.given(change))
    wanted = applying.read_wanted(file, groups.given(goal, usage), prices, asked)
    if code.iac is None:
        applying.apply(wanted, manner)
    else:
        applying_to_code.apply_to_code(wanted, code.iac, resource=code.resource, write=code.write, manner=manner)
