"""A scan as JSON, CSV and Markdown, and the texts that all reports of a scan share."""

from powertune.report.scan.reported import ReportedScan

__all__ = ["ReportedScan"]
