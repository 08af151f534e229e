"""A monthly budget, and what was spent of it: nothing is begun that could exceed it."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import UTC, datetime

from powertune import documents
from powertune.documents import Document, Schema
from powertune.units import format_usd

SCHEMA = Schema(
    kind="powertune/spending",
    version=1,
    called="record of spending",
    remedy="delete it if you know what it cost, and lower the budget by that",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthlyBudget:
    """The most to spend in a calendar month (UTC) on measuring.

    Scans count as well. What CloudWatch charges for their metrics is known only afterward, so it does not stop one.
    """

    amount: float
    currency: str = "USD"

    def __str__(self) -> str:
        return format_usd(self.amount, self.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendingRecord:
    """What one run, or one scan, has cost: kept before it begins, and again when it is over.

    `reserved` is the most that it may cost, `spent` what it has cost; None while it is under way, or if it has died.
    `function_arn` is empty for a scan. `results` is the name of the results file, empty where there is none.
    `production_p50_ms` is the median duration in production when it began, at the configuration of that time; None
    where that is not known. `proposed` says that a change was proposed after it.
    """

    run_id: str
    function_arn: str
    started_at: float
    currency: str
    reserved: float
    spent: float | None = None
    results: str = ""
    production_p50_ms: float | None = None
    proposed: bool = False

    @property
    def charged(self) -> float:
        """What it counts: what was reserved, as long as nobody knows what was spent."""
        return self.reserved if self.spent is None else self.spent


@dataclass(frozen=True, slots=True, kw_only=True)
class _SpendingDocument(Document):
    """The record as a document."""

    run_id: str
    function_arn: str
    started_at: float
    currency: str
    reserved: float
    spent: float | None = None
    results: str = ""
    production_p50_ms: float | None = None
    proposed: bool = False


def dump_spending(record: SpendingRecord) -> bytes:
    """The record as a document."""
    document = {f.name: getattr(record, f.name) for f in fields(record)}
    return documents.write({"schema": SCHEMA.header, **document})


def parse_spending(data: bytes) -> SpendingRecord:
    """The record from a document.

    Raises:
        UsageError: it is none, or damaged.
    """
    found = documents.read(data, _SpendingDocument, SCHEMA)
    return SpendingRecord(**{f.name: getattr(found, f.name) for f in fields(SpendingRecord)})


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendingLedger:
    """What was spent of a budget in the month of `now`, in seconds since the epoch."""

    budget: MonthlyBudget
    records: tuple[SpendingRecord, ...]
    now: float

    @property
    def spent(self) -> float:
        """The sum of this month, what is reserved by runs that are under way or have died included."""
        return sum(each.charged for each in self._this_month())

    @property
    def left(self) -> float:
        """What may still be spent this month."""
        return max(0.0, self.budget.amount - self.spent)

    def admits(self, amount: float, currency: str) -> bool:
        """Whether something that costs at most so much may begin. Amounts in different currencies are never added."""
        return currency == self.budget.currency and amount <= self.left

    def _this_month(self) -> Iterable[SpendingRecord]:
        return (
            each
            for each in self.records
            if each.currency == self.budget.currency and _month(each.started_at) == _month(self.now)
        )


def _month(at: float) -> tuple[int, int]:
    moment = datetime.fromtimestamp(at, UTC)
    return moment.year, moment.month
