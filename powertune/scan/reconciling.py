"""What a scan estimates beside what AWS has billed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from powertune.model import DAYS_PER_MONTH
from powertune.scan.scan import Scan


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledLambda:
    """What AWS has billed for Lambda in one account and region, in `days` days: at list prices, before credits."""

    account_id: str
    region: str
    amount: float
    currency: str
    days: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """What was estimated and what was billed in one account and region, both for 30 days.

    `share` is the error of the estimate as a share of the bill; None where nothing was billed.
    """

    account_id: str
    region: str
    currency: str
    estimated: float
    billed: float

    @property
    def share(self) -> float | None:
        """How far the estimate is from the bill, as a share of the bill."""
        return (self.estimated - self.billed) / self.billed if self.billed else None


def reconcile(
    estimates: Mapping[tuple[str, str], tuple[float, str]], billed: Iterable[BilledLambda]
) -> tuple[Reconciled, ...]:
    """Put estimates and bills side by side, in the order of accounts and regions.

    What was billed in places that were not scanned is left out, and so are accounts of which no bill is known: only
    the management account of an organization sees those of others. Amounts in different currencies are not compared.

    Args:
        estimates: by account and region, the estimate for 30 days without logs, which are not Lambda's, and its
            currency.
    """
    bills = {
        (each.account_id, each.region, each.currency): each.amount / each.days * DAYS_PER_MONTH for each in billed
    }
    accounts = {account_id for account_id, _, _ in bills}
    return tuple(
        Reconciled(
            account_id=account_id,
            region=region,
            currency=currency,
            estimated=estimated,
            billed=bills.get((account_id, region, currency), 0.0),
        )
        for (account_id, region), (estimated, currency) in sorted(estimates.items())
        if account_id in accounts
    )


def estimates_of(scan: Scan) -> dict[tuple[str, str], tuple[float, str]]:
    """What is estimated for each account and region, without logs, as `reconcile` takes it."""
    found = {(each.place.account_id, each.place.region): (0.0, each.currency) for each in scan.places}
    for line in scan.functions:
        key = (line.place.account_id, line.place.region)
        if line.cost is not None:
            amount, currency = found[key]
            found[key] = (amount + line.cost.total - line.cost.log_ingestion - line.cost.log_storage, currency)
    return found
