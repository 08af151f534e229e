"""`powertune watch`: alarms and a dashboard for tuned functions, as a template or as a stack."""

from typing import Annotated, ClassVar

import typer

from powertune.cli import groups
from powertune.cli import options as common
from powertune.cli.help import PanelCommand
from powertune.cli.watch_groups import EvidenceOptions, LimitOptions, WatchStackOptions

EXAMPLES = """
Examples:
  # A CloudFormation template, to deploy with your own tools
  powertune watch my-fn --alarm-topic arn:aws:sns:eu-west-1:123456789012:on-call -o watch.yaml
  # The alarms as a stack, for the alias that takes the traffic
  powertune watch my-fn:prod --deploy --alarm-topic arn:aws:sns:eu-west-1:123456789012:on-call
  # What the alarms of two functions would be
  powertune watch my-fn:prod other-fn:prod --dry-run
"""


class WatchCommand(PanelCommand):
    """`powertune watch`, with the limits in front."""

    panels: ClassVar = {
        "Limits": (
            *("max_p95", "tolerance", "run", "results_folder", "max_errors", "max_cost_per_day"),
            *("concurrency_share", "prices"),
        ),
        "Stack": ("deploy", "stack_name", "alarm_topic", "tag", "dry_run"),
        "AWS": ("region", "profile", "endpoint_url"),
    }


@groups.spread
def watch(
    targets: Annotated[
        list[str], typer.Argument(metavar="TARGET...", help="Functions of one region: names, name:alias or ARNs.")
    ],
    *,
    evidence: EvidenceOptions,
    limits: LimitOptions,
    stack: WatchStackOptions,
    place: common.AwsPlace,
    yes: common.Yes = False,
    quiet: common.Quiet = False,
    _verbose: common.Verbose = False,
) -> None:
    """Print alarms and a dashboard for tuned functions as a CloudFormation template, or deploy them.

    The alarms are on the error rate, the p95 duration against what was tuned, throttles, concurrency and the cost per
    day.
    """
    from dataclasses import replace

    from powertune.aws.connection import connect
    from powertune.cli import watching

    watching.check_stack(stack, evidence, yes=yes)
    question = watching.parse_question(targets, place.region, evidence, limits)
    with connect(replace(place.connection, region=question.region)) as connection:
        aws = connection.aws()
        watching.check_topic(stack.alarm_topic, aws.region)
        found = question.plan(aws)
        watching.tell(found, stack, quiet=quiet)
        if stack.deploy and not stack.dry_run:
            watching.deploy(aws, found, stack, yes=yes, quiet=quiet)
        else:
            watching.write(found, stack)
