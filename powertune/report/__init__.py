"""Subjects to bytes: a renderer per subject and format. Opens no file."""

from powertune.report.formats import (
    COMPARISON,
    FORMATS,
    FUNCTION_PLANS,
    FUNCTIONS,
    GATE,
    PLAN,
    PRICES,
    RUN,
    SCAN,
    TABLE,
    Format,
    Subject,
)

__all__ = [
    "COMPARISON",
    "FORMATS",
    "FUNCTIONS",
    "FUNCTION_PLANS",
    "GATE",
    "PLAN",
    "PRICES",
    "RUN",
    "SCAN",
    "TABLE",
    "Format",
    "Subject",
]
