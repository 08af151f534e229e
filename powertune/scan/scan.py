"""What one scan keeps: the functions and what they cost, the findings, and what could not be read."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from powertune.model import Architecture
from powertune.scan.coverage import Gap, ScanEffort, ScannedPlace
from powertune.scan.evidence import AccountRegion, FunctionEvidence, MonthlyCost, PlaceEvidence
from powertune.scan.finding import Finding
from powertune.scan.rule import ScanRule

#: The currency of amounts where there are no prices, so that there are no amounts.
_CURRENCY = "USD"


class Payer(StrEnum):
    """Who pays for the accounts that are scanned: each for itself, one for all of them, or nobody knows."""

    ACCOUNT = "each account"
    ORGANIZATION = "the organization"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class CostedPlace:
    """An account in a region that was to be read, and the currency of all amounts there."""

    place: AccountRegion
    currency: str = _CURRENCY

    @classmethod
    def of(cls, evidence: PlaceEvidence) -> "CostedPlace":
        """The place that was read."""
        prices = evidence.prices
        return cls(place=evidence.place, currency=_CURRENCY if prices is None else prices.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionLine:
    """A function in a line: its configuration, how it was used in the window, and what it costs in 30 days.

    `invocations` and `cost` are None where they are not known; `mean_ms`, without INIT, also without invocations.
    """

    place: AccountRegion
    name: str
    arn: str
    runtime: str
    memory_mb: int
    architecture: Architecture
    log_group: str = ""
    invocations: int | None = None
    mean_ms: float | None = None
    cost: MonthlyCost | None = None

    @classmethod
    def of(cls, known: FunctionEvidence) -> "FunctionLine":
        """The line of a function, of all that is known about it."""
        function, usage = known.function, known.usage
        return cls(
            place=function.place,
            name=function.name,
            arn=function.arn,
            runtime=function.runtime,
            memory_mb=function.memory_mb,
            architecture=function.architecture,
            log_group=function.log_group,
            invocations=None if usage is None else usage.invocations,
            mean_ms=None if usage is None else usage.mean_ms,
            cost=known.cost,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedRule:
    """A rule that the scan has checked, and what it needed to know for that, as `Gap.what` calls it."""

    id: str
    title: str
    needs: tuple[str, ...] = ()

    @classmethod
    def of(cls, rule: ScanRule) -> "CheckedRule":
        """The rule, without its check."""
        return cls(id=rule.id, title=rule.title, needs=tuple(map(str, rule.needs)))


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppressedFinding:
    """A finding that somebody has decided to live with: why, and until which day (YYYY-MM-DD), None for ever."""

    finding: Finding
    reason: str
    until: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFreeTier:
    """What the free tier takes off the bill of an account in a month, for all of its regions together."""

    account_id: str
    free_tier_usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """One scan. `scanned_at` is in seconds since the epoch, `days` the window that was looked at.

    `places` are those that were to be read; `gaps` says which of them could not be, and what is missing of others.
    AWS gives the free tier once to a payer, so there are no `free_tiers` where the `payer` is unknown.
    """

    scanned_at: float
    days: float
    tool_version: str
    rules: tuple[CheckedRule, ...]
    places: tuple[CostedPlace, ...]
    functions: tuple[FunctionLine, ...]
    findings: tuple[Finding, ...]
    effort: ScanEffort
    suppressed: tuple[SuppressedFinding, ...] = ()
    gaps: tuple[Gap, ...] = ()
    free_tiers: tuple[AccountFreeTier, ...] = ()
    payer: Payer = Payer.ACCOUNT

    def currency(self, place: AccountRegion) -> str:
        """The currency of the amounts of a place."""
        return next((each.currency for each in self.places if each.place == place), _CURRENCY)

    def title(self, rule: str) -> str:
        """The title of a rule; its id where the scan has none."""
        return next((each.title for each in self.rules if each.id == rule), rule)


def make_scan(
    read: Iterable[ScannedPlace],
    findings: Iterable[Finding],
    *,
    scanned_at: float,
    days: float,
    tool_version: str,
    rules: Iterable[ScanRule],
    suppressed: Iterable[SuppressedFinding] = (),
    free_tiers: Iterable[AccountFreeTier] = (),
    payer: Payer = Payer.ACCOUNT,
) -> Scan:
    """The scan of places that were read, with what the rules have found there."""
    places = tuple(read)
    return Scan(
        scanned_at=scanned_at,
        days=days,
        tool_version=tool_version,
        rules=tuple(map(CheckedRule.of, rules)),
        places=tuple(CostedPlace.of(place.evidence) for place in places),
        functions=tuple(FunctionLine.of(known) for place in places for known in place.evidence.functions),
        findings=tuple(findings),
        suppressed=tuple(suppressed),
        gaps=tuple(gap for place in places for gap in place.gaps),
        effort=sum((place.effort for place in places), ScanEffort()),
        free_tiers=tuple(free_tiers),
        payer=payer,
    )


def combined(scans: Iterable[Scan]) -> Scan:
    """Scans of different places, made at about the same time by the same version, as one: that of the first moment.

    Raises:
        ValueError: there are none.
    """
    first, *others = sorted(scans, key=lambda scan: scan.scanned_at)
    whole = first
    for other in others:
        whole = replace(
            whole,
            rules=tuple(dict.fromkeys((*whole.rules, *other.rules))),
            places=whole.places + other.places,
            functions=whole.functions + other.functions,
            findings=whole.findings + other.findings,
            suppressed=whole.suppressed + other.suppressed,
            gaps=whole.gaps + other.gaps,
            effort=whole.effort + other.effort,
            payer=whole.payer if whole.payer is other.payer else Payer.UNKNOWN,
            free_tiers=tuple({each.account_id: each for each in (*whole.free_tiers, *other.free_tiers)}.values()),
        )
    return whole
