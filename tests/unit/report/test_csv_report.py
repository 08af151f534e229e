import csv
import io
import json

from factories import make_analysis, make_invocation, make_measurement, recorded

from powertune.analysis import Analysis
from powertune.model import Invocations
from powertune.report import RUN


def table(analysis: Analysis, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(RUN.render(analysis, name).decode(), newline="")))


def text(value: object) -> str:
    return "" if value is None else str(value)


def leaves(value: object, name: str = "") -> dict[str, object]:
    """The figures of the analysis document by their keys, joined by `_`."""
    if not isinstance(value, dict):
        return {name: value}
    found: dict[str, object] = {}
    for key, item in value.items():
        found |= leaves(item, f"{name}_{key}" if name else key)
    return found


def test_columns_and_figures_are_those_of_the_analysis_document() -> None:
    profiles = json.loads(RUN.render(recorded(), "json"))["profiles"]
    for profile, row in zip(profiles, table(recorded(), "csv"), strict=True):
        figures = leaves(profile)
        for name in ("duration_ms_ci95", "cost_usd_per_million_ci95"):
            figures[f"{name}_low"], figures[f"{name}_high"] = figures.pop(name) or (None, None)  # type: ignore[misc]
        figures |= {"unmet": "", "pareto": text(figures["pareto"]).lower()}
        unknown = ("init_ms", "cold_duration_ms", "dominated_by")
        assert {name: row.get(name) for name in figures if name not in unknown} == {
            name: text(value) for name, value in figures.items() if name not in unknown
        }


def test_one_row_is_recommended_and_one_current() -> None:
    rows = table(recorded(), "csv")
    assert [row["memory_mb"] for row in rows if row["recommended"] == "true"] == ["1024"]
    assert [row["memory_mb"] for row in rows if row["current"] == "true"] == ["512"]
    assert {(row["function"], row["currency"]) for row in rows} == {("resize", "USD")}


def test_raw_has_every_invocation_in_order() -> None:
    run = recorded().run
    rows = table(recorded(), "raw-csv")
    invocations = [(m.configuration, invocation) for m in run.measurements for invocation in m.invocations]
    for row, (configuration, invocation) in zip(rows, invocations, strict=True):
        assert (row["memory_mb"], row["architecture"]) == (text(configuration.memory_mb), configuration.architecture)
        assert row["reported_memory_mb"] == text(invocation.memory_mb)
        assert row["duration_ms"] == text(invocation.duration_ms)
        assert row["billed_ms"] == text(invocation.billed_ms)
        assert row["status"] == invocation.status
    assert {row["population"] for row in rows} == {"warm", "cold", "failed", "missing"}


def test_rows_end_as_the_standard_asks() -> None:
    data = RUN.render(recorded(), "csv")
    assert data.count(b"\r\n") == data.count(b"\n") == 7


def test_a_text_is_one_even_if_it_looks_like_a_number_and_a_negative_number_is_none() -> None:
    odd = make_invocation(request_id="-1", trace_id=" =A1", executed_version="'1", duration_ms=-1.5)
    (row,) = table(make_analysis(make_measurement(cold=0, others=[odd])), "raw-csv")
    assert (row["request_id"], row["trace_id"], row["executed_version"]) == ("'-1", "' =A1", "'1")
    assert row["duration_ms"] == "-1.5"


def test_without_anything_measured_there_is_the_header() -> None:
    assert len(RUN.render(make_analysis(), "csv").splitlines()) == 1
    assert len(RUN.render(make_analysis(make_measurement(cold=0)), "raw-csv").splitlines()) == 1
    assert len(Invocations.of()) == 0
