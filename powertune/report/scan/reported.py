"""What the reports of a scan are made from: the scan, and those before it."""

from dataclasses import dataclass
from functools import cached_property

from powertune.scan.history import ScanChanges, TrendPoint, changes_between, trend_of
from powertune.scan.scan import Scan
from powertune.scan.totals import CurrencyTotals, totals_of


@dataclass(frozen=True, kw_only=True)
class ReportedScan:
    """A scan, and earlier ones in the order of time: it is compared with the last of them.

    `most_findings` limits what a table and Markdown show, None for all of them: a page can be searched, and programs
    read the others. Figures are computed once, as each part of a report asks for them.
    """

    scan: Scan
    earlier: tuple[Scan, ...] = ()
    most_findings: int | None = None

    @cached_property
    def totals(self) -> tuple[CurrencyTotals, ...]:
        """The totals of each currency."""
        return totals_of(self.scan)

    @cached_property
    def changes(self) -> ScanChanges | None:
        """What is different since the last scan; None without one."""
        return changes_between(self.earlier[-1], self.scan) if self.earlier else None

    @cached_property
    def trend(self) -> tuple[TrendPoint, ...]:
        """The totals of all scans, this one being the last."""
        return trend_of((*self.earlier, self.scan))
