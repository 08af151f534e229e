"""One Logs Insights query for the REPORT lines of many log groups, and what its rows say of each function.

The figures are taken from the messages, where memory is in MB as Lambda counts them. The fields that Logs Insights
finds by itself are in bytes, of which a million are an MB, and are there for the text format only.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from powertune.scan.evidence import EvidenceSource, MemoryUse, ReportStatistics

_USUAL = "/aws/lambda/"

#: What a figure is called in a report as text, and as JSON.
_FIGURES = {
    "usedMb": (r"\sMax Memory Used:", "maxMemoryUsedMB"),
    "sizeMb": (r"\sMemory Size:", "memorySizeMB"),
    "billedMs": (r"\sBilled Duration:", "billedDurationMs"),
    "initMs": (r"\sInit Duration:", "initDurationMs"),
    "restoreMs": (r"\sRestore Duration:", "restoreDurationMs"),
    "billedRestoreMs": (r"\sBilled Restore Duration:", "billedRestoreDurationMs"),
}
_WORDS = {"reportStatus": (r"\sStatus:", "status"), "reportError": (r"\sError Type:", "errorType")}


def report_query() -> str:
    """The query, which commands of both classes of log groups make up that can be queried.

    A log stream is named `YYYY/MM/DD/[VERSION]ID`, with the function's name before the bracket in a log group of
    one's own choice, which functions may share.
    """
    parses = [
        *(f'parse @message /(?:{text}|"{key}":)\\s*(?<{name}>[0-9.]+)/' for name, (text, key) in _FIGURES.items()),
        *(
            f'parse @message /(?:{text}|"{key}":)\\s*"?(?<{name}>[A-Za-z_.]+)/'
            for name, (text, key) in _WORDS.items()
        ),
        r"parse @logStream /^\d+\/\d+\/\d+\/(?<streamOwner>[^\]]*)\]/",
    ]
    counts = (
        "count(*) as reports, sum(billedMs * 1) as billedSum, max(usedMb * 1) as usedMost, "
        "count(initMs) as inits, sum(initMs * 1) as initSum, "
        "count(restoreMs) as restores, sum(billedRestoreMs * 1) as restoreSum"
    )
    return " | ".join(
        [
            'filter @message like "REPORT RequestId:" or @message like "platform.report"',
            *parses,
            "filter ispresent(billedMs)",
            'fields coalesce(reportStatus, "success") as outcome, coalesce(reportError, "none") as errorType',
            f"stats {counts} by @log, streamOwner, sizeMb, outcome, errorType",
        ]
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRow:
    """What some reports of one function have in common: its memory size, and how the invocations ended.

    `size_mb` and `used_mb` are None where the reports do not say, as on Managed Instances. `restore_ms` is what is
    billed of the restores.
    """

    function: str
    log_group: str
    size_mb: int | None
    used_mb: float | None
    reports: int
    billed_ms: float
    inits: int
    init_ms: float
    restores: int
    restore_ms: float
    outcome: str
    error: str

    @property
    def out_of_memory(self) -> bool:
        """Whether the runtime says so, or has exited with all memory in use."""
        full = self.size_mb is not None and (self.used_mb or 0.0) >= self.size_mb
        return self.error == "Runtime.OutOfMemory" or (self.error == "Runtime.ExitError" and full)


def report_row(values: Mapping[str, str]) -> ReportRow:
    """A row of the query's answer."""
    group = values.get("@log", "").partition(":")[2]
    owner = values.get("streamOwner", "").partition("[")[0]
    return ReportRow(
        function=owner or group.removeprefix(_USUAL),
        log_group=group,
        size_mb=None if not values.get("sizeMb") else round(float(values["sizeMb"])),
        used_mb=None if not values.get("usedMost") else float(values["usedMost"]),
        reports=round(_number(values, "reports")),
        billed_ms=_number(values, "billedSum"),
        inits=round(_number(values, "inits")),
        init_ms=_number(values, "initSum"),
        restores=round(_number(values, "restores")),
        restore_ms=_number(values, "restoreSum"),
        outcome=values.get("outcome", ""),
        error=values.get("errorType", ""),
    )


def _number(values: Mapping[str, str], name: str) -> float:
    return float(values.get(name) or 0.0)


def by_function(rows: Iterable[ReportRow]) -> dict[tuple[str, str], tuple[ReportRow, ...]]:
    """The rows of each function and log group."""
    found: dict[tuple[str, str], list[ReportRow]] = defaultdict(list)
    for row in rows:
        found[row.function, row.log_group].append(row)
    return {key: tuple(each) for key, each in found.items()}


def memory_in(rows: Sequence[ReportRow], current_mb: int) -> MemoryUse | None:
    """The most memory that was used: at the current size, if there are reports of it, else at any other."""
    sized = [row for row in rows if row.size_mb is not None and row.used_mb is not None]
    current = [row for row in sized if row.size_mb == current_mb]
    top = max(current or sized, key=lambda row: row.used_mb or 0.0, default=None)
    if top is None or top.used_mb is None or top.size_mb is None:
        return None
    return MemoryUse(
        max_used_mb=top.used_mb,
        at_mb=top.size_mb,
        source=EvidenceSource.LOGS_INSIGHTS,
        samples=sum(row.reports for row in current or sized),
    )


def statistics_in(rows: Sequence[ReportRow], days: float, current_mb: int) -> ReportStatistics:
    """What the reports say together. A start from a snapshot is a cold start as well.

    Only what ran out of memory at the current size counts: that may be why it is the current one.
    """
    inits, restores = sum(row.inits for row in rows), sum(row.restores for row in rows)
    return ReportStatistics(
        days=days,
        count=sum(row.reports for row in rows),
        billed_sum_ms=sum(row.billed_ms for row in rows),
        cold_starts=inits + restores,
        mean_init_ms=sum(row.init_ms for row in rows) / inits if inits else None,
        restores=restores,
        restore_sum_ms=sum(row.restore_ms for row in rows),
        timeouts=sum(row.reports for row in rows if row.outcome == "timeout"),
        out_of_memory=sum(row.reports for row in rows if row.out_of_memory and row.size_mb == current_mb),
    )
