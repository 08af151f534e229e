"""Subjects to bytes: a renderer per subject and format. Opens no file."""

from powertune.report.formats import COMPARISON, FORMATS, GATE, PLAN, PRICES, RUN, SCAN, TABLE, Format, Subject

__all__ = ["COMPARISON", "FORMATS", "GATE", "PLAN", "PRICES", "RUN", "SCAN", "TABLE", "Format", "Subject"]
