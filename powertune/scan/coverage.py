"""What a scan could not read, what it asked AWS, and what that cost: the other half of its findings."""

from dataclasses import dataclass

from powertune.scan.evidence import AccountRegion, PlaceEvidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Something that could not be read, and why: a `Need`, the inventory, or, if `what` is empty, the whole place.

    `subjects` are the functions or log groups that this is about; empty for all of them. `action` is the IAM action
    that is missing; empty where that is not the reason.
    """

    place: AccountRegion
    what: str
    reason: str
    subjects: tuple[str, ...] = ()
    action: str = ""

    @property
    def of_whole_place(self) -> bool:
        """Whether nothing of the place could be read."""
        return self.what == "" and not self.subjects


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanEffort:
    """What a scan has asked: calls by operation (`lambda.list_functions`), and what AWS charges for.

    `metrics` counts what GetMetricData was asked for, as it is charged; `scanned_bytes` what Logs Insights read.
    `usd` is what these cost, in US dollars whatever the region.
    """

    calls: tuple[tuple[str, int], ...] = ()
    metrics: int = 0
    scanned_bytes: int = 0
    usd: float = 0.0

    def __add__(self, other: "ScanEffort") -> "ScanEffort":
        calls = dict(self.calls)
        for operation, count in other.calls:
            calls[operation] = calls.get(operation, 0) + count
        return ScanEffort(
            calls=tuple(sorted(calls.items())),
            metrics=self.metrics + other.metrics,
            scanned_bytes=self.scanned_bytes + other.scanned_bytes,
            usd=self.usd + other.usd,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannedPlace:
    """One account in one region after it was read. Without functions, `gaps` may say why."""

    evidence: PlaceEvidence
    gaps: tuple[Gap, ...] = ()
    effort: ScanEffort = ScanEffort()
