"""Every subject of a report, in every format that it has."""

import json
from typing import Any

import pytest
from factories import make_function, make_measurement, make_run, recorded
from gates import full_gate
from many_results import full_plans, full_results
from scans import earlier_scan, full_scan

from powertune.cli.rendering import TABLES, render
from powertune.cli.tables.screen import Screen
from powertune.config import RunOptions
from powertune.errors import UsageError
from powertune.model import Usage
from powertune.plan import PriorKnowledge, make_plan
from powertune.prices import PriceTable
from powertune.report import (
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
    Subject,
)
from powertune.report.comparison_report import ComparedRuns
from powertune.report.scan import ReportedScan

TABLE_OF_PRICES = PriceTable.bundled()
SUBJECTS: dict[str, tuple[Subject[Any], Any]] = {
    subject.name: (subject, value)
    for subject, value in (
        (RUN, recorded()),
        (
            COMPARISON,
            ComparedRuns(
                baseline=make_run(measurements=[make_measurement()]),
                candidate=make_run(measurements=[make_measurement()]),
                prices=TABLE_OF_PRICES,
                usage=Usage(),
            ),
        ),
        (
            PLAN,
            make_plan(
                RunOptions(memory=(128, 256)),
                make_function(),
                TABLE_OF_PRICES.region("us-east-1"),
                PriorKnowledge(account_concurrency=1000, average_ms=100.0),
                run_id="abcd1234",
            ),
        ),
        (PRICES, TABLE_OF_PRICES),
        (GATE, full_gate()),
        (FUNCTIONS, full_results()),
        (FUNCTION_PLANS, full_plans()),
        (SCAN, ReportedScan(scan=full_scan(), earlier=(earlier_scan(),))),
    )
}
PAIRS = [
    pytest.param(name, format_, marks=pytest.mark.long if format_ in ("png", "svg") else ())
    for name, (subject, _) in SUBJECTS.items()
    for format_ in subject.formats
]


def test_every_subject_has_a_table_and_every_format_a_subject() -> None:
    assert set(TABLES) == set(SUBJECTS)
    assert {name for subject, _ in SUBJECTS.values() for name in subject.formats} == set(FORMATS)
    assert all(set(subject.renderers) < set(FORMATS) for subject, _ in SUBJECTS.values())


@pytest.mark.parametrize(("name", "format_"), PAIRS)
def test_every_subject_renders_in_every_format_that_it_has(name: str, format_: str) -> None:
    subject, value = SUBJECTS[name]
    data = render(subject, value, format_, Screen())
    assert data
    if not FORMATS[format_].binary:
        assert "\x1b" not in data.decode()
    if format_ == "json":
        assert json.loads(data)["schema"].startswith("powertune/")


@pytest.mark.parametrize("name", SUBJECTS)
def test_a_format_that_a_subject_does_not_have_is_refused(name: str) -> None:
    subject, value = SUBJECTS[name]
    with pytest.raises(UsageError, match="unknown format 'yaml'") as caught:
        render(subject, value, "yaml", Screen())
    assert all(known in str(caught.value.hint) for known in subject.renderers)


def test_only_a_table_depends_on_the_screen() -> None:
    subject, value = SUBJECTS[RUN.name]
    wide = Screen(width=200, color=True)
    assert render(subject, value, "csv", wide) == render(subject, value, "csv", Screen())
    assert render(subject, value, TABLE, wide) != render(subject, value, TABLE, Screen())
