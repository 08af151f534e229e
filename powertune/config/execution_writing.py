"""A request as the input of an execution: what `parse_request` reads back as the same request."""

import json
import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from powertune.config.execution_input import TuningRequest
from powertune.config.execution_keys import ALL, ALL_SIZES, DEFAULT, OPTION_KEYS
from powertune.config.options import RunOptions
from powertune.errors import UsageError
from powertune.model import Architecture, Goal, Limit, Strategy, Workload
from powertune.units import PER_MILLION

#: Step Functions takes 256 KiB, and hands the input on beside results of its own.
MOST_BYTES = 200 * 1024
#: What a run without a word about it does.
_USUAL = RunOptions()


def execution_input(request: TuningRequest, *, payload_s3: str | None = None) -> dict[str, Any]:
    """The input of an execution that does what the request asks for.

    The folder for results files is left out: it is of the machine that starts the execution.

    Args:
        payload_s3: where the events are in S3; None to send them with the input.

    Raises:
        UsageError: the input would be too large, or needs a file of this machine.
    """
    options = request.options
    if options.prices is not None:
        raise UsageError(
            f"the prices in {str(options.prices)!r} are not known to the state machine",
            hint="leave --prices out; the report can use them: powertune report --prices",
        )
    found = {
        "lambdaARN": str(request.target),
        **_options(options),
        **_goal(options.goal),
        **({"payload": _payload(options.workload)} if payload_s3 is None else {"payloadS3": payload_s3}),
        "roleArn": request.role_arn,
        "dryRun": request.dry_run or None,
        "includeOutputResults": request.include_output_results or None,
        "discardTopBottom": request.discard_top_bottom,
        "autoOptimize": request.auto_optimize or None,
        "autoOptimizeAlias": request.auto_optimize_alias,
    }
    document = {key: value for key, value in found.items() if value is not None}
    size = len(json.dumps(document).encode())
    if size > MOST_BYTES:
        raise UsageError(
            f"the input of the execution has {size:,} bytes, more than the {MOST_BYTES:,} that fit",
            hint="put the events in S3, and give them as s3://bucket/key, or as payloadS3 in the input",
        )
    return document


def _options(options: RunOptions) -> dict[str, Any]:
    """What differs from a run without a word about it, by the keys of the input."""
    usage = options.usage
    known = {
        "memory": ALL if options.memory == ALL_SIZES else options.memory and list(options.memory),
        "arch": _architectures(options.architectures),
        "invocations_per_month": _plain(usage.invocations_per_month),
        "cold_share": usage.cold_share,
        "savings_plan": usage.savings_plan or None,
        "pre_processor": options.pre_processor and str(options.pre_processor),
        "post_processor": options.post_processor and str(options.post_processor),
        "allowed_errors": list(options.allowed_errors) or None,
        # Cold starts have another default.
        "concurrency": options.concurrency if options.only_cold_starts else _unusual(options, "concurrency"),
    }
    left = ("in_place", *_GOAL)
    names = {name: key for key, name in OPTION_KEYS.items() if name not in left}
    return {key: known[name] if name in known else _unusual(options, name) for name, key in names.items()}


def _unusual(options: RunOptions, name: str) -> Any:
    value = getattr(options, name)
    return None if value == getattr(_USUAL, name) else value


def _architectures(wanted: tuple[Architecture, ...] | None) -> str | None:
    if wanted is None:
        return None
    return "both" if len(wanted) > 1 else wanted[0].value


#: The options that are parts of the goal.
_GOAL = ("strategy", "cost_tolerance", "balanced_weight", "max_duration", "max_cost", "headroom")


def _goal(goal: Goal) -> Mapping[str, Any]:
    usual = Goal()
    return {
        # Always: without a word of it, the input's strategy is another one than ours.
        "strategy": DEFAULT if goal.strategy is Strategy.TOLERANCE else goal.strategy.value,
        "costTolerance": goal.cost_tolerance if goal.cost_tolerance != usual.cost_tolerance else None,
        "balancedWeight": goal.balanced_weight if goal.balanced_weight != usual.balanced_weight else None,
        "maxDuration": _limit(goal.max_duration),
        "maxCost": _cost(goal.max_cost, goal.max_cost_currency),
        "headroom": goal.headroom,
    }


def _limit(limit: Limit | None) -> str | None:
    return None if limit is None else f"{limit.statistic}<={_plain(limit.at_most_ms)}ms"


def _cost(cost: float | None, currency: str | None) -> str | None:
    """An amount for one invocation as that of a million, such that its millionth is the same number again."""
    if cost is None:
        return None
    near = cost * PER_MILLION
    amounts = (near, math.nextafter(near, 0.0), math.nextafter(near, math.inf))
    amount = next((each for each in amounts if each / PER_MILLION == cost), near)
    return f"<={_plain(amount)}{(currency or '').lower()}/1M"


def _plain(number: float | None) -> str | None:
    """Digits and a decimal point, without an exponent; they read back as the same number."""
    if number is None:
        return None
    text = format(Decimal(repr(number)), "f")
    return text.removesuffix(".0")


def _payload(workload: Workload) -> Any:
    """The events: one as a text, so that its numbers stay as they are; several as objects with weights."""
    if workload == _USUAL.workload:
        return None
    if len(workload.payloads) == 1 and workload.payloads[0].weight == 1.0:
        return workload.payloads[0].body.decode()
    return [{"payload": json.loads(each.body), "weight": each.weight} for each in workload.payloads]
