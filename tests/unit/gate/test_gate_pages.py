"""The pages about gates say what the code does."""

import re
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from powertune.config.gate_options import BudgetSetting, GateOptions
from powertune.config.option_names import GATE_KEYS
from powertune.errors import UsageError
from powertune.gate.bounds import quantile_bounds
from powertune.gate.budgets import TAGS, parse_budget
from powertune.gate.calibration import MetricNoise
from powertune.gate.confidence import DEFAULT_ERRORS, tails
from powertune.gate.document import GATE_SCHEMA, gate_document
from powertune.gate.gated_metrics import METRICS, OF_SAMPLES
from powertune.gate.model import Check, Figure, Judgement, Look, MonthlyChange
from powertune.gate.regressions import LEAST_COLD_STARTS
from powertune.gate.result import GateEffort
from powertune.gate.rules import DEFAULT_MOST
from powertune.gate.sequence import GateLimits, plan_looks
from powertune.gate.tolerances import parse_max_regression

DOCS = Path(__file__).parents[3] / "docs"


def page(name: str) -> str:
    return (DOCS / name).read_text()


def rows(text: str, heading: str) -> dict[str, list[str]]:
    """The rows of the first table after a heading, by the code in their first cell."""
    table = text.partition(heading)[2].partition("|---")[2].partition("\n")[2].partition("\n\n")[0]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    return {name: row[1:] for row in cells for name in re.findall(r"`([^`]+)`", row[0])}


def coded(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_every_metric_is_in_the_table_as_it_is() -> None:
    found = rows(page("reference/gate-budgets.md"), "## Metrics")
    assert set(found) == set(METRICS)
    for name, (aggregations, units, meaning) in found.items():
        metric = METRICS[name]
        assert [each.partition("(")[0] for each in coded(aggregations)] == list(metric.aggregations)
        assert meaning == metric.meaning
        for unit in coded(units):
            subject = f"{name}.avg" if metric.aggregations else name
            assert parse_budget(f"{subject}<5{unit}").metric == name
        known = [unit.lower() for unit in coded(units)]
        assert set(map(str.lower, metric.units)) <= set(known)


def test_every_aggregation_and_tag_is_explained() -> None:
    text = page("reference/gate-budgets.md")
    listed = {name.partition("(")[0] for name in rows(text, "1 MB is 1,024 KB")}
    assert listed == set(OF_SAMPLES)
    assert tuple(rows(text, "## Tags")) == TAGS


def test_examples_parse() -> None:
    blocks = re.findall(r"```text\n(.*?)```", page("reference/gate-budgets.md"), re.DOTALL)
    examples = [line for block in blocks for line in block.splitlines()]
    assert len(examples) == 4
    assert all(parse_budget(each) for each in examples)
    with pytest.raises(UsageError):
        parse_budget("p(95)>300ms")


def test_percentiles_take_as_many_samples_as_the_page_says() -> None:
    last = tails(DEFAULT_ERRORS, Look(number=5, of=5), functions=1, checks=1)
    found = rows(page("reference/gate-budgets.md"), "at least:")
    assert len(found) == 4
    for name, (count,) in found.items():
        quantile, n = parse_budget(f"{name}<1s").quantile, int(count.replace(",", ""))
        assert quantile is not None
        assert quantile_bounds(np.arange(1.0, n), None, quantile, last)[1] is None
        assert quantile_bounds(np.arange(1.0, n + 1), None, quantile, last)[1] == n


def test_defaults_are_those_of_the_code() -> None:
    options = rows(page("reference/configuration.md"), "## `[gate]`")
    assert set(options) == {f.name for f in fields(GateOptions)} - {"budget"}
    assert set(options) == set(GATE_KEYS)
    assert parse_max_regression(coded(options["max_regression"][0])[0].strip('"')) == DEFAULT_MOST
    assert set(rows(page("reference/configuration.md"), "`[[gate.budget]]`:")) == {
        f.name for f in fields(BudgetSetting)
    }
    compared = rows(page("explanation/gate.md"), "## What is compared")
    assert {name: row[0] for name, row in compared.items()} == {
        **{name: f"{100 * share:.0f} %" for name, share in DEFAULT_MOST.items()},
        "errors": "1 % of invocations",
    }


def test_the_plan_is_that_of_the_code() -> None:
    plan = plan_looks(GateLimits(), sides=2)
    *most, last = map(str, plan.environments)
    assert f"after {', '.join(most)} and {last} environments of each side" in page("explanation/gate.md")
    assert f"after {', '.join(most)} and {last} environments of each side" in page("adr/0022-how-a-gate-judges.md")
    everything = 2 * plan.environments[-1] * (1 + plan.warm_invocations)
    assert f"All {everything:,} invocations" in page("adr/0022-how-a-gate-judges.md")
    assert f"| {everything:,} for one function" in page("reference/configuration.md")
    assert plan.warm_invocations == 20
    assert LEAST_COLD_STARTS == 5


def test_every_key_of_the_documents_is_explained() -> None:
    from gates import make_result

    text = page("reference/gate-document.md")
    assert set(rows(text, GATE_SCHEMA.header)) == set(gate_document(make_result()))
    assert set(rows(text, "A check:")) == {f.name for f in fields(Check)}
    assert set(rows(text, "A figure:")) == {f.name for f in fields(Figure)}
    assert set(rows(text, "`judgement.money`:")) == {f.name for f in fields(MonthlyChange)} - {"currency"}
    assert set(rows(text, "## The document of a calibration")) == {f.name for f in fields(MetricNoise)}
    for kind in (Judgement, GateEffort):
        assert all(f"`{f.name}`" in text or f.name == "measured" for f in fields(kind))


def test_the_table_of_the_benchmark_has_every_cell() -> None:
    from benchmarks.gate import CHANGES, HEADERS, NOISES

    text = page("explanation/gate.md")
    assert f"| {' | '.join(HEADERS)} |" in text
    lines = [line for line in text.splitlines() if re.match(r"\| (3|8|18) %", line)]
    assert len(lines) == (len(NOISES) + 1) * len(CHANGES) + 6
