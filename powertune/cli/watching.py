"""What `powertune watch` does with its options: checks before anything is asked, then a template or a stack."""

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from powertune.cli import groups
from powertune.cli.command_line_checks import region_of
from powertune.cli.console import say, write_stdout
from powertune.cli.outputs import refuse_overwriting, write_output
from powertune.cli.sources import load_prices
from powertune.cli.stack_progress import StackProgress, check_terminal
from powertune.cli.tables.watch import watch_text
from powertune.config.options import RESULTS_FOLDER
from powertune.config.watch_options import WatchOptions, parse_watch, topic_region
from powertune.engine.deployment.stack_parameters import check_stack_name, parse_tags
from powertune.engine.deployment.watch_stack import WatchDeployment, deploy_watch
from powertune.engine.watch_evidence import RunSources, plan_watch
from powertune.errors import NotFound, UsageError
from powertune.model import FunctionRef
from powertune.prices import PriceTable
from powertune.units import did_you_mean, shown
from powertune.watch import (
    DASHBOARD_OUTPUT,
    Watch,
    template_json,
    template_request,
    template_yaml,
    watch_bill,
    watch_template,
)

if TYPE_CHECKING:
    from powertune.aws.client import Aws
    from powertune.cli.watch_groups import EvidenceOptions, LimitOptions, WatchStackOptions

_FORMATS = ("yaml", "json")


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchQuestion:
    """Which functions to watch, and what their limits are from. `region` is None if nobody has named one."""

    refs: tuple[FunctionRef, ...]
    region: str | None
    options: WatchOptions
    runs: RunSources
    prices: PriceTable

    def plan(self, aws: "Aws") -> Watch:
        """Ask AWS, and decide every limit.

        Raises:
            As `watch_evidence.plan_watch`.
        """
        try:
            return plan_watch(aws, self.refs, self.runs, self.prices, self.options, now=time.time())
        except NotFound as error:
            if len({ref.region for ref in self.refs}) == 1:
                raise
            hint = f"all functions of a command are in one region, here that of the ARN: {aws.region}"
            raise NotFound(error.message, hint=hint) from None


def parse_question(
    targets: Sequence[str], region: str | None, evidence: "EvidenceOptions", limits: "LimitOptions"
) -> WatchQuestion:
    """What the options ask.

    Raises:
        UsageError: a value is not what its option takes; the results folder is none; or the functions are in
            different regions.
    """
    refs = tuple(FunctionRef.parse(target) for target in targets)
    regions = sorted({found for ref in refs if (found := region_of(ref, region)) is not None})
    if len(regions) > 1:
        raise UsageError(
            f"the functions are in different regions: {', '.join(regions)}",
            hint="watch the functions of each region with a stack of its own",
        )
    folder = Path(evidence.results_folder) if evidence.results_folder else RESULTS_FOLDER
    if evidence.results_folder and not folder.is_dir():
        raise UsageError(
            f"--results-folder {shown(str(folder))} is not a folder", hint="name that of `powertune run`"
        )
    return WatchQuestion(
        refs=refs,
        region=regions[0] if regions else None,
        options=parse_watch(
            groups.given(limits),
            max_p95=evidence.max_p95 or (),
            max_cost_per_day=evidence.max_cost_per_day or (),
        ),
        runs=RunSources(tuple(map(Path, evidence.run or ())), folder),
        prices=load_prices(Path(evidence.prices) if evidence.prices else None),
    )


def check_stack(stack: "WatchStackOptions", evidence: "EvidenceOptions", *, yes: bool) -> None:
    """See, before anything is asked, that the options about what becomes of the template can be taken.

    Raises:
        UsageError: one cannot, or has no effect; or there is nobody to be asked.
    """
    check_stack_name(stack.stack_name)
    if stack.alarm_topic:
        topic_region(stack.alarm_topic)
    parse_tags(stack.tag or ())
    if stack.tag and not stack.deploy:
        raise UsageError("--tag is for a stack", hint="add --deploy, or leave it out")
    if (stack.deploy or stack.dry_run) and (stack.format_ or stack.output):
        raise UsageError("--format and --output are for a template", hint="leave --deploy and --dry-run out")
    if stack.format_ is not None and stack.format_ not in _FORMATS:
        raise UsageError(f"unknown format {shown(stack.format_)}", hint=did_you_mean(stack.format_, _FORMATS))
    if stack.output is not None:
        refuse_overwriting([Path(stack.output)], [*(evidence.run or ()), evidence.prices])
    if stack.deploy and not stack.dry_run:
        check_terminal("watch --deploy", stack.stack_name, yes=yes)


def check_topic(topic: str | None, region: str) -> None:
    """See that alarms of a region can notify a topic; an empty one takes back what was set.

    Raises:
        UsageError: it is in another region.
    """
    if topic and (found := topic_region(topic)) != region:
        raise UsageError(
            f"the topic of --alarm-topic is in {found}, and the alarms are in {region}",
            hint="an alarm notifies a topic of its own region only",
        )


def tell(watch: Watch, stack: "WatchStackOptions", *, quiet: bool) -> None:
    """Say what the alarms compare with what, what they cost, and what they do not see."""
    if not quiet:
        if not stack.dry_run:
            say(watch_text(watch))
        say(watch_bill(watch).words)
    for each in watch.functions:
        for note in each.notes:
            say(f"note: {note}")
    if not stack.alarm_topic:
        kept = stack.deploy and stack.alarm_topic is None
        say(
            f"note: without --alarm-topic, the alarms notify nobody{', unless the stack has a topic' if kept else ''}"
        )


def write(watch: Watch, stack: "WatchStackOptions") -> None:
    """Print the alarms, or the template, whose parameter has the topic as its default.

    Raises:
        UsageError: there are too many functions, or the file cannot be written.
    """
    if stack.dry_run:
        write_stdout(f"{watch_text(watch)}\n".encode())
        return
    template = watch_template(watch, topic_arn=stack.alarm_topic or "")
    as_json = (stack.format_ or ("json" if (stack.output or "").endswith(".json") else "yaml")) == "json"
    text = template_json(template) if as_json else template_yaml(template)
    write_output(text.encode(), stack.output)


def deploy(aws: "Aws", watch: Watch, stack: "WatchStackOptions", *, yes: bool, quiet: bool) -> None:
    """Create or update the stack, after asking, and print the name of its dashboard.

    Raises:
        As `watch_stack.deploy_watch`.
    """
    deployment = WatchDeployment(
        stack_name=stack.stack_name,
        template=template_request(watch_template(watch)),
        topic_arn=stack.alarm_topic,
        tags=parse_tags(stack.tag or ()),
        token=secrets.token_hex(8),
    )
    with StackProgress("deployed", ask=not yes, quiet=quiet) as progress:
        state = deploy_watch(aws, deployment, progress)
    if state is None:
        say("nothing was changed")
        return
    write_stdout(f"{DASHBOARD_OUTPUT}  {state.outputs[DASHBOARD_OUTPUT]}\n".encode())
