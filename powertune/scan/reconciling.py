"""What a scan estimates beside what AWS has billed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from powertune.model import DAYS_PER_MONTH


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

    What was billed in places that were not scanned is left out. A place without a bill has been billed nothing.
    Amounts in different currencies are not compared: the bill of an account in China is in CNY, as its prices are.

    Args:
        estimates: by account and region, the estimate for 30 days without logs, which are not Lambda's, and its
            currency.
    """
    bills = {
        (each.account_id, each.region, each.currency): each.amount / each.days * DAYS_PER_MONTH for each in billed
    }
    return tuple(
        Reconciled(
            account_id=account_id,
            region=region,
            currency=currency,
            estimated=estimated,
            billed=bills.get((account_id, region, currency), 0.0),
        )
        for (account_id, region), (estimated, currency) in sorted(estimates.items())
    )
