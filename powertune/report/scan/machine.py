"""A scan for programs: the scan's own document with what follows from it, and a row for each finding."""

from powertune import documents
from powertune.report.csv_report import cell, written
from powertune.report.scan.reported import ReportedScan
from powertune.report.scan.text import FindingText, write_scan_text
from powertune.scan.scan_document import scan_document

#: The columns of `csv`. Amounts are per 30 days, in `currency`.
COLUMNS = (
    "rule",
    "severity",
    "confidence",
    "account_id",
    "account_name",
    "region",
    "name",
    "subject",
    "summary",
    "monthly_saving",
    "monthly_saving_low",
    "monthly_saving_high",
    "currency",
    "monthly_cost",
    "runtime",
    "memory_mb",
    "architecture",
    "invocations",
    "mean_ms",
    "since_last_scan",
    "evidence",
    "next_step",
)


def render_scan_json(reported: ReportedScan) -> bytes:
    """The document `powertune/scan/1`, which can be read back, and in it `totals`, `trend` and `since_last_scan`."""
    document = {
        **scan_document(reported.scan),
        "totals": reported.totals,
        "trend": reported.trend,
        "since_last_scan": reported.changes,
    }
    return documents.write(document)


def render_scan_csv(reported: ReportedScan) -> bytes:
    """One row per finding, by money; what is not known is an empty cell."""
    functions = {line.arn: line for line in reported.scan.functions}
    rows = []
    for row in write_scan_text(reported).rows:
        cells = _cells(row)
        if (line := functions.get(row.finding.subject)) is not None:
            cells |= {
                "monthly_cost": None if line.cost is None else line.cost.total,
                "runtime": line.runtime,
                "memory_mb": line.memory_mb,
                "architecture": str(line.architecture),
                "invocations": line.invocations,
                "mean_ms": line.mean_ms,
            }
        rows.append([cell(cells.get(name)) for name in COLUMNS])
    return written(COLUMNS, rows)


def _cells(row: FindingText) -> dict[str, object]:
    finding, saving = row.finding, row.finding.saving
    return {
        "rule": finding.rule,
        "severity": str(finding.severity),
        "confidence": str(finding.confidence),
        "account_id": finding.place.account_id,
        "account_name": finding.place.account_name,
        "region": finding.place.region,
        "name": finding.name,
        "subject": finding.subject,
        "summary": finding.summary,
        "monthly_saving": None if saving is None else saving.expected,
        "monthly_saving_low": None if saving is None else saving.low,
        "monthly_saving_high": None if saving is None else saving.high,
        "currency": row.currency,
        "since_last_scan": row.since,
        "evidence": "; ".join(f"{fact.text} ({fact.source})" for fact in finding.facts),
        "next_step": finding.next_step,
    }
