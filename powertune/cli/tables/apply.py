"""What an apply or a rollback is going to change, and what it has changed, for a person."""

from powertune.cli.tables.screen import broken
from powertune.engine.applying.applier import AppliedConfiguration
from powertune.engine.applying.canary import pace_of
from powertune.engine.applying.model import ApplyPlan, Canary
from powertune.engine.applying.rollback import RollbackPlan
from powertune.units import format_seconds, format_share

#: Where the texts of a plan begin.
_INDENT = " " * len("  version   ")


def apply_text(plan: ApplyPlan, rollback: str, *, width: int | None = None) -> str:
    """The plan of an apply.

    Args:
        rollback: the command that takes it back.
        width: of the terminal, where lines are to be broken between words.
    """
    why = f"chosen by --memory; run {plan.run_id}" if plan.named else f"recommended by run {plan.run_id}"
    lines = [
        f"{plan.target} in {plan.region}: from {plan.before} to {plan.chosen}, {why}",
        f"  $LATEST   {_latest(plan)}",
    ]
    if plan.alias is not None:
        lines.append("  version   a new one is published")
        lines.append(f"  alias     {plan.alias.name} is moved from version {plan.alias.alias.version} to it")
    if plan.canary is not None:
        lines.append(f"  canary    {_canary(plan.canary)}")
        most = format_seconds(pace_of(plan).takes_s(plan.canary.watch_s))
        lines.append(f"  time      up to {most}, until CloudWatch shows the last invocations of the watch")
    lines.append(f"  undo      {rollback}")
    lines += [f"  note      {each.message}; {each.next_step}" for each in plan.advisories]
    return broken(lines, width, indent=_INDENT)


def done_text(plan: ApplyPlan, done: AppliedConfiguration, rollback: str) -> str:
    """What was done, and how to undo it."""
    what = f"{plan.function.name} has {done.chosen}"
    if plan.alias is not None:
        what += f", and alias {plan.alias.name} leads to version {done.version}"
    lines = [what] if done.judgement is None else [done.judgement.why, what]
    return "\n".join((*lines, f"to undo it: {rollback}"))


def rollback_text(target: str, plan: RollbackPlan) -> str:
    """The plan of a rollback."""
    state = "which has not ended" if plan.locked else "which is in effect"
    lines = [
        f"{target}: rolling back {plan.journal.what}, {state}",
        *(f"  {step}" for step in plan.steps),
        *(f"  not changed: {each}" for each in plan.left),
    ]
    return broken(lines, None, indent="")


def _latest(plan: ApplyPlan) -> str:
    same = (plan.latest.memory_mb, plan.latest.architecture) == (plan.memory_mb, plan.chosen.architecture)
    return f"has {plan.chosen} already" if same else f"gets {plan.chosen}, and keeps it"


def _canary(canary: Canary) -> str:
    return (
        f"gets {100 * canary.share:.4g} % of the invocations for {format_seconds(canary.watch_s)}; rolled back if "
        f"it fails more often, if its p95 is more than {format_share(canary.max_p95_increase)} longer, or if there "
        f"are fewer than {canary.min_invocations:,} invocations to tell"
    )
