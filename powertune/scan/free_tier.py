"""What the free tier takes off the bills of accounts: once for each payer, whoever that is."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from powertune.scan.evidence import PlaceEvidence
from powertune.scan.invocation_bill import invocation_bill
from powertune.scan.scan import Payer

#: What is free every month for each payer: requests, and GB-seconds on demand (AWS Lambda pricing page).
FREE_REQUESTS, FREE_GB_SECONDS = 1_000_000, 400_000


@dataclass(slots=True)
class _Covered:
    """What the free tier may take off: requests and GB-seconds of a month, and what they cost."""

    requests: float = 0.0
    gb_seconds: float = 0.0
    requests_cost: float = 0.0
    gb_seconds_cost: float = 0.0

    def add(self, evidence: PlaceEvidence) -> None:
        """What is in one place."""
        if evidence.prices is None:
            return
        bill = invocation_bill(evidence, evidence.prices)
        requests = float(bill.requests[bill.free].sum())
        self.requests += requests
        self.requests_cost += requests * evidence.prices.request
        self.gb_seconds += float(bill.gb_seconds[bill.free].sum())
        self.gb_seconds_cost += float((bill.compute + bill.init[0])[bill.free].sum())


def free_tiers(places: Sequence[PlaceEvidence], payer: Payer = Payer.ACCOUNT) -> dict[str, float]:
    """What the free tier takes off the month of each account, by its id; nothing where the payer is unknown.

    It is a million requests and 400,000 GB-seconds (INIT included) for all regions and architectures of a payer,
    taken here at the average of what they cost. Functions with provisioned concurrency have none of it, and ephemeral
    storage, SnapStart and logs have no part in it. Accounts that are paid for together share it in proportion to
    what each of them has used.

    Args:
        places: all that were scanned. What others use of the same free tier is not known.
    """
    if payer is Payer.UNKNOWN:
        return {}
    taken: dict[str, float] = {}
    for accounts in _paid_together(places, payer):
        requests = _share(FREE_REQUESTS, sum(each.requests for each in accounts.values()))
        gb_seconds = _share(FREE_GB_SECONDS, sum(each.gb_seconds for each in accounts.values()))
        for account, each in accounts.items():
            taken[account] = each.requests_cost * requests + each.gb_seconds_cost * gb_seconds
    return taken


def _paid_together(places: Iterable[PlaceEvidence], payer: Payer) -> Iterator[Mapping[str, _Covered]]:
    """What is covered in each account, apart for each payer."""
    accounts: dict[str, _Covered] = defaultdict(_Covered)
    for evidence in places:
        accounts[evidence.place.account_id].add(evidence)
    if payer is Payer.ORGANIZATION:
        yield accounts
    else:
        for account, covered in accounts.items():
            yield {account: covered}


def _share(free: float, used: float) -> float:
    return min(1.0, free / used) if used else 0.0
