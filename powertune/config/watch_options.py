"""The options of `powertune watch`: how sensitive alarms are, and which limits somebody has chosen."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from powertune.config import values
from powertune.errors import UsageError
from powertune.figures import LARGEST, SMALLEST
from powertune.units import shown

_DURATION = re.compile(r"(?P<value>\d{1,15}(?:\.\d{1,6})?)\s*(?P<unit>ms|s)", re.ASCII)
_AMOUNT = re.compile(r"(?P<value>\d{1,15}(?:\.\d{1,12})?)\s*(?P<currency>usd|cny)?", re.ASCII)
_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:(?P<region>[a-z0-9-]+):\d{12}:[A-Za-z0-9_-]{1,256}(?:\.fifo)?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenLimits:
    """One limit for all functions, and others for some by their names; `currencies` are those that were named."""

    everywhere: float | None = None
    by_label: Mapping[str, float] = field(default_factory=dict)
    currencies: frozenset[str] = frozenset()

    def of(self, label: str) -> float | None:
        """The limit of one function; None if nobody chose one."""
        return self.by_label.get(label, self.everywhere)

    def check_currency(self, option: str, currency: str) -> None:
        """See that amounts are in the currency of the region.

        Raises:
            UsageError: one is in another.
        """
        for named in sorted(self.currencies - {currency}):
            raise UsageError(f"{option} is in {named}, and AWS charges {currency} in this region", hint="convert it")


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchOptions:
    """When alarms go off. Shares are of 1.

    `tolerance` is added to a p95 that was measured, as a share of it. `max_errors` is a share of the invocations, and
    `concurrency_share` one of the available concurrency. Limits that somebody chose are taken as they are:
    `max_p95_ms`, and `max_cost_per_day` in the currency of the region.
    """

    tolerance: float = 0.2
    max_errors: float = 0.05
    concurrency_share: float = 0.8
    max_p95_ms: ChosenLimits = ChosenLimits()
    max_cost_per_day: ChosenLimits = ChosenLimits()


def parse_watch(
    shares: Mapping[str, str], *, max_p95: Sequence[str], max_cost_per_day: Sequence[str]
) -> WatchOptions:
    """The options.

    Args:
        shares: `tolerance`, `max_errors` and `concurrency_share`, as far as they are given.
        max_p95: `300ms`, or `NAME=300ms`.
        max_cost_per_day: `5usd`, or `NAME=5usd`.

    Raises:
        UsageError: a value is not what its option takes.
    """
    parsed = {name: values.share(f"--{values.dashed(name)}", value) for name, value in shares.items()}
    if parsed.get("concurrency_share") == 0:
        raise UsageError("--concurrency-share must be above 0", hint="for example 80%")
    return WatchOptions(
        **parsed,
        max_p95_ms=_limits("--max-p95", max_p95, _duration),
        max_cost_per_day=_limits("--max-cost-per-day", max_cost_per_day, _amount),
    )


def topic_region(topic: str) -> str:
    """The region of the SNS topic that --alarm-topic names.

    Raises:
        UsageError: it is not the ARN of a topic.
    """
    match = _TOPIC.fullmatch(topic)
    if match is None:
        raise UsageError(
            f"--alarm-topic {shown(topic)} is not the ARN of an SNS topic",
            hint="for example arn:aws:sns:eu-west-1:123456789012:on-call",
        )
    return match["region"]


def _limits(option: str, given: Sequence[str], parse: Callable[[str, str], tuple[float, str | None]]) -> ChosenLimits:
    everywhere: float | None = None
    by_label: dict[str, float] = {}
    currencies: set[str] = set()
    for text in given:
        label, equals, value = text.rpartition("=")
        limit, currency = parse(option, value)
        currencies |= {currency} if currency else set()
        if (label in by_label) if equals else (everywhere is not None):
            whom = f" for {label!r}" if equals else ""
            hint = "leave one of them out" if equals else f"{option} NAME={value} is for one function"
            raise UsageError(f"{option} is given twice{whom}", hint=hint)
        if equals:
            by_label[label] = limit
        else:
            everywhere = limit
    return ChosenLimits(everywhere=everywhere, by_label=by_label, currencies=frozenset(currencies))


def _duration(option: str, text: str) -> tuple[float, None]:
    match = _DURATION.fullmatch(text.strip())
    number = float(match["value"]) * (1000 if match["unit"] == "s" else 1) if match else 0.0
    if not SMALLEST <= number <= LARGEST:
        raise UsageError(f"{option} {shown(text)} is not a duration", hint="for example 300ms, or my-fn=1.5s")
    return number, None


def _amount(option: str, text: str) -> tuple[float, str | None]:
    match = _AMOUNT.fullmatch(text.strip().lower())
    number = float(match["value"]) if match else 0.0
    if match is None or not SMALLEST <= number <= LARGEST:
        raise UsageError(f"{option} {shown(text)} is not an amount", hint="for example 5usd, or my-fn=0.5usd")
    return number, match["currency"].upper() if match["currency"] else None
