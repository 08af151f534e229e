"""Comma-separated values (RFC 4180): a row per configuration, or a row per invocation. Figures are plain numbers."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import cast

from powertune.analysis import Analysis
from powertune.report.json_report import Value, analysis_document
from powertune.units import printable

#: What begins a formula in a spreadsheet (OWASP, "CSV Injection"), in ASCII and in full width.
_FORMULA = re.compile("^ *[=+\\-@\uff1d\uff0b\uff0d\uff20]", re.MULTILINE)
_STEERING = ("\t", "\r", "\n")
_PER_PROFILE = (
    "memory_mb",
    "architecture",
    "status",
    "reason",
    "invocations_warm",
    "invocations_cold",
    "invocations_set_aside",
    "invocations_failed",
    "invocations_missing",
    "environments",
    "duration_ms_mean",
    "duration_ms_p50",
    "duration_ms_p95",
    "duration_ms_p99",
    "duration_ms_stdev",
    "duration_ms_ci95_low",
    "duration_ms_ci95_high",
    "duration_ms_outliers",
    "duration_ms_sample_mean",
    "billed_ms_mean",
    "init_ms_mean",
    "init_ms_p95",
    "cold_duration_ms_mean",
    "cold_duration_ms_p95",
    "max_memory_used_mb",
    "cost_usd_per_million_mean",
    "cost_usd_per_million_ci95_low",
    "cost_usd_per_million_ci95_high",
    "cost_usd_per_million_warm_mean",
    "pareto",
    "dominated_by_memory_mb",
    "dominated_by_architecture",
    "unmet",
    "ruled_out",
)
#: The columns of `csv`: names of the analysis document, joined by `_`.
COLUMNS = ("function", "run_id", *_PER_PROFILE, "currency", "current", "recommended")


def render_csv(analysis: Analysis) -> bytes:
    """One row per configuration, with the figures of the analysis document; what is not known is an empty cell."""
    recommended = None if analysis.recommendation is None else analysis.recommendation.configuration
    documents = cast(Sequence[Value], analysis_document(analysis)["profiles"])
    rows = []
    for profile, document in zip(analysis.profiles, documents, strict=True):
        cells = {
            "function": analysis.function.name,
            "run_id": analysis.run.run_id,
            **dict(_flat(document)),
            "currency": analysis.currency,
            "current": profile.configuration == analysis.current,
            "recommended": profile.configuration == recommended,
        }
        rows.append([cell(cells.get(name)) for name in COLUMNS])
    return written(COLUMNS, rows)


def render_raw_csv(analysis: Analysis) -> bytes:
    """One row per invocation, in the order of the results file, with every figure as it was reported."""
    columns = analysis.run.columns()
    return written(tuple(columns), zip(*map(_harmless, columns.values()), strict=True))


def _harmless(column: Sequence[object]) -> Iterable[object]:
    """The cells of a column. Usually nothing is to be done, and that is found out for a million of them at once."""
    if str not in set(map(type, column)):
        return column
    texts = [value for value in set(column) if isinstance(value, str)]
    if "".join(texts).isprintable() and not _FORMULA.search("\n".join(texts)):
        return column
    return map(cell, column)


def _flat(document: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Every figure with its keys joined by `_`; an interval is two of them."""
    for key, value in document.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            yield from _flat(value, f"{name}_")
        elif key == "ci95":
            low, high = value if isinstance(value, Sequence) else (None, None)
            yield from ((f"{name}_low", low), (f"{name}_high", high))
        elif isinstance(value, list):
            yield name, "; ".join(map(str, value))
        else:
            yield name, value


def cell(value: object) -> object:
    """Numbers as they are; texts so that no spreadsheet computes them and no terminal obeys them."""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str):
        return value
    text = value if value.isprintable() else printable(value)
    return f"'{text}" if value.startswith(_STEERING) or _FORMULA.match(text) else text


def written(header: Sequence[str], rows: Iterable[Iterable[object]]) -> bytes:
    """A header and rows of cells, as RFC 4180 asks."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows(rows)
    return buffer.getvalue().encode()
