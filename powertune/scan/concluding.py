"""From places that were read to one scan: findings, those that are suppressed, and what the free tier takes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from powertune.scan.coverage import Gap, ScannedPlace
from powertune.scan.free_tier import free_tiers
from powertune.scan.judging import judge, with_costs
from powertune.scan.rule import ScanRule
from powertune.scan.rule_table import RULES
from powertune.scan.scan import AccountFreeTier, Payer, Scan, make_scan
from powertune.scan.suppressions import Suppression, split_findings


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanOccasion:
    """When a scan was made (`now`, in seconds since the epoch), of how many days, and by which version."""

    now: float
    days: int
    tool_version: str

    @property
    def today(self) -> date:
        """The day in UTC."""
        return datetime.fromtimestamp(self.now, UTC).date()


def conclude(
    read: Sequence[ScannedPlace],
    occasion: ScanOccasion,
    *,
    gaps: Sequence[Gap] = (),
    suppressions: Sequence[Suppression] = (),
    rules: Sequence[ScanRule] = RULES,
    payer: Payer = Payer.ACCOUNT,
) -> Scan:
    """Judge all places.

    Args:
        payer: who pays for the accounts, and so how often there is a free tier.
        gaps: what was known beforehand that could not be read.
    """
    costed = [replace(place, evidence=with_costs(place.evidence)) for place in read]
    found = [finding for place in costed for finding in judge(place.evidence, rules)]
    kept, suppressed = split_findings(found, suppressions, occasion.today)
    free = free_tiers([place.evidence for place in costed], payer)
    scan = make_scan(
        costed,
        kept,
        scanned_at=occasion.now,
        days=float(occasion.days),
        tool_version=occasion.tool_version,
        rules=rules,
        suppressed=suppressed,
        free_tiers=(AccountFreeTier(account_id=account, free_tier_usd=amount) for account, amount in free.items()),
        payer=payer,
    )
    return replace(scan, gaps=(*gaps, *scan.gaps))
