"""A plan for a person."""

from powertune.cli.tables.screen import Screen, broken
from powertune.cli.trust import settings_lines
from powertune.model import Exploration, GridDesign
from powertune.plan import Plan
from powertune.report.plan_report import noticed
from powertune.units import format_seconds, format_share, format_usd, plural

#: Where the texts of a plan begin.
_INDENT = " " * len("  invocations  ")
#: What comes before amounts that nobody pays.
_FREE = "nothing, as the embedded AWS is free; at AWS's prices "
#: How much of an event is shown, in bytes, and of how many events the shares are shown.
_LONGEST_EVENT, _FEW = 60, 4


def render_plan_table(plan: Plan, screen: Screen) -> bytes:
    """`plan_text`, broken between words on a terminal; a file keeps its lines whole."""
    return plan_text(plan, width=screen.width if screen.terminal else None).encode()


def plan_text(plan: Plan, *, width: int | None = None, shared_budget: bool = False) -> str:
    """What a run is going to do, may cost, and changes for how long.

    Args:
        width: of the terminal, where lines are to be broken between words.
        shared_budget: where it stops depends on what other functions cost.
    """
    function, design, estimate = plan.function, plan.design, plan.estimate
    limit = format_usd(plan.max_spend, plan.prices.currency)
    cost = [*_costs(plan), f"stops before {limit}{' for all functions together' if shared_budget else ''}"]
    took = (
        f"about {format_seconds(estimate.publishing_s)} to publish, and the invocations, whose duration is not known"
    )
    if estimate.typical_s is not None:
        took = (
            f"about {format_seconds(estimate.typical_s)}, of which {format_seconds(estimate.publishing_s)} to publish"
        )
    match design.search:
        case GridDesign(invocations=invocations) if design.only_cold_starts:
            how = f"{estimate.invocations}: per size {invocations} at one time, which all start cold"
        case GridDesign(invocations=invocations):
            how = (
                f"{estimate.invocations}: per size {design.lanes} to warm up, {invocations} measured over "
                f"{plural(design.lanes, 'environment')}"
            )
        case Exploration() as exploration:
            how = f"about {estimate.invocations}, as many as it takes; stops {_until(exploration)}"
    lines = [
        f"{function.name} ({function.runtime}, {function.current} now) in {function.region}",
        f"  sizes        {_sizes(plan)}",
        f"  event        {_event(plan)}",
        f"  invocations  {how}",
        f"  cost         {_FREE if function.platform else ''}{'; '.join(cost)}",
        f"  time         {took}",
        f"  where        {_where(plan)}",
        f"  concurrency  {_concurrency(plan)}",
        f"  changes      {_changes(plan)}",
        *(f"  noticed      {words}" for words in noticed(plan)),
        *settings_lines(plan.from_file),
        *(f"  note         {advisory.message}; {advisory.next_step}" for advisory in plan.advisories),
    ]
    return broken(lines, width, indent=_INDENT)


def brief_lines(plan: Plan) -> list[str]:
    """Of a plan that is one of several, what a person has to know before agreeing to all."""
    function, costs = plan.function, _costs(plan)
    name = function.name if function.qualifier is None else f"{function.name}:{function.qualifier}"
    return [
        f"{name} ({function.runtime}, {function.current} now) in {function.region}",
        f"  sizes        {_sizes(plan)}",
        *((f"  cost         {_FREE if function.platform else ''}{'; '.join(costs)}",) if costs else ()),
        f"  where        {_where(plan)}",
        *settings_lines(plan.from_file),
        *(f"  note         {advisory.message}; {advisory.next_step}" for advisory in plan.advisories),
    ]


def _costs(plan: Plan) -> list[str]:
    """What a run usually costs, and the most that a grid can."""
    typical, worst = plan.estimate.typical_usd, format_usd(plan.estimate.worst_usd, plan.prices.currency)
    found = [] if typical is None else [f"about {format_usd(typical, plan.prices.currency)}"]
    if isinstance(plan.design.search, GridDesign):
        found.append(f"at most {worst} if every invocation ran into the timeout of {plan.function.timeout_s} s")
    return found


def _sizes(plan: Plan) -> str:
    """`128, 256 MB`, and the architectures where they are not just the function's own."""
    match plan.design.search:
        case GridDesign(configurations=configurations):
            sizes = ", ".join(str(size) for size in sorted({c.memory_mb for c in configurations})) + " MB"
        case Exploration() as explored:
            sizes = f"searched from {explored.smallest_mb} to {explored.largest_mb:,} MB"
    architectures = plan.design.architectures
    elsewhere = architectures != (plan.function.architecture,)
    return sizes + (f" on {' and '.join(architectures)}" if elsewhere else "")


def _event(plan: Plan) -> str:
    """What the function is invoked with, as far as there is room for it."""
    payloads = plan.workload.payloads
    if plan.design.event_is_empty:
        return "{}, an empty event; give a realistic one with --payload"
    if len(payloads) > 1:
        total = sum(payload.weight for payload in payloads)
        shares = [format_share(payload.weight / total) for payload in payloads[:_FEW]]
        more = ", ..." if len(payloads) > _FEW else ""
        return f"{len(payloads)} events, in shares of {', '.join(shares)}{more}"
    text = " ".join(payloads[0].body[:_LONGEST_EVENT].decode(errors="ignore").split())
    cut = "..." if len(payloads[0].body) > _LONGEST_EVENT else ""
    return f"{text}{cut} ({plural(len(payloads[0].body), 'byte')})"


def _until(explored: Exploration) -> str:
    """When a search ends."""
    from powertune.search.precision import explores_at_most, precision_of

    precise = f"when no size is expected to be {format_share(precision_of(explored))} better"
    if explored.precision is not None:
        return f"{precise}, more if durations are noisy"
    if explored.invocations_per_month is not None:
        return f"{precise}, or more is not worth its price"
    return f"{precise}, or after exploring with about {explores_at_most(explored)}"


def _changes(plan: Plan) -> str:
    """What a run changes, and for how long."""
    number = "a temporary copy" if len(plan.copies) == 1 else f"{len(plan.copies)} temporary copies"
    copies = f"{number} of it for {' and '.join(plan.copies)}"
    if not plan.touches_original:
        return f"nothing on {plan.function.name} itself; {copies} (deleted)"
    what = "a version and an alias for each size, and one more alias"
    if isinstance(plan.design.search, GridDesign):
        count = sum(c.architecture is plan.function.architecture for c in plan.design.search.configurations)
        what = f"{plural(count, 'version')} and {count + 1} aliases"
    changes = f"the memory size of $LATEST while a size is published (put back), {what} (deleted)"
    return changes + (f", {copies} (deleted)" if plan.copies else "")


def _where(plan: Plan) -> str:
    """Whether the function itself is measured, and why."""
    return f"{'on a temporary copy' if plan.placement.isolate else 'in place'}, {plan.placement.why}"


def _concurrency(plan: Plan) -> str:
    """How many invocations run at a time, and what that leaves to others."""
    share = plan.share
    used = "how much others use is not known"
    if share.in_use is not None:
        used = f"others used {f'up to {share.in_use:,}' if share.in_use else 'none'} in the last two weeks"
    if plan.function.platform is not None:
        return f"at most {share.concurrency} at a time"
    return f"at most {share.concurrency} at a time, of the {share.pool} of {share.limit:,} ({used})"
