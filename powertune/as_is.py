"""A plan that changes nothing: a function is invoked as it is, and leaves production its concurrency."""

from dataclasses import replace

from powertune.config import RunOptions
from powertune.errors import FunctionRefused
from powertune.estimate import check_affordable, estimate
from powertune.model import Design, FunctionState, GridDesign
from powertune.placement import Placement, Share, share, share_advisories
from powertune.plan import Plan, PriorKnowledge, payload_shares
from powertune.region_prices import RegionPrices
from powertune.tariff import make_tariff


def plan_as_is(
    options: RunOptions,
    function: FunctionState,
    prices: RegionPrices,
    known: PriorKnowledge,
    *,
    run_id: str,
    beside: int = 1,
) -> Plan:
    """Decide with how much concurrency to invoke a function as it is.

    Args:
        options: `environments` and `invocations` are those of the first look.
        beside: how many functions are measured side by side, which share what there is.

    Raises:
        FunctionRefused: there is no concurrency left, or it logs no reports.
        UsageError: the budget cannot pay for a single invocation, or a price is not known.
    """
    if function.drops_reports:
        raise FunctionRefused(
            f"{function.name} logs with SystemLogLevel {function.system_log_level}, which drops the reports of "
            "invocations that succeed",
            hint="set SystemLogLevel to INFO in the function's LoggingConfig",
        )
    make_tariff(function.current, function, prices)  # what has no price cannot be judged
    check_affordable((function.current,), function, prices, options.max_spend)
    part = _share(options, function, known, beside)
    environments = min(options.environments or 1, part.concurrency)
    design = Design(
        search=GridDesign(
            configurations=(function.current,), invocations=options.invocations or 1, goal=options.goal
        ),
        lanes=environments,
        concurrency=part.concurrency,
        seed=options.seed,
        telemetry=options.report_source,
        payloads=payload_shares(options.workload),
        max_spend=options.max_spend,
        usage=options.usage,
        prices_as_of=prices.as_of,
        allowed_errors=options.allowed_errors,
    )
    expected = estimate(design, function, prices, average_ms=known.average_ms, max_spend=options.max_spend, copies=())
    waiting_s = None if expected.typical_s is None else expected.typical_s - expected.publishing_s
    return Plan(
        run_id=run_id,
        function=function,
        design=design,
        workload=options.workload,
        prices=prices,
        max_spend=options.max_spend,
        sleep_s=options.sleep_ms / 1000,
        estimate=replace(expected, typical_s=waiting_s, publishing_s=0.0),
        placement=Placement(isolate=False, settled_by="it is only invoked"),
        share=part,
        traffic=known.traffic,
        advisories=share_advisories(part, options, options.environments or 1),
    )


def _share(options: RunOptions, function: FunctionState, known: PriorKnowledge, beside: int) -> Share:
    """A function's part of what production leaves.

    Raises:
        FunctionRefused: production leaves nothing.
    """
    try:
        part = share(options, function, known.production, known.account_concurrency, original=True, copies=False)
    except FunctionRefused as error:
        raise FunctionRefused(
            error.message, hint="measure when the function is less busy, or raise the limit"
        ) from None
    return replace(part, concurrency=max(1, part.concurrency // beside))
